//! An IMAP client that reads answers only as far as it must to know where they end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Outcome;

/// A connection.
pub struct Imap {
    reader: BufReader<TcpStream>,
    line: Vec<u8>,
    next_tag: u32,
}

/// What an answer was.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Its untagged lines.
    pub lines: usize,
    /// All its octets.
    pub octets: usize,
    /// The number in `* n EXISTS`, if there was one.
    pub exists: Option<u32>,
}

impl Imap {
    /// Connects and logs in.
    pub fn login(address: SocketAddr, user: &str, password: &str) -> Outcome<Imap> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(300)))?;
        let mut imap = Imap { reader: BufReader::with_capacity(64 * 1024, stream), line: Vec::new(), next_tag: 1 };
        imap.read_line()?;
        imap.ask(&format!("LOGIN {user} {password}"))?;
        Ok(imap)
    }

    /// Sends a command and reads its answer, which must be OK.
    pub fn ask(&mut self, command: &str) -> Outcome<Answer> {
        self.send(command.as_bytes())
    }

    /// Sends APPEND with a literal that is not waited for.
    pub fn append(&mut self, mailbox: &str, message: &[u8]) -> Outcome<Answer> {
        let mut command = format!("APPEND {mailbox} {{{}+}}\r\n", message.len()).into_bytes();
        command.extend_from_slice(message);
        self.send(&command)
    }

    /// Begins to IDLE.
    pub fn idle(&mut self) -> Outcome<()> {
        self.reader.get_mut().write_all(b"i IDLE\r\n")?;
        while !self.read_line()?.starts_with(b"+") {}
        Ok(())
    }

    /// Waits for an untagged line that ends so.
    pub fn hear(&mut self, end: &str) -> Outcome<()> {
        while !self.read_line()?.trim_ascii_end().ends_with(end.as_bytes()) {}
        Ok(())
    }

    /// Ends IDLE.
    pub fn done(&mut self) -> Outcome<()> {
        self.reader.get_mut().write_all(b"DONE\r\n")?;
        while !self.read_line()?.starts_with(b"i ") {}
        Ok(())
    }

    fn send(&mut self, command: &[u8]) -> Outcome<Answer> {
        let tag = format!("a{}", self.next_tag);
        self.next_tag += 1;
        let whole = [tag.as_bytes(), b" ", command, b"\r\n"].concat();
        self.reader.get_mut().write_all(&whole)?;
        let tag = format!("{tag} ");
        let mut answer = Answer::default();
        loop {
            answer.octets += self.read_line()?.len();
            if let Some(rest) = self.line.strip_prefix(tag.as_bytes()) {
                if rest.starts_with(b"OK") {
                    return Ok(answer);
                }
                let head = String::from_utf8_lossy(command.get(..60.min(command.len())).unwrap_or_default()).into_owned();
                return Err(format!("{} to {head}", String::from_utf8_lossy(rest).trim_end()).into());
            }
            answer.lines += 1;
            if let Some(count) = self.line.strip_suffix(b" EXISTS\r\n").and_then(|line| line.strip_prefix(b"* ")) {
                answer.exists = std::str::from_utf8(count)?.parse().ok();
            }
            while let Some(size) = literal(&self.line) {
                std::io::copy(&mut (&mut self.reader).take(size), &mut std::io::sink())?;
                answer.octets += size as usize + self.read_line()?.len();
            }
        }
    }

    fn read_line(&mut self) -> Outcome<&[u8]> {
        self.line.clear();
        match self.reader.read_until(b'\n', &mut self.line)? {
            0 => Err("the server has closed the connection".into()),
            _ => Ok(&self.line),
        }
    }
}

/// The size of the literal that the line announces at its end.
fn literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"}\r\n")?;
    let open = line.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(line.get(open + 1..)?).ok()?.parse().ok()
}
