//! One connection: commands in their order, each answered before the next is looked at.

mod framing;

use super::command::{self, Command, Outcome, authenticate, fetch, idle};
use super::context::Context;
use super::grammar::Cursor;
use super::grammar::string::is_tag_char;
use super::long::{Long, Step};
use super::progress;
use super::reader::{Limits, Read, Reader, Unit};
use super::response::{Code, Condition, Status, write_untagged};
use super::selected::Naming;
use super::staged::Staging;
use super::unasked::Unasked;
use crate::faults::Fault;
use crate::session::{After, Channel, Peer, Session};
use crate::site::Site;
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// How many commands in a row may be BAD before the client is taken for something that does not speak IMAP.
const BAD_IN_A_ROW: u32 = 50;

/// How many logins may fail on one connection (RFC 3501 §11.2: a server should limit them).
const FAILED_LOGINS: u32 = 10;

/// Octets of answers to collect before they are sent.
const FLUSH_AT: usize = 1024 * 1024;

/// An IMAP connection.
pub struct ImapSession {
    context: Context,
    reader: Reader,
    awaited: Awaited,
    bad_in_a_row: u32,
}

/// What comes next.
enum Awaited {
    Command,
    /// The client's next message of an authentication.
    Sasl(String, authenticate::Running),
    /// `DONE`.
    Idle(String, idle::Running),
    /// Nothing from the client: a FETCH has more to say.
    Fetch(String, Box<fetch::Running>),
    /// Nothing either: a command that takes long is under way. It is UID where that is its name.
    Long(String, &'static Command, Naming, Box<dyn Long>),
    /// Nothing either: of messages that have come more is told.
    Unasked(Box<(Unasked, Then)>),
}

/// What follows on FETCH responses that nobody asked for.
enum Then {
    /// The completion of the command that ran when the messages came.
    Complete(String, Status),
    /// What was awaited before.
    Await(Awaited),
}

impl ImapSession {
    pub fn new(site: Arc<Site>, store: Store, peer: Peer) -> Self {
        ImapSession {
            context: Context::new(site, store, peer),
            reader: Reader::new(Limits::default()),
            awaited: Awaited::Command,
            bad_in_a_row: 0,
        }
    }

    /// Goes on until the client must send more, or enough is written.
    fn advance(&mut self, out: &mut Vec<u8>) -> After {
        loop {
            if out.len() >= FLUSH_AT {
                return After::Flush;
            }
            let unit = match &self.awaited {
                Awaited::Command => Unit::Command,
                Awaited::Sasl(..) | Awaited::Idle(..) => Unit::Line,
                Awaited::Fetch(..) | Awaited::Long(..) | Awaited::Unasked(..) => match self.go_on(out) {
                    After::Continue => continue,
                    after => return after,
                },
            };
            let Some(read) = self.reader.next(unit) else {
                // What happened while a command was refused is told behind it.
                if self.is_notified() {
                    self.tell_now(out);
                }
                if matches!(self.awaited, Awaited::Unasked(..)) {
                    continue;
                }
                return After::Continue;
            };
            let after = match read {
                Read::Literal(announced) => self.literal(announced, out),
                Read::Piece(octets) => {
                    self.context.staging.push(&octets);
                    After::Continue
                }
                Read::Fault { fault, begun } => self.framing_fault(fault, &begun, out),
                Read::Command(octets) => self.complete(&octets, out),
            };
            if after != After::Continue {
                return after;
            }
        }
    }

    /// Says some more of what the client need not ask for.
    fn go_on(&mut self, out: &mut Vec<u8>) -> After {
        match &self.awaited {
            Awaited::Fetch(..) => self.fetch_on(out),
            Awaited::Long(..) => self.long_on(out),
            Awaited::Unasked(..) => self.fetch_unasked(out),
            Awaited::Command | Awaited::Sasl(..) | Awaited::Idle(..) => After::Continue,
        }
    }

    /// A command, or the line that was asked for, is complete.
    fn complete(&mut self, octets: &[u8], out: &mut Vec<u8>) -> After {
        match std::mem::replace(&mut self.awaited, Awaited::Command) {
            Awaited::Sasl(tag, running) => {
                let outcome = running.answer(&mut self.context, octets, out);
                self.conclude(tag, &authenticate::COMMAND, outcome, out)
            }
            Awaited::Idle(tag, running) => {
                let outcome = running.line(octets);
                self.conclude(tag, &idle::COMMAND, outcome, out)
            }
            Awaited::Command | Awaited::Fetch(..) | Awaited::Long(..) | Awaited::Unasked(..) => self.command(octets, out),
        }
    }

    /// ```abnf
    /// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
    /// tag     = 1*<any ASTRING-CHAR except "+">
    /// ```
    fn command(&mut self, octets: &[u8], out: &mut Vec<u8>) -> After {
        let repaired;
        let octets = match self.context.faults().on(Fault::ImapQuotedInAnyOctets) {
            true => {
                repaired = String::from_utf8_lossy(octets);
                repaired.as_bytes()
            }
            false => octets,
        };
        let staged = self.context.staging.offsets();
        let cursor = Cursor::of_server(octets, self.context.site.without);
        let mut cursor = cursor.with_staged(&staged).with_utf8(self.context.enabled.utf8());
        let tag = String::from_utf8_lossy(cursor.take_while(is_tag_char)).into_owned();
        if tag.is_empty() {
            return self.untagged_bad(format!("Expected a tag at octet {}", cursor.offset()), out);
        }
        if !cursor.eat(b' ') {
            let text = format!("Expected one space after the tag at octet {}", cursor.offset());
            // With another octet in its place there is no telling what the tag was meant to be.
            return match cursor.rest().is_empty() {
                true => self.tagged(&tag, Status::bad(text), out),
                false => self.untagged_bad(text, out),
            };
        }
        let command = match command::find(&mut cursor, &self.context) {
            Ok(command) => command,
            Err(status) => return self.tagged(&tag, status, out),
        };
        if let Err(status) = command::require_utf8(command, &self.context) {
            return self.tagged(&tag, status, out);
        }
        // What others did so far is known before the command looks at the mailbox.
        if let Some(selected) = &mut self.context.selected
            && let Err(error) = selected.learn(&self.context.store)
        {
            return self.tagged(&tag, super::context::refusal(error), out);
        }
        self.context.tag.clone_from(&tag);
        let outcome = (command.run)(&mut self.context, &mut cursor, out);
        // Whatever the command has not taken of its large literals is of no use any more.
        self.context.staging = Staging::default();
        let outcome = outcome.unwrap_or_else(|error| Outcome::Done(Status::bad(error.to_string())));
        self.conclude(tag, command, outcome, out)
    }

    fn conclude(&mut self, tag: String, command: &'static Command, outcome: Outcome, out: &mut Vec<u8>) -> After {
        match outcome {
            Outcome::Done(status) => self.over(&tag, command, Naming::Numbers, status, out),
            Outcome::DoneByUid(status) => self.over(&tag, command, Naming::Uids, status, out),
            Outcome::Logout(status) => {
                self.tagged(&tag, status, out);
                After::Close
            }
            Outcome::StartTls(status) => {
                self.tagged(&tag, status, out);
                After::StartTls
            }
            Outcome::Compress(status) => {
                self.tagged(&tag, status, out);
                // "The client MUST NOT send any further commands until it has seen the result of COMPRESS" (RFC 4978 §3); what it
                // has sent all the same is neither compressed nor wanted.
                self.reader.clear();
                After::Compress
            }
            Outcome::EndCompression(status) => {
                self.tagged(&tag, status, out);
                After::EndCompression
            }
            Outcome::Sasl(running) => {
                self.awaited = Awaited::Sasl(tag, running);
                After::Continue
            }
            Outcome::Idle(running) => {
                self.awaited = Awaited::Idle(tag, running);
                self.tell_now(out);
                After::Continue
            }
            Outcome::Fetch(running) => {
                self.awaited = Awaited::Fetch(tag, running);
                After::Continue
            }
            Outcome::Long(naming, long) => {
                self.awaited = Awaited::Long(tag, command, naming, long);
                After::Continue
            }
        }
    }

    /// Writes some more of the answers to FETCH, and its completion with the last.
    fn fetch_on(&mut self, out: &mut Vec<u8>) -> After {
        if let Awaited::Fetch(tag, mut running) = std::mem::replace(&mut self.awaited, Awaited::Command) {
            match running.step(&mut self.context, out) {
                fetch::Step::More => self.awaited = Awaited::Fetch(tag, running),
                fetch::Step::Broken => return After::Close,
                fetch::Step::Done(status) => {
                    return self.over(&tag, running.command, running.naming, status, out);
                }
            }
        }
        After::Continue
    }

    /// Goes on with what takes long, and completes it in the end. In between the client is told how far it is, at once.
    fn long_on(&mut self, out: &mut Vec<u8>) -> After {
        if let Awaited::Long(tag, command, naming, long) = std::mem::replace(&mut self.awaited, Awaited::Command) {
            match long.step(&mut self.context, out) {
                Step::More(long) => {
                    self.awaited = Awaited::Long(tag, command, naming, long);
                    return After::Flush;
                }
                Step::Done(status) => {
                    let after = self.over(&tag, command, naming, status, out);
                    progress::afterwards(&self.context, command, out);
                    return after;
                }
            }
        }
        After::Continue
    }

    /// A command is over: what the client is owed, and the completion.
    ///
    /// After expunges a client that resynchronises is told up to where it knows all: in the completion of EXPUNGE
    /// (RFC 7162 §3.2.7), and wherever expunges are withheld from it (RFC 7162 §3.2).
    fn over(&mut self, tag: &str, command: &Command, naming: Naming, status: Status, out: &mut Vec<u8>) -> After {
        let owed = self.context.tell_owed(Some(command), naming, out);
        let status = match owed.highest.map(Code::HighestModSeq) {
            Some(highest) if status.condition == Condition::Ok && status.code.is_none() => status.with(highest),
            Some(highest) => {
                write_untagged(out, Status::ok("Known up to here").with(highest));
                status
            }
            None => status,
        };
        match owed.fetches {
            Some(fetches) => {
                self.awaited = Awaited::Unasked(Box::new((fetches, Then::Complete(tag.to_owned(), status))));
                After::Continue
            }
            None => self.tagged(tag, status, out),
        }
    }

    /// Tells the client what it is owed now, in IDLE or between two commands. While a command is half read nothing is told: it is
    /// with the end of that one.
    fn tell_now(&mut self, out: &mut Vec<u8>) {
        let faults = self.context.faults();
        let command = match &self.awaited {
            Awaited::Idle(..) if !faults.on(Fault::ImapIdleSilent) => Some(&idle::COMMAND),
            Awaited::Command if self.is_notified() && !faults.on(Fault::ImapNotifyOnlyWithCommands) => None,
            _ => return,
        };
        let owed = self.context.tell_owed(command, Naming::Numbers, out);
        if let Some(highest) = owed.highest.map(Code::HighestModSeq) {
            write_untagged(out, Status::ok("Known up to here").with(highest));
        }
        if let Some(fetches) = owed.fetches {
            let before = std::mem::replace(&mut self.awaited, Awaited::Command);
            self.awaited = Awaited::Unasked(Box::new((fetches, Then::Await(before))));
        }
    }

    /// Whether the client asked to be told at any time, and this is one at which it can be.
    fn is_notified(&self) -> bool {
        self.context.notify.is_some() && self.reader.is_between_commands()
    }

    /// Writes some more of what is fetched without being asked for, and then goes on with what was interrupted.
    fn fetch_unasked(&mut self, out: &mut Vec<u8>) -> After {
        if let Awaited::Unasked(mut unasked) = std::mem::replace(&mut self.awaited, Awaited::Command) {
            match unasked.0.step(&mut self.context, out) {
                fetch::Step::More => self.awaited = Awaited::Unasked(unasked),
                fetch::Step::Broken => return After::Close,
                fetch::Step::Done(_) => match unasked.1 {
                    Then::Complete(tag, status) => return self.tagged(&tag, status, out),
                    Then::Await(awaited) => self.awaited = awaited,
                },
            }
        }
        After::Continue
    }

    fn tagged(&mut self, tag: &str, status: Status, out: &mut Vec<u8>) -> After {
        let tag = match self.context.faults().on(Fault::ImapTagInWrongCase) {
            true => tag
                .chars()
                .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect(),
            false => tag.to_owned(),
        };
        out.extend_from_slice(format!("{tag} {status}\r\n").as_bytes());
        self.count(status.condition, out)
    }

    fn untagged_bad(&mut self, text: String, out: &mut Vec<u8>) -> After {
        write_untagged(out, Status::bad(text));
        self.count(Condition::Bad, out)
    }

    /// Ends conversations that lead nowhere.
    fn count(&mut self, condition: Condition, out: &mut Vec<u8>) -> After {
        self.bad_in_a_row = if condition == Condition::Bad { self.bad_in_a_row + 1 } else { 0 };
        if self.bad_in_a_row >= BAD_IN_A_ROW {
            return bye(Status::bye("Too many bad commands in a row"), out);
        }
        if self.context.failed_logins >= FAILED_LOGINS {
            return bye(Status::bye("Too many failed logins"), out);
        }
        After::Continue
    }
}

fn bye(status: Status, out: &mut Vec<u8>) -> After {
    write_untagged(out, status);
    After::Close
}

impl Session for ImapSession {
    fn greet(&mut self, out: &mut Vec<u8>) -> After {
        let capabilities = Code::Capability(command::capability::names(&self.context));
        let greeting = Status::ok(format!("{} ready", self.context.site.host)).with(capabilities);
        write_untagged(out, greeting);
        After::Continue
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After {
        self.reader.push(bytes);
        self.advance(out)
    }

    fn secured(&mut self, channel: Channel, out: &mut Vec<u8>) -> After {
        (self.context.peer.tls, self.context.peer.channel) = (true, Arc::new(channel));
        // What was sent in clear may have been put there by someone in between (RFC 3501 §6.2.1).
        if !self.context.faults().on(Fault::ImapStarttlsKeepsBuffer) {
            self.reader.clear();
        }
        self.advance(out)
    }

    /// Only IDLE and NOTIFY ask for news between commands (RFC 2177 §3, RFC 5465 §3.1); others hear of them with their next
    /// command.
    fn wake(&mut self, out: &mut Vec<u8>) -> After {
        self.tell_now(out);
        self.advance(out)
    }

    /// RFC 3501 §5.4 wants at least 30 minutes, RFC 9051 §5.4 says of whom: those who have logged in.
    fn patience(&self) -> Duration {
        let limits = &self.context.site.limits;
        if self.context.account.is_some() { limits.imap_patience } else { limits.login_patience }
    }

    fn expired(&mut self, out: &mut Vec<u8>) -> After {
        bye(Status::bye("Logged out after a long silence"), out)
    }

    fn stopping(&mut self, out: &mut Vec<u8>) {
        write_untagged(out, Status::bye("The server stops or has no room"));
    }

    fn closed(&mut self) {
        // "implicitly close the currently selected mailbox without doing an expunge" (RFC 3501 §6.4.2).
        self.context.selected = None;
        self.context.notify = None;
        self.awaited = Awaited::Command;
    }
}
