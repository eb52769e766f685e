//! Frames commands out of a byte stream: lines that end with CRLF and the literals announced at their ends, however the
//! bytes were split on their way.
//!
//! An announced size reserves no memory; the buffer grows with what arrives. Only CRLF ends a line: a bare CR, a bare LF
//! or NUL makes the command wrong at once, and everything up to the next CRLF is thrown away with it, so that no two
//! readers can disagree where a command ends.

use super::line_end::{Announced, Skip, announcement, skip_line};
use memchr::memchr3;

/// What the reader accepts before it gives up on a command. All in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All lines of one command together, literals not counted.
    pub line: usize,
    /// What may be thrown away while looking for the end of a refused line.
    pub discard: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { line: 64 * 1024, discard: 1024 * 1024 }
    }
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// A complete command, literals in place as they were sent, without the CRLF that ended it.
    Command(Vec<u8>),
    /// A literal is announced. Nothing more is read until [`Reader::accept`], [`Reader::accept_in_pieces`] or
    /// [`Reader::refuse`] is called.
    Literal(Announced),
    /// Octets of a literal that was accepted in pieces, which the command does not hold.
    Piece(Vec<u8>),
    /// The command can not be right. What belongs to it is skipped.
    Fault { fault: Fault, begun: Vec<u8> },
}

/// Why no parser needs to see a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LineTooLong,
    Nul,
    BareCr,
    BareLf,
    /// A literal whose size is no 32-bit number; where it ends nobody knows unless the client waits.
    LiteralSize {
        synchronizing: bool,
    },
    /// The end of a refused line did not come.
    Endless,
}

/// What a complete unit is: a command, or a single line (the answer to a continuation request).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Command,
    Line,
}

#[derive(Debug)]
enum Phase {
    Line,
    Held(Announced),
    Literal { left: usize },
    Pieces { left: usize },
    SkippedLine { tail: Vec<u8>, octets: usize },
    SkippedLiteral { left: u64 },
}

/// The state between two pieces of input.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    incoming: Vec<u8>,
    consumed: usize,
    command: Vec<u8>,
    /// Where the present line starts in `command`: after the last literal.
    line_start: usize,
    line_octets: usize,
    phase: Phase,
}

impl Reader {
    pub fn new(limits: Limits) -> Self {
        Reader {
            limits,
            incoming: Vec::new(),
            consumed: 0,
            command: Vec::new(),
            line_start: 0,
            line_octets: 0,
            phase: Phase::Line,
        }
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.incoming.drain(..self.consumed);
        self.consumed = 0;
        self.incoming.extend_from_slice(bytes);
    }

    /// Forgets everything, also what was received and not yet read: nothing from before a TLS handshake survives it.
    pub fn clear(&mut self) {
        *self = Reader::new(self.limits);
    }

    /// The command being read, up to the literal announced last.
    pub fn begun(&self) -> &[u8] {
        &self.command
    }

    /// Whether nothing of a command has come yet.
    pub fn is_between_commands(&self) -> bool {
        matches!(self.phase, Phase::Line) && self.command.is_empty() && self.consumed == self.incoming.len()
    }

    /// Reads the announced literal as part of the command.
    pub fn accept(&mut self) {
        if let Phase::Held(announced) = self.phase {
            self.phase = Phase::Literal { left: announced.size as usize };
        }
    }

    /// Gives the announced literal piece by piece as it comes; in the command nothing stands behind its announcement.
    pub fn accept_in_pieces(&mut self) {
        if let Phase::Held(announced) = self.phase {
            self.phase = Phase::Pieces { left: announced.size as usize };
        }
    }

    /// Gives the command up. A client that waits sends no more of it; one that does not wait already has, so the literal
    /// and the rest of the command are skipped (RFC 7888 §4).
    pub fn refuse(&mut self) {
        if let Phase::Held(announced) = self.phase {
            self.forget_command();
            self.phase = match announced.synchronizing {
                true => Phase::Line,
                false => Phase::SkippedLiteral { left: announced.size.into() },
            };
        }
    }

    /// The next thing that is complete, or `None` until more bytes arrive or the announced literal is decided on.
    pub fn next(&mut self, unit: Unit) -> Option<Read> {
        loop {
            let waiting = self.incoming.get(self.consumed..).unwrap_or_default();
            match &mut self.phase {
                Phase::Held(_) => return None,
                Phase::Line => return self.line(unit),
                Phase::Literal { left } => {
                    let taken = waiting.len().min(*left);
                    self.command.extend_from_slice(waiting.get(..taken).unwrap_or_default());
                    self.consumed += taken;
                    *left -= taken;
                    if *left > 0 {
                        return None;
                    }
                    self.line_start = self.command.len();
                    self.phase = Phase::Line;
                }
                Phase::Pieces { left: 0 } => {
                    self.line_start = self.command.len();
                    self.phase = Phase::Line;
                }
                Phase::Pieces { left } => {
                    let piece = waiting.get(..waiting.len().min(*left)).unwrap_or_default().to_vec();
                    self.consumed += piece.len();
                    *left -= piece.len();
                    return (!piece.is_empty()).then_some(Read::Piece(piece));
                }
                Phase::SkippedLiteral { left } => {
                    let taken = (waiting.len() as u64).min(*left);
                    self.consumed += taken as usize;
                    *left -= taken;
                    if *left > 0 {
                        return None;
                    }
                    self.phase = Phase::SkippedLine { tail: Vec::new(), octets: 0 };
                }
                Phase::SkippedLine { tail, octets } => match skip_line(waiting, tail) {
                    Skip::More(taken) => {
                        self.consumed += taken;
                        *octets += taken;
                        if *octets > self.limits.discard {
                            return Some(Read::Fault { fault: Fault::Endless, begun: Vec::new() });
                        }
                        return None;
                    }
                    Skip::Ended(taken) => {
                        self.consumed += taken;
                        self.phase = match announcement(tail) {
                            Some(Ok(Announced { size, synchronizing: false })) => Phase::SkippedLiteral { left: size.into() },
                            _ => Phase::Line,
                        };
                    }
                },
            }
        }
    }

    fn line(&mut self, unit: Unit) -> Option<Read> {
        let waiting = self.incoming.get(self.consumed..).unwrap_or_default();
        let stop = memchr3(b'\r', b'\n', 0, waiting).unwrap_or(waiting.len());
        let room = self.limits.line.saturating_sub(self.line_octets);
        if stop > room {
            return Some(self.fault(Fault::LineTooLong, room));
        }
        let (clean, rest) = waiting.split_at(stop);
        let fault = match rest {
            [] | [b'\r'] => {
                self.command.extend_from_slice(clean);
                self.line_octets += stop;
                self.consumed += stop;
                return None;
            }
            [b'\r', b'\n', ..] => {
                self.command.extend_from_slice(clean);
                self.line_octets += stop;
                self.consumed += stop + 2;
                return Some(self.line_ended(unit));
            }
            [b'\r', ..] => Fault::BareCr,
            [b'\n', ..] => Fault::BareLf,
            _ => Fault::Nul,
        };
        Some(self.fault(fault, stop))
    }

    fn line_ended(&mut self, unit: Unit) -> Read {
        let line = self.command.get(self.line_start..).unwrap_or_default();
        match announcement(line).filter(|_| unit == Unit::Command) {
            None => {
                self.line_start = 0;
                self.line_octets = 0;
                Read::Command(std::mem::take(&mut self.command))
            }
            Some(Ok(announced)) => {
                self.command.extend_from_slice(b"\r\n");
                self.phase = Phase::Held(announced);
                Read::Literal(announced)
            }
            Some(Err(fault)) => {
                let begun = std::mem::take(&mut self.command);
                self.forget_command();
                Read::Fault { fault, begun }
            }
        }
    }

    /// Refuses the command at hand; `clean` octets of what waits still belong to what is shown of it.
    fn fault(&mut self, fault: Fault, clean: usize) -> Read {
        let waiting = self.incoming.get(self.consumed..).unwrap_or_default();
        self.command.extend_from_slice(waiting.get(..clean).unwrap_or_default());
        self.consumed += clean;
        let begun = std::mem::take(&mut self.command);
        self.forget_command();
        self.phase = Phase::SkippedLine { tail: Vec::new(), octets: 0 };
        Read::Fault { fault, begun }
    }

    fn forget_command(&mut self) {
        self.command.clear();
        self.line_start = 0;
        self.line_octets = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// Everything the reader makes of the pieces when each literal up to 100 octets is accepted.
    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = Reader::new(Limits { line: 40, discard: 200 });
        let mut seen = Vec::new();
        for piece in pieces {
            reader.push(piece);
            while let Some(read) = reader.next(Unit::Command) {
                match read {
                    Read::Command(bytes) => seen.push(String::from_utf8_lossy(&bytes).into_owned()),
                    Read::Piece(_) => unreachable!("no literal was accepted in pieces"),
                    Read::Literal(announced) => {
                        seen.push(format!("{announced:?}"));
                        if announced.size <= 100 { reader.accept() } else { reader.refuse() }
                    }
                    Read::Fault { fault, begun } => {
                        seen.push(format!("{fault:?} {}", String::from_utf8_lossy(&begun)));
                        if fault == Fault::Endless {
                            return seen;
                        }
                    }
                }
            }
        }
        seen
    }

    #[rstest]
    #[case::line(b"a NOOP\r\n", &["a NOOP"])]
    #[case::two_lines(b"a NOOP\r\nb NOOP\r\n", &["a NOOP", "b NOOP"])]
    #[case::empty(b"\r\n", &[""])]
    #[case::literal(b"a X {3}\r\nb\r\n y\r\n", &["Announced { size: 3, synchronizing: true }", "a X {3}\r\nb\r\n y"])]
    #[case::literal_plus(b"a X {3+}\r\n{5}\r\n", &["Announced { size: 3, synchronizing: false }", "a X {3+}\r\n{5}"])]
    #[case::empty_literal(b"a X {0}\r\n\r\n", &["Announced { size: 0, synchronizing: true }", "a X {0}\r\n"])]
    #[case::no_marker(b"a X {}\r\n", &["a X {}"])]
    #[case::quoted_marker(b"a X \"{3}\"\r\n", &["a X \"{3}\""])]
    #[case::too_big_waits(b"a X {101}\r\nb NOOP\r\n", &["Announced { size: 101, synchronizing: true }", "b NOOP"])]
    #[case::bare_lf(b"a NOOP\nb NOOP\r\nc NOOP\r\n", &["BareLf a NOOP", "c NOOP"])]
    #[case::bare_cr(b"a NOOP\rb NOOP\r\nc NOOP\r\n", &["BareCr a NOOP", "c NOOP"])]
    #[case::nul(b"a NO\0OP\r\nc NOOP\r\n", &["Nul a NO", "c NOOP"])]
    #[case::skipped_literal(b"a\0 {3+}\r\n\r\nx {2+}\r\nyy\r\nb NOOP\r\n", &["Nul a", "b NOOP"])]
    #[case::size_overflows(b"a X {4294967296}\r\nb NOOP\r\n", &["LiteralSize { synchronizing: true } a X {4294967296}", "b NOOP"])]
    #[case::line_too_long(&[b'x'; 41], &["LineTooLong xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"])]
    #[case::endless(&[b'x'; 400], &["LineTooLong xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "Endless "])]
    fn frames_at_every_split(#[case] bytes: &[u8], #[case] expected: &[&str]) {
        assert_eq!(read(&[bytes]), expected, "in one piece");
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            assert_eq!(read(&[left, right]), expected, "split at {at}");
        }
        let octets: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&octets), expected, "octet by octet");
    }

    #[test]
    fn a_refused_literal_that_was_sent_is_skipped_with_the_rest_of_its_command() {
        let mut bytes = b"a X {101+}\r\n".to_vec();
        bytes.extend([b'z'; 101]);
        bytes.extend(b" more\r\nb NOOP\r\n");
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            assert_eq!(read(&[left, right]), ["Announced { size: 101, synchronizing: false }", "b NOOP"]);
        }
    }

    #[test]
    fn an_announced_size_reserves_no_memory() {
        let mut reader = Reader::new(Limits::default());
        reader.push(b"a APPEND x {4294967295}\r\n");
        assert!(matches!(reader.next(Unit::Command), Some(Read::Literal(_))));
        reader.accept();
        assert_eq!(reader.next(Unit::Command), None);
        assert!(reader.command.capacity() < 1024);
    }

    #[test]
    fn a_literal_in_pieces_is_not_kept() {
        let mut reader = Reader::new(Limits::default());
        reader.push(b"a APPEND x {6}\r\n");
        assert!(matches!(reader.next(Unit::Command), Some(Read::Literal(_))));
        reader.accept_in_pieces();
        assert_eq!(reader.next(Unit::Command), None);
        reader.push(b"ab\r");
        assert_eq!(reader.next(Unit::Command), Some(Read::Piece(b"ab\r".to_vec())));
        assert_eq!(reader.next(Unit::Command), None);
        reader.push(b"\n}\0 y\r\n");
        assert_eq!(reader.next(Unit::Command), Some(Read::Piece(b"\n}\0".to_vec())));
        assert_eq!(reader.next(Unit::Command), Some(Read::Command(b"a APPEND x {6}\r\n y".to_vec())));
    }

    #[test]
    fn a_line_that_answers_a_continuation_request_announces_nothing() {
        let mut reader = Reader::new(Limits::default());
        reader.push(b"DONE {3}\r\n");
        assert_eq!(reader.next(Unit::Line), Some(Read::Command(b"DONE {3}".to_vec())));
    }

    proptest! {
        #[test]
        fn the_split_of_the_bytes_changes_nothing(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'a'), Just(b' '), Just(b'{'), Just(b'2'), Just(b'+'), Just(b'}'),
                Just(b'\r'), Just(b'\n'), Just(0u8),
            ], 0..80),
            at in 0usize..80,
        ) {
            let at = at.min(bytes.len());
            let (left, right) = bytes.split_at(at);
            prop_assert_eq!(read(&[&bytes]), read(&[left, right]));
        }
    }
}
