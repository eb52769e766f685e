//! The letters that clients fetch: each has something in it that one of them could spoil.

use std::collections::BTreeSet;

/// Every letter, octet for octet.
pub fn all() -> Vec<Vec<u8>> {
    let dots: String = [".", "..", "...", ". ", ".a", "", ".", "", "a.", "."].map(|line| format!("{line}\r\n")).concat();
    let eight_bit = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nCrêpes à l'œuf.\r\n";
    let longest = format!("\r\n{}\r\n.{}\r\n", "a".repeat(998), "b".repeat(997));
    let folded: String = (0..100).map(|line| format!("\r\n\tpart {line:03} of a long field")).collect();
    let large: String = (0..5000).map(|line| format!("{line:05} a line like many others, and yet not the same\r\n")).collect();
    [
        ("plain", "\r\nThe tulips are in flower.\r\n\r\nCome and see.\r\n".to_owned()),
        ("dots", format!("\r\n{dots}")),
        ("eight bits", eight_bit.to_owned()),
        ("longest lines", longest),
        ("folded", format!("Comments: a field{folded}\r\n\r\nbody\r\n")),
        ("empty lines", "\r\n\r\n\r\nThree before, and three behind.\r\n\r\n\r\n\r\n".to_owned()),
        ("from", "\r\nFrom here on\r\n>From the quoted\r\nFrom alice@example.org Mon Feb  7 21:52:25 1994\r\n".to_owned()),
        ("large", format!("\r\n{large}")),
        ("header only", "\r\n".to_owned()),
    ]
    .iter()
    .map(|(subject, rest)| letter(subject, rest))
    .collect()
}

/// A letter with this subject; `rest` is what follows the usual fields: more of them, the empty line, the body.
pub fn letter(subject: &str, rest: &str) -> Vec<u8> {
    let id = subject.replace(' ', ".");
    format!(
        "From: Bob <bob@example.org>\r\nTo: Alice <alice@example.org>\r\nSubject: {subject}\r\n\
         Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nMessage-ID: <{id}@example.org>\r\n{rest}"
    )
    .into_bytes()
}

/// The letters as clients store them whose lines end as those of Unix do.
pub fn with_line_feeds(letters: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
    let without = |letter: &Vec<u8>| {
        let text = String::from_utf8(letter.clone()).unwrap();
        text.replace("\r\n", "\n").into_bytes()
    };
    letters.iter().map(without).collect()
}

/// A message without the fields of this name; none of the letters has one that is folded.
pub fn without_field(message: &[u8], name: &str) -> Vec<u8> {
    let field = format!("{name}: ");
    let lines = message.split_inclusive(|octet| *octet == b'\n').filter(|line| !line.starts_with(field.as_bytes()));
    lines.flatten().copied().collect()
}

/// Wants two sets of letters to be equal, and shows the first that differ.
pub fn same(found: &BTreeSet<Vec<u8>>, wanted: &BTreeSet<Vec<u8>>, where_: &str) {
    let shown = |letters: Vec<&Vec<u8>>| {
        let first =
            letters.first().map(|letter| letter.get(..letter.len().min(1500)).unwrap_or_default().escape_ascii().to_string());
        format!("{}, of which the first is {first:?}", letters.len())
    };
    let (strange, missing) = (found.difference(wanted).collect(), wanted.difference(found).collect::<Vec<_>>());
    assert!(found == wanted, "{where_}: unexpected {}; missing {}", shown(strange), shown(missing));
}
