//! Which number a message has: EXPUNGE takes one away from all behind it, at once (RFC 3501 §7.4.1). Messages are named by the
//! number they had when their mailbox was selected; those that come later count on from there.

use super::{Response, Status};
use crate::protocol::{Parsed, Reply};

/// What was said on a connection that changed sequence numbers, in the order it was said.
#[derive(Clone, Debug, Default)]
pub struct Numbering {
    /// Where in the received bytes the response stood, and what it said.
    changes: Vec<(u64, Change)>,
    /// Tags of SELECT and EXAMINE that are not answered.
    selecting: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// All numbers begin anew.
    Selected,
    /// The message with this number, at that moment, is gone.
    Expunged(u64),
}

impl Numbering {
    /// A command that is sent, with its tag.
    pub fn sent(&mut self, line: &[u8]) {
        let mut words = line.split(|octet| matches!(octet, b' ' | b'\r' | b'\n'));
        let (Some(tag), Some(command)) = (words.next(), words.next()) else { return };
        if command.eq_ignore_ascii_case(b"SELECT") || command.eq_ignore_ascii_case(b"EXAMINE") {
            self.selecting.push(String::from_utf8_lossy(tag).into_owned());
        }
    }

    /// A response; they are told in the order they came in.
    pub fn received(&mut self, reply: &Reply) {
        match &reply.parsed {
            Parsed::Imap(Response::Numbered { number, name, .. }) if name == "EXPUNGE" && *number > 0 => {
                self.changes.push((reply.offset, Change::Expunged(*number)));
            }
            Parsed::Imap(Response::Tagged { tag, status, .. }) if !self.selecting.is_empty() => {
                let Some(at) = self.selecting.iter().position(|selecting| selecting == tag) else { return };
                self.selecting.remove(at);
                if *status == Status::Ok {
                    self.changes.push((reply.offset, Change::Selected));
                }
            }
            _ => {}
        }
    }

    /// The number that message `initial` has before the response at `offset` (in the received bytes); `None`: it is expunged.
    pub fn current(&self, initial: u32, offset: u64) -> Option<u64> {
        let before = self.changes.partition_point(|(at, _)| *at < offset);
        let said = self.changes.get(..before).unwrap_or_default();
        let selected = said.iter().rposition(|(_, change)| *change == Change::Selected);
        let mut number = u64::from(initial);
        for (_, change) in said.iter().skip(selected.map_or(0, |at| at + 1)) {
            match change {
                Change::Expunged(gone) if *gone == number => return None,
                Change::Expunged(gone) if *gone < number => number -= 1,
                _ => {}
            }
        }
        Some(number)
    }

    /// The number that message `initial` has after everything that came.
    pub fn now(&self, initial: u32) -> Option<u64> {
        self.current(initial, u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ImapFramer;
    use super::*;
    use crate::protocol::{Framer, Limits};

    /// What messages 1 to 5 are after these responses; `-` for those that are gone.
    fn after(sent: &[&str], wire: &str) -> String {
        let mut framer = ImapFramer::new(Limits::default());
        framer.push(wire.as_bytes());
        let mut numbering = Numbering::default();
        sent.iter().for_each(|line| numbering.sent(line.as_bytes()));
        while let Some(reply) = framer.next() {
            numbering.received(&reply);
        }
        let shown = (1..=5).map(|initial| numbering.now(initial).map_or("-".to_owned(), |number| number.to_string()));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_expunge_takes_one_from_all_behind() {
        assert_eq!(after(&[], ""), "1 2 3 4 5");
        assert_eq!(after(&[], "* 2 EXPUNGE\r\n"), "1 - 2 3 4");
        assert_eq!(after(&[], "* 2 EXPUNGE\r\n* 2 EXPUNGE\r\n"), "1 - - 2 3");
        assert_eq!(after(&[], "* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n"), "1 - - 2 3");
        assert_eq!(after(&[], "* 1 EXPUNGE\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n"), "- - 1 - 2");
        assert_eq!(after(&[], "* 9 EXPUNGE\r\n* 0 EXPUNGE\r\n* 4 EXISTS\r\n"), "1 2 3 4 5");
    }

    #[test]
    fn only_a_mailbox_that_was_selected_begins_anew() {
        let wire = |status: &str| format!("* 1 EXPUNGE\r\na2 {status} done\r\n");
        assert_eq!(after(&["a2 select INBOX\r\n"], &wire("OK")), "1 2 3 4 5");
        assert_eq!(after(&["a2 EXAMINE INBOX"], &wire("OK")), "1 2 3 4 5");
        assert_eq!(after(&["a2 SELECT INBOX"], &wire("NO")), "- 1 2 3 4");
        assert_eq!(after(&["a2 NOOP"], &wire("OK")), "- 1 2 3 4");
        assert_eq!(after(&["a1 SELECT INBOX", "a2 NOOP"], &wire("OK")), "- 1 2 3 4");
        assert_eq!(after(&["a1 SELECT INBOX"], "a1 OK done\r\n* 1 EXPUNGE\r\n"), "- 1 2 3 4");
    }
}
