//! What is decided before a command is whole: whether a literal is wanted and where its octets go, and what follows octets that
//! are no lines.

use super::{Awaited, ImapSession, bye};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::command;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::string::is_tag_char;
use crate::imap::line_end::Announced;
use crate::imap::reader::{Fault as Framing, Limits};
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::staged::Staging;
use crate::session::After;

/// The longest literal of any command that carries no message.
const LONGEST_ARGUMENT: u32 = 64 * 1024;

/// The longest literal that LITERAL- lets a client send without being asked (RFC 7888 §5).
const LONGEST_UNASKED: u32 = 4096;

/// Where the octets of a literal go.
enum Keep {
    InTheCommand,
    /// A message, or what may be one.
    InTheStore,
}

impl ImapSession {
    /// Decides on a literal before it is read (RFC 3501 §4.3, RFC 7888 §4).
    pub(super) fn literal(&mut self, announced: Announced, out: &mut Vec<u8>) -> After {
        match self.judge_literal(announced) {
            Ok(keep) => {
                match keep {
                    Keep::InTheCommand => self.reader.accept(),
                    Keep::InTheStore => {
                        self.context.staging.begin(&self.context.store, self.reader.begun().len());
                        self.reader.accept_in_pieces();
                    }
                }
                if announced.synchronizing {
                    out.extend_from_slice(b"+ Ready for the literal\r\n");
                }
                After::Continue
            }
            Err((tag, status)) => {
                self.context.staging = Staging::default();
                let too_big = status.code == Some(Code::TooBig);
                // Nobody who has not logged in makes the server read along for nothing.
                if too_big && !announced.synchronizing && self.context.account.is_none() {
                    return bye(Status::bye("The literal is too big").with(Code::TooBig), out);
                }
                self.reader.refuse();
                match tag {
                    Some(tag) => self.tagged(&tag, status, out),
                    None => {
                        write_untagged(out, &status);
                        self.count(status.condition, out)
                    }
                }
            }
        }
    }

    /// Where the octets of the literal are kept; or why its command is refused already: it is none, or none that is legal
    /// now, or the literal is too big for it.
    fn judge_literal(&self, announced: Announced) -> Result<Keep, (Option<String>, Status)> {
        let begun = self.reader.begun();
        let mut cursor = Cursor::new(begun);
        let tag = cursor.take_while(is_tag_char);
        if tag.is_empty() || !cursor.eat(b' ') {
            return Err((None, Status::bad("Expected a tag and one space")));
        }
        let tag = Some(String::from_utf8_lossy(tag).into_owned());
        let command = command::find(&mut cursor, &self.context).map_err(|status| (tag.clone(), status))?;
        let messages = command.large_literals || command.name == "UID" && cursor.eat(b' ') && cursor.eat_word("REPLACE");
        if !announced.synchronizing
            && let Err(status) = self.may_be_unasked(announced, messages)
        {
            return Err((tag, status));
        }
        let together = begun.len() as u64 + u64::from(announced.size);
        // A literal may be the name of a mailbox, and a command may have many small messages.
        let staged = messages && together > u64::from(LONGEST_ARGUMENT);
        let limit = match messages {
            true => self.context.append_limit(),
            false => LONGEST_ARGUMENT,
        };
        if announced.size <= limit && (staged || together <= 2 * u64::from(LONGEST_ARGUMENT)) {
            return Ok(if staged { Keep::InTheStore } else { Keep::InTheCommand });
        }
        if messages && self.context.faults().on(Fault::ImapIgnoresAppendLimit) {
            return Ok(Keep::InTheStore);
        }
        Err((tag, Status::no(Code::TooBig, format!("A literal here has at most {limit} octets"))))
    }

    /// Whether the client may send this literal without being asked for it. One that it may not is skipped all the same, for
    /// nothing in it is a command (RFC 7888 §4).
    fn may_be_unasked(&self, announced: Announced, messages: bool) -> Result<(), Status> {
        if !self.context.lacks(Extension::ImapLiteralPlus) {
            return Ok(());
        }
        if self.context.lacks(Extension::ImapLiteralMinus) {
            return Err(Status::bad("There are no literals with + here"));
        }
        // "non-synchronizing literals used in any command MUST NOT be larger than 4096 bytes. […] If responding to an APPEND
        // command, the tagged BAD response MUST contain the TOOBIG response code" (RFC 7888 §5).
        if announced.size <= LONGEST_UNASKED {
            return Ok(());
        }
        let status = Status::bad(format!("A literal with + has at most {LONGEST_UNASKED} octets"));
        Err(if messages { status.with(Code::TooBig) } else { status })
    }

    pub(super) fn framing_fault(&mut self, fault: Framing, begun: &[u8], out: &mut Vec<u8>) -> After {
        let text = match fault {
            Framing::LineTooLong => format!("The line is longer than {} octets", Limits::default().line),
            Framing::Nul => format!("Octet {} is NUL, which is never allowed", begun.len()),
            Framing::BareCr => format!("Octet {} is CR without LF", begun.len()),
            Framing::BareLf => format!("Octet {} is LF without CR; lines end with CRLF", begun.len()),
            Framing::LiteralSize { synchronizing: true } => "The size of a literal is a number of 32 bits".to_owned(),
            Framing::LiteralSize { synchronizing: false } => {
                return bye(Status::bye("The literal is too big").with(Code::TooBig), out);
            }
            Framing::Endless => return bye(Status::bye("The line does not end"), out),
        };
        self.context.staging = Staging::default();
        // The command that was going on is over, whatever it was.
        let tag = match std::mem::replace(&mut self.awaited, Awaited::Command) {
            Awaited::Sasl(tag, _) | Awaited::Idle(tag, _) => Some(tag),
            Awaited::Command | Awaited::Fetch(..) | Awaited::Long(..) | Awaited::Unasked(..) => {
                let mut cursor = Cursor::new(begun);
                let tag = cursor.take_while(is_tag_char);
                (!tag.is_empty() && cursor.eat(b' ')).then(|| String::from_utf8_lossy(tag).into_owned())
            }
        };
        match tag {
            Some(tag) => self.tagged(&tag, Status::bad(text), out),
            None => self.untagged_bad(text, out),
        }
    }
}
