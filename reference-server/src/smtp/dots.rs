//! The end of a message after DATA, and the transparency before it (RFC 5321 §4.1.1.4, §4.5.2).

use super::intake::{Flaw, Intake};
use crate::faults::{Fault, Faults};
use crate::queue::Queue;

/// The reader of one message.
pub(super) struct Dots {
    faults: Faults,
    at: At,
}

/// Where in a line the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    /// Behind a dot that begins a line.
    Dot,
    /// Behind a dot that begins a line, and CR.
    DotCr,
    Text,
    /// Behind CR.
    Cr,
}

impl Dots {
    pub fn new(faults: Faults) -> Self {
        Self { faults, at: At::LineStart }
    }

    /// Takes octets until the end of the message. Gives how many it took, and whether the end was among them.
    ///
    /// Lines are looked for, not octets: what lies between two dots that begin a line is kept in one piece.
    pub fn feed(&mut self, bytes: &[u8], intake: &mut Intake, queue: &Queue) -> (usize, bool) {
        let lenient = self.faults.on(Fault::SmtpBareLfEndsData);
        // What is between `kept` and `at` belongs to the message and is not kept yet.
        let (mut kept, mut at) = (0, 0);
        while let Some(&octet) = bytes.get(at) {
            match (self.at, octet) {
                // RFC 5321 §4.5.2: a line of one dot ends the message; of another line that begins with one, it goes.
                (At::LineStart, b'.') => {
                    intake.keep(bytes.get(kept..at).unwrap_or_default(), queue);
                    self.at = At::Dot;
                    at += 1;
                    kept = at;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    at += 1;
                    kept = at;
                }
                (At::DotCr, b'\n') => return (at + 1, true),
                (At::Dot, b'\n') if lenient => return (at + 1, true),
                (At::Dot, _) => {
                    if self.faults.on(Fault::SmtpKeepsLeadingDot) {
                        intake.keep(b".", queue);
                    }
                    self.at = At::Text;
                }
                (At::DotCr, _) => {
                    intake.keep(b"\r", queue);
                    self.at = At::Cr;
                }
                (At::Cr, b'\n') => {
                    self.at = At::LineStart;
                    at += 1;
                }
                (At::Cr, _) => {
                    intake.flaw(Flaw::BareLineEnd);
                    self.at = At::Text;
                }
                (At::LineStart | At::Text, _) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let Some(length) = memchr::memchr2(b'\r', b'\n', rest) else {
                        self.at = At::Text;
                        at = bytes.len();
                        continue;
                    };
                    at += length + 1;
                    self.at = match rest.get(length) {
                        Some(b'\r') => At::Cr,
                        _ if lenient => At::LineStart,
                        _ => {
                            // RFC 5321 §2.3.8: LF alone ends no line, and has no business in mail.
                            intake.flaw(Flaw::BareLineEnd);
                            At::Text
                        }
                    };
                }
            }
        }
        intake.keep(bytes.get(kept..).unwrap_or_default(), queue);
        (bytes.len(), false)
    }
}
