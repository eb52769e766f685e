//! What an obliging server answers, where a suite lets the harness answer by itself: the positive reply RFC 5321 §4.3.2 has for each
//! command, and the keywords the suite gives it.

use super::client::{Command, Said};

/// What the answers depend on.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// The name it greets with.
    pub domain: String,
    /// Keyword lines of its EHLO reply.
    pub capabilities: Vec<String>,
    /// The connection is under TLS, so STARTTLS is no longer offered (RFC 3207 §4.2).
    pub tls: bool,
    /// Recipients accepted in the transaction.
    pub recipients: usize,
}

impl Peer {
    /// The first reply of a connection.
    pub fn greeting(&self) -> String {
        format!("220 {} ESMTP", self.domain)
    }

    /// The reply to what was said; several lines are separated by `\n`.
    pub fn answer(&self, said: &Said) -> String {
        match said {
            Said::Message(_) => "250 OK".to_owned(),
            Said::Command(command) => self.answer_command(command),
        }
    }

    fn answer_command(&self, command: &Command) -> String {
        match command.verb().as_slice() {
            b"EHLO" => self.announcement(),
            b"HELO" => format!("250 {}", self.domain),
            b"MAIL" | b"RCPT" | b"RSET" | b"NOOP" => "250 OK".to_owned(),
            // RFC 5321 §3.3: without a recipient there is nothing to send the data to.
            b"DATA" | b"BDAT" if self.recipients == 0 => "554 no valid recipients".to_owned(),
            b"DATA" => "354 go on, end with <CRLF>.<CRLF>".to_owned(),
            b"BDAT" if self.offers("CHUNKING") => "250 OK".to_owned(),
            b"VRFY" => "252 send some mail, I will try my best".to_owned(),
            b"STARTTLS" if self.offers("STARTTLS") => "220 go ahead".to_owned(),
            b"QUIT" => format!("221 {} closing", self.domain),
            _ => "502 not implemented".to_owned(),
        }
    }

    /// `250-domain`, `250-KEYWORD`, `250 KEYWORD` (RFC 5321 §4.1.1.1).
    fn announcement(&self) -> String {
        let offered = self.capabilities.iter().filter(|line| !(self.tls && line.eq_ignore_ascii_case("STARTTLS")));
        let lines: Vec<&str> = std::iter::once(&self.domain).chain(offered).map(String::as_str).collect();
        let last = lines.len() - 1;
        let line = |(index, line)| format!("250{}{line}", if index == last { ' ' } else { '-' });
        lines.into_iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    fn offers(&self, keyword: &str) -> bool {
        let named = |line: &String| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        self.capabilities.iter().any(named) && !(self.tls && keyword == "STARTTLS")
    }

    /// Takes note of what was answered.
    pub fn answered(&mut self, said: &Said, code: &str) {
        let positive = code.starts_with('2');
        match said {
            Said::Command(command) => match command.verb().as_slice() {
                b"RCPT" if positive => self.recipients += 1,
                b"EHLO" | b"HELO" | b"MAIL" | b"RSET" => self.recipients = 0,
                _ => {}
            },
            Said::Message(_) => self.recipients = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Said {
        Said::Command(Command { line: line.into() })
    }

    #[test]
    fn keywords_are_announced_and_starttls_once() {
        let mut peer =
            Peer { domain: "p.example".into(), capabilities: vec!["SIZE 100".into(), "STARTTLS".into()], ..Peer::default() };
        assert_eq!(peer.answer(&said("EHLO x")), "250-p.example\n250-SIZE 100\n250 STARTTLS");
        peer.tls = true;
        assert_eq!(peer.answer(&said("EHLO x")), "250-p.example\n250 SIZE 100");
        assert_eq!(peer.answer(&said("STARTTLS")), "502 not implemented");
        assert_eq!(Peer { domain: "p".into(), ..Peer::default() }.answer(&said("ehlo x")), "250 p");
    }

    #[test]
    fn data_needs_a_recipient() {
        let mut peer = Peer::default();
        assert!(peer.answer(&said("DATA")).starts_with("554"));
        peer.answered(&said("RCPT TO:<a@b>"), "450");
        assert!(peer.answer(&said("DATA")).starts_with("554"));
        peer.answered(&said("RCPT TO:<a@b>"), "250");
        assert!(peer.answer(&said("DATA")).starts_with("354"));
        peer.answered(&said("RSET"), "250");
        assert!(peer.answer(&said("DATA")).starts_with("554"));
    }
}
