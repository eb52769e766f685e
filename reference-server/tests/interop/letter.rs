//! The letters that travel: each has something in it that a server on the way could spoil.

/// A message and its envelope.
pub struct Letter {
    pub title: &'static str,
    /// What its Message-ID field says.
    pub id: String,
    /// Without the angle brackets; empty: the null reverse-path.
    pub reverse_path: &'static str,
    pub recipients: Vec<String>,
    /// Parameters of MAIL, with the space in front.
    pub parameters: &'static str,
    /// The fields, each with its CRLF.
    pub header: Vec<u8>,
    /// What follows the fields: the empty line and the body, or nothing.
    pub rest: Vec<u8>,
}

impl Letter {
    /// The octets of the message as it is sent, before dots are stuffed.
    pub fn message(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.rest].concat()
    }
}

/// All letters; the one for many goes to all of these recipients, each of the others to one of its own.
pub fn all(recipients: &[String]) -> Vec<Letter> {
    let mut letters = vec![
        letter("a short text", text("The tulips are in flower.\r\n\r\nCome and see.\r\n")),
        letter("20 MB", text(&twenty_megabytes())),
        Letter { parameters: " BODY=8BITMIME", ..letter("octets of every value above 127", eight_bit()) },
        letter("lines of dots", text(&dots())),
        letter("dots at every place of a buffer", text(&dots_everywhere())),
        letter("lines of 998 octets", text(&longest_lines())),
        letter("no empty line at the end", text("One line, and its end is the message's.\r\n")),
        letter("empty lines at the end", text("Three empty lines follow.\r\n\r\n\r\n\r\n")),
        letter("white space at the ends of lines", text("blanks:  \r\ntab:\t\r\n \r\n\t\r\n")),
        letter("a header only", text("")),
        letter("a header without an empty line", Vec::new()),
        Letter { reverse_path: "", ..letter("a null reverse-path", text("To be answered by nobody.\r\n")) },
        letter("a folded header of 17 kB", text("The header is longer than the body.\r\n")),
        letter("1,000 recipients", text("To all of you.\r\n")),
    ];
    for (number, letter) in letters.iter_mut().enumerate() {
        letter.recipients = vec![recipients[number].clone()];
        letter.id = format!("<interop.{number}@crepes.example>");
        letter.header = header(letter);
        if letter.title.starts_with("1,000") {
            letter.recipients = recipients.to_vec();
        }
        if letter.title.starts_with("a folded header") {
            letter.header.extend_from_slice(folded().as_bytes());
        }
    }
    letters
}

fn letter(title: &'static str, rest: Vec<u8>) -> Letter {
    Letter {
        title,
        id: String::new(),
        reverse_path: "alice@crepes.example",
        recipients: Vec::new(),
        parameters: "",
        header: Vec::new(),
        rest,
    }
}

/// Every field a server might add for a client that forgot it.
fn header(letter: &Letter) -> Vec<u8> {
    let Letter { title, id, recipients, .. } = letter;
    let to = &recipients[0];
    let mime = match letter.parameters {
        "" => "",
        _ => "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n",
    };
    format!(
        "From: Alice <alice@crepes.example>\r\nTo: <{to}>\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\
         Message-ID: {id}\r\nSubject: {title}\r\n{mime}"
    )
    .into_bytes()
}

fn text(body: &str) -> Vec<u8> {
    format!("\r\n{body}").into_bytes()
}

/// Lines of which none is like another, so that one that is lost or moved is seen.
fn twenty_megabytes() -> String {
    let octets = 20 * 1024 * 1024;
    let mut body = String::with_capacity(octets + 100);
    let mut number: u64 = 1;
    while body.len() < octets {
        // A step of a linear congruential generator: noise that is the same in every run.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        body.push_str(&format!("{number:020}").repeat(3));
        body.push_str("\r\n");
    }
    body
}

fn eight_bit() -> Vec<u8> {
    let mut rest = b"\r\n".to_vec();
    for octet in 0x80..=0xff_u8 {
        rest.extend_from_slice(format!("octet {octet}: ").as_bytes());
        rest.extend_from_slice(&[octet, octet, b'\r', b'\n']);
    }
    rest.extend_from_slice("Crêpes à l'œuf, als UTF-8 gemeint.\r\n".as_bytes());
    rest
}

fn dots() -> String {
    let lines = [".", "..", "...", ". ", ".a", "..a", "", ".", "", "a.", ".\t.", ".", ".", "."];
    lines.map(|line| format!("{line}\r\n")).concat()
}

/// Lines of a dot at every distance from the start that a buffer may end at, whatever fields were added on the way.
fn dots_everywhere() -> String {
    (0..6000).map(|line| format!("{}\r\n.\r\n..\r\n", "x".repeat(line % 67))).collect()
}

/// 998 octets without CRLF are the most a line may have (RFC 5321 §4.5.3.1.6), a stuffed dot not counted.
fn longest_lines() -> String {
    let line = |first: char, rest: char| format!("{first}{}\r\n", rest.to_string().repeat(997));
    [line('a', 'b'), line('.', 'c'), line('d', '.'), line('.', '.'), line(' ', 'e')].concat()
}

fn folded() -> String {
    let lines: String = (0..350)
        .map(|line| format!("\r\n {}word-{line:04} of a long field that has many lines", "\t".repeat(line % 2)))
        .collect();
    format!("Comments: a field{lines}\r\nX-Last: the last field\r\n")
}
