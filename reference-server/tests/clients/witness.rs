//! A client of IMAP that only looks, and puts letters where a test wants them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
pub struct Witness {
    reader: BufReader<TcpStream>,
    tag: usize,
}

/// A message as it is in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub uid: u32,
    pub flags: BTreeSet<String>,
    pub octets: Vec<u8>,
}

impl Kept {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }
}

/// A response: its text with the literals taken out.
struct Response {
    text: String,
    literals: Vec<Vec<u8>>,
}

impl Witness {
    pub fn log_in(address: SocketAddr, login: &str, password: &str) -> Witness {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut witness = Witness { reader: BufReader::new(stream), tag: 0 };
        assert!(witness.response().text.starts_with("* OK"));
        witness.ask(format!("LOGIN {login} {password}").as_bytes());
        witness
    }

    /// The names of all mailboxes.
    pub fn mailboxes(&mut self) -> Vec<String> {
        let listed = self.ask(b"LIST \"\" *");
        let name = |response: &Response| response.text.rsplit(' ').next().unwrap().trim_matches('"').to_owned();
        listed.iter().filter(|response| response.text.starts_with("* LIST ")).map(name).collect()
    }

    /// What is in a mailbox; nobody's `\Recent` or `\Seen` changes.
    pub fn messages(&mut self, mailbox: &str) -> Vec<Kept> {
        self.ask(format!("EXAMINE \"{mailbox}\"").as_bytes());
        let fetched = self.ask(b"UID FETCH 1:* (UID FLAGS BODY.PEEK[])");
        let kept = |response: Response| {
            let Response { text, mut literals } = response;
            let after = |what: &str| text.split_once(what).map(|(_, after)| after).unwrap();
            let number = after("UID ").split([' ', ')']).next().unwrap();
            let flags = after("FLAGS (").split(')').next().unwrap();
            Kept {
                uid: number.parse().unwrap(),
                flags: flags.split_ascii_whitespace().filter(|flag| *flag != "\\Recent").map(str::to_owned).collect(),
                octets: literals.pop().unwrap(),
            }
        };
        fetched.into_iter().filter(|response| response.text.contains(" FETCH (")).map(kept).collect()
    }

    pub fn create(&mut self, mailbox: &str) {
        self.ask(format!("CREATE \"{mailbox}\"").as_bytes());
    }

    pub fn append(&mut self, mailbox: &str, letter: &[u8]) {
        let command = format!("APPEND \"{mailbox}\" {{{}+}}\r\n", letter.len());
        self.ask(&[command.as_bytes(), letter].concat());
    }

    pub fn append_all(&mut self, mailbox: &str, letters: &[Vec<u8>]) {
        letters.iter().for_each(|letter| self.append(mailbox, letter));
    }

    /// Changes the flags of a message: `STORE 1 +FLAGS (\Seen)` without its first word.
    pub fn store(&mut self, mailbox: &str, change: &str) {
        self.ask(format!("SELECT \"{mailbox}\"").as_bytes());
        self.ask(format!("UID STORE {change}").as_bytes());
        self.ask(b"UNSELECT");
    }

    /// Sends a command and gives its untagged responses; it must succeed.
    fn ask(&mut self, command: &[u8]) -> Vec<Response> {
        self.tag += 1;
        let tag = format!("w{}", self.tag);
        let line = [tag.as_bytes(), b" ", command, b"\r\n"].concat();
        self.reader.get_mut().write_all(&line).unwrap();
        let mut responses = Vec::new();
        loop {
            let response = self.response();
            match response.text.strip_prefix(&tag) {
                Some(status) => {
                    assert!(status.starts_with(" OK"), "{:.80}: {status}", String::from_utf8_lossy(command));
                    return responses;
                }
                None => responses.push(response),
            }
        }
    }

    fn response(&mut self) -> Response {
        let (mut text, mut literals) = (String::new(), Vec::new());
        loop {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line).unwrap();
            assert!(line.ends_with(b"\r\n"), "the server closed after {text:?}");
            text.push_str(String::from_utf8_lossy(&line).trim_end());
            let size = text.rsplit_once('{').and_then(|(_, size)| size.strip_suffix('}')?.parse().ok());
            let Some(size) = size.filter(|_| text.ends_with('}')) else { return Response { text, literals } };
            let mut literal = vec![0; size];
            self.reader.read_exact(&mut literal).unwrap();
            literals.push(literal);
        }
    }
}
