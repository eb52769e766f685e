//! Reads the form of a message as its octets come, in any pieces: where its parts are and what their headers say. Of the
//! octets it keeps no more than the line and the headers it is in, so a message of any size costs the memory of its form.

use super::envelope::{Envelope, envelope};
use super::part::{Content, Default, Message, Part, described, is_message};

/// How deep parts are looked into; what is deeper is octets. It bounds the stack and the time hostile mail can take.
const DEEPEST: usize = 200;

/// The most parts of one message; what comes after is text of the last one.
const MOST: usize = 5_000;

/// The most octets of one line that are looked at; a field whose line is longer is cut.
const LONGEST_LINE: usize = 64 * 1024;

/// The most octets of all headers that are read for what they say.
const HEADERS: usize = 8 * 1024 * 1024;

/// The form of a message, as far as it has come.
pub struct Parser {
    /// Octets that came in whole lines.
    at: usize,
    /// How many LF were among them.
    newlines: usize,
    /// How the last whole line ended.
    ended: Ending,
    /// The beginning of the line that is not whole.
    line: Vec<u8>,
    /// How long that line is so far.
    line_length: usize,
    /// Its last octet.
    last: Option<u8>,
    /// The parts that have begun and not ended, the message itself first.
    open: Vec<Open>,
    /// Parts that were made.
    parts: usize,
    /// Octets of headers that may still be read.
    room: usize,
    root: Option<(Part, Envelope)>,
}

/// A part that has not ended.
struct Open {
    /// What its header said, once that has ended.
    part: Part,
    start: usize,
    default: Default,
    inside: Inside,
    /// The header, while it comes.
    header: Vec<u8>,
    /// Of the message whose root this part is.
    envelope: Option<Envelope>,
    /// The parts of a multipart that have ended, or the message.
    children: Vec<Part>,
    /// LFs before its body.
    newlines: usize,
}

/// What the next line belongs to.
enum Inside {
    Header,
    Octets,
    /// A message, whose root is the next open part.
    Message,
    /// A multipart. `open`: its closing delimiter has not come, and it may have more parts.
    Parts {
        boundary: Vec<u8>,
        open: bool,
    },
}

/// How a line ended: with how many octets, and whether it had others.
#[derive(Clone, Copy)]
struct Ending {
    octets: usize,
    empty: bool,
}

/// Where parts end.
#[derive(Clone, Copy)]
struct End {
    at: usize,
    /// LFs before.
    newlines: usize,
    /// Whether the octet before is LF.
    after_newline: bool,
}

impl Parser {
    /// Before the first octet of a message.
    #[expect(clippy::new_without_default, reason = "a parser without a message is no default of anything")]
    pub fn new() -> Parser {
        let mut parser = Parser {
            at: 0,
            newlines: 0,
            ended: Ending { octets: 0, empty: true },
            line: Vec::new(),
            line_length: 0,
            last: None,
            open: Vec::new(),
            parts: 0,
            room: HEADERS,
            root: None,
        };
        parser.begin(0, Default::Text);
        parser
    }

    /// Takes more octets.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            if self.line_length == 0 {
                self.whole_line(line.get(..LONGEST_LINE).unwrap_or(line), line.len(), line.ends_with(b"\r\n"));
                continue;
            }
            let ends_with_crlf = match line {
                [b'\n'] => self.last == Some(b'\r'),
                _ => line.ends_with(b"\r\n"),
            };
            self.keep(line);
            let (kept, length) = (std::mem::take(&mut self.line), self.line_length);
            self.line_length = 0;
            self.whole_line(&kept, length, ends_with_crlf);
        }
        self.keep(bytes);
    }

    /// The message is whole.
    pub fn finish(mut self) -> Message {
        if self.line_length > 0 {
            let (kept, length) = (std::mem::take(&mut self.line), self.line_length);
            let before = self.before_this_line();
            if !self.delimiter(&kept, length, before) {
                self.content(&kept, length);
            }
            self.at += length;
            self.ended = Ending { octets: 0, empty: false };
        }
        let end = End { at: self.at, newlines: self.newlines, after_newline: self.ended.octets > 0 };
        self.close(0, end);
        let (root, envelope) = self.root.unwrap_or_else(|| (described(b"", Default::Text), Envelope::default()));
        Message { root, envelope }
    }

    /// Keeps as much of a line as is looked at.
    fn keep(&mut self, bytes: &[u8]) {
        self.line_length += bytes.len();
        self.last = bytes.last().copied().or(self.last);
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// A line with its ending: `kept` is as much of it as is looked at.
    fn whole_line(&mut self, kept: &[u8], length: usize, crlf: bool) {
        let before = self.before_this_line();
        let octets = if crlf { 2 } else { 1 };
        let delimiter = self.delimiter(kept, length, before);
        self.at += length;
        self.newlines += 1;
        self.ended = Ending { octets, empty: length == octets };
        if !delimiter {
            self.content(kept, length);
        }
    }

    /// Where a part ends whose next delimiter is this line: the line ending before it belongs to it (RFC 2046 §5.1.1).
    fn before_this_line(&self) -> End {
        let ended = self.ended;
        End { at: self.at - ended.octets, newlines: self.newlines - usize::from(ended.octets > 0), after_newline: ended.empty }
    }

    /// Ends and begins parts if the line is a delimiter of an open multipart: of the outermost one whose it can be.
    fn delimiter(&mut self, line: &[u8], length: usize, before: End) -> bool {
        if !line.starts_with(b"--") || length > line.len() {
            return false;
        }
        let found = self.open.iter().enumerate().find_map(|(index, open)| match &open.inside {
            Inside::Parts { boundary, open: true } => Some((index, delimiter(line, boundary)?)),
            _ => None,
        });
        let Some((index, closes)) = found else { return false };
        self.close(index + 1, before);
        let full = self.parts >= MOST;
        if let Some(Open { inside: Inside::Parts { open, .. }, .. }) = self.open.get_mut(index) {
            // Too many: what is left is the text of one last part.
            *open = !closes && !full;
        }
        if !closes {
            let digest = self.open.get(index).is_some_and(|open| open.part.subtype.eq_ignore_ascii_case(b"digest"));
            self.begin(self.at + length, if digest { Default::Message } else { Default::Text });
        }
        true
    }

    /// A line that is no delimiter.
    fn content(&mut self, kept: &[u8], length: usize) {
        let at = self.at;
        let Some(open) = self.open.last_mut().filter(|open| matches!(open.inside, Inside::Header)) else { return };
        if matches!(kept, b"\n" | b"\r\n") {
            return self.begin_body(at);
        }
        let taken = kept.len().min(self.room);
        self.room -= taken;
        open.header.extend_from_slice(kept.get(..taken).unwrap_or_default());
        if length > taken && taken > 0 {
            // The rest of the line is not read, but it ends.
            open.header.extend_from_slice(b"\r\n");
        }
    }

    fn begin(&mut self, start: usize, default: Default) {
        self.parts += 1;
        self.open.push(Open {
            part: described(b"", default),
            start,
            default,
            inside: Inside::Header,
            header: Vec::new(),
            envelope: None,
            children: Vec::new(),
            newlines: 0,
        });
    }

    /// The header of the innermost part has ended.
    fn begin_body(&mut self, at: usize) {
        let depth = self.open.len() - 1;
        let is_root = self.open.iter().rev().nth(1).is_none_or(|parent| matches!(parent.inside, Inside::Message));
        let deep = depth >= DEEPEST || self.parts >= MOST;
        let newlines = self.newlines;
        let Some(open) = self.open.last_mut() else { return };
        let header = std::mem::take(&mut open.header);
        open.part = described(&header, open.default);
        open.envelope = is_root.then(|| envelope(&header));
        (open.part.header, open.part.body) = (open.start..at, at..at);
        open.newlines = newlines;
        let (message, multipart) = (is_message(&open.part), open.part.kind.eq_ignore_ascii_case(b"multipart"));
        if deep && (message || multipart) {
            // Said to be a message or a multipart, it would have to show what is inside.
            (open.part.kind, open.part.subtype) = (b"application".to_vec(), b"octet-stream".to_vec());
        }
        open.inside = if deep || !(message || multipart) {
            Inside::Octets
        } else if message {
            Inside::Message
        } else {
            let boundary = open.part.parameter("boundary").unwrap_or_default().to_vec();
            Inside::Parts { open: !boundary.is_empty(), boundary }
        };
        if matches!(open.inside, Inside::Message) {
            self.begin(at, Default::Text);
        }
    }

    /// Ends the open parts from this one inwards.
    ///
    /// One that begins with its end, between two delimiters, has no line ending that the second could take.
    fn close(&mut self, from: usize, mut end: End) {
        end.at = end.at.max(self.open.get(from).map_or(0, |open| open.start));
        while self.open.len() > from {
            if self.open.last().is_some_and(|open| matches!(open.inside, Inside::Header)) {
                self.begin_body(end.at);
                continue;
            }
            let Some(open) = self.open.pop() else { return };
            let (part, envelope) = self.closed(open, end);
            match self.open.last_mut() {
                Some(Open { inside: Inside::Message, part: message, .. }) => {
                    let envelope = Box::new(envelope.unwrap_or_default());
                    message.content = Content::Message { envelope, root: Box::new(part) };
                }
                Some(parent) => parent.children.push(part),
                None => self.root = Some((part, envelope.unwrap_or_default())),
            }
        }
    }

    /// The part, which ends here. What it had of the line ending before the delimiter it has no more.
    fn closed(&mut self, open: Open, end: End) -> (Part, Option<Envelope>) {
        let Open { mut part, start, inside, envelope, children, newlines, .. } = open;
        let at = end.at;
        let start = start.min(at);
        part.header = start..part.header.end.clamp(start, at);
        part.body = part.header.end..at;
        if !part.body.is_empty() {
            part.lines = end.newlines.saturating_sub(newlines) + usize::from(!end.after_newline);
        }
        if let Inside::Parts { .. } = inside {
            part.content = Content::Multipart(children);
            if let Content::Multipart(parts) = &mut part.content
                && parts.is_empty()
            {
                // Without a delimiter there is no part; yet a multipart has one (RFC 2046 §5.1.1), so all of it is its text.
                self.parts += 1;
                let mut only = described(b"", Default::Text);
                (only.header, only.body) = (part.body.start..part.body.start, part.body.clone());
                only.lines = part.lines;
                parts.push(only);
            }
        }
        (part, envelope)
    }
}

/// Whether the line is a delimiter of this boundary, and whether it is the closing one.
///
/// `delimiter := CRLF "--" boundary`, then `transport-padding` (RFC 2046 §5.1.1). A boundary that only begins with this
/// one is another one: nested multiparts often have such.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (rest, close) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
    rest.iter().all(|octet| octet.is_ascii_whitespace()).then_some(close)
}
