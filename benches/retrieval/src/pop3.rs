//! A POP3 client.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use crate::Outcome;

/// A connection.
pub struct Pop3 {
    reader: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Pop3 {
    /// Connects, logs in and locks the maildrop.
    pub fn login(address: SocketAddr, user: &str, password: &str) -> Outcome<Pop3> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut pop3 = Pop3 { reader: BufReader::with_capacity(64 * 1024, stream), line: Vec::new() };
        pop3.reply()?;
        pop3.ask(&format!("USER {user}"))?;
        pop3.ask(&format!("PASS {password}"))?;
        Ok(pop3)
    }

    /// Sends a command and reads the line that answers it, which must be +OK.
    pub fn ask(&mut self, command: &str) -> Outcome<String> {
        self.reader.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    /// Fetches a message; gives its octets as they were sent.
    pub fn retrieve(&mut self, number: usize) -> Outcome<usize> {
        self.ask(&format!("RETR {number}"))?;
        let mut octets = 0;
        loop {
            self.read_line()?;
            if self.line == b".\r\n" {
                return Ok(octets);
            }
            octets += self.line.len();
        }
    }

    fn reply(&mut self) -> Outcome<String> {
        self.read_line()?;
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        if line.starts_with("+OK") { Ok(line) } else { Err(line.into()) }
    }

    fn read_line(&mut self) -> Outcome<()> {
        self.line.clear();
        match self.reader.read_until(b'\n', &mut self.line)? {
            0 => Err("the server has closed the connection".into()),
            _ => Ok(()),
        }
    }
}
