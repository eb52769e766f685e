//! Received bytes that are not yet a reply. The framers read them line by line; what they find does not depend on how the
//! network cut the bytes, because every decision waits until the bytes it rests on are there.

use std::ops::Range;

use super::{Fault, Limits};

/// Bytes of a connection, from the first byte of the reply in progress.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// Where the reply in progress starts in `bytes`.
    start: usize,
    /// Where its next unread line starts in `bytes`.
    cursor: usize,
    /// No line feed stands between `cursor` and here.
    scanned: usize,
    /// Lines of the reply in progress that were read.
    lines: usize,
    /// How many bytes of the connection came before `bytes`.
    before: u64,
    /// A fatal reply was found: nothing behind it can be framed, so nothing is kept.
    dead: bool,
}

/// A line without its line end; positions count from the start of the reply in progress.
#[derive(Debug)]
pub(super) struct Line {
    pub content: Range<usize>,
    /// The first carriage return that stands alone in it.
    pub lone_return: Option<usize>,
    /// The line feed that ends it, if no carriage return stands before it.
    pub lone_feed: Option<usize>,
}

impl Line {
    /// What is wrong with the line end, if anything: a line ends with CRLF, and neither half stands alone
    /// (RFC 5321 §2.3.8, RFC 1939 §3, RFC 9051 §2.2).
    pub fn fault(&self) -> Option<Fault> {
        let lone = |name: &str| format!("expected CRLF, found a {name} that stands alone");
        let lone_return = self.lone_return.map(|at| Fault::new(at, lone("carriage return")));
        lone_return.or_else(|| self.lone_feed.map(|at| Fault::new(at, lone("line feed"))))
    }
}

/// What the inbox holds next.
#[derive(Debug)]
pub(super) enum Next {
    /// Not a whole line yet.
    Incomplete,
    /// More octets than the limit without a line feed.
    TooLong,
    Line(Line),
}

/// A reply cut off the front.
#[derive(Debug)]
pub(super) struct Taken {
    pub raw: Vec<u8>,
    /// In the bytes received on the connection.
    pub offset: u64,
}

impl Inbox {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.dead {
            self.before += bytes.len() as u64;
            return;
        }
        // Replies already taken are dropped here, once the gap is worth the move.
        if self.start > 4096 && self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.before += self.start as u64;
            self.cursor -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Everything from the start of the reply in progress.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// How many octets of the reply in progress have been read.
    pub fn read(&self) -> usize {
        self.cursor - self.start
    }

    /// What was expected where more was read of the reply in progress than may be kept.
    pub fn excess(&self, limits: &Limits) -> Option<String> {
        if self.read() > limits.reply {
            return Some(format!("expected a reply of at most {} octets", limits.reply));
        }
        (self.lines > limits.lines).then(|| format!("expected a reply of at most {} lines", limits.lines))
    }

    /// Reads the next line; `limit` counts its octets with the line end.
    pub fn line(&mut self, limit: usize) -> Next {
        if self.dead {
            return Next::Incomplete;
        }
        let available = self.bytes.len();
        let horizon = available.min(self.cursor.saturating_add(limit));
        let unseen = self.bytes.get(self.scanned.min(horizon)..horizon).unwrap_or_default();
        let Some(found) = memchr::memchr(b'\n', unseen) else {
            self.scanned = self.scanned.max(horizon);
            return if horizon - self.cursor >= limit { Next::TooLong } else { Next::Incomplete };
        };
        let feed = self.scanned.min(horizon) + found;
        let first = self.cursor;
        self.lines += 1;
        self.cursor = feed + 1;
        self.scanned = self.cursor;
        let text = self.bytes.get(first..feed).unwrap_or_default();
        let (content, ended) = match text.split_last() {
            Some((b'\r', content)) => (content, true),
            _ => (text, false),
        };
        let from = first - self.start;
        Next::Line(Line {
            content: from..from + content.len(),
            lone_return: memchr::memchr(b'\r', content).map(|at| from + at),
            lone_feed: (!ended).then(|| feed - self.start),
        })
    }

    /// Octets of the reply in progress, by positions [`Line`] gave.
    pub fn slice(&self, range: Range<usize>) -> &[u8] {
        self.pending().get(range).unwrap_or_default()
    }

    /// Passes over the octets of a literal; false as long as they are not all there.
    pub fn skip(&mut self, octets: usize) -> bool {
        if self.bytes.len() - self.cursor < octets {
            return false;
        }
        self.cursor += octets;
        self.scanned = self.cursor;
        true
    }

    /// Cuts off what has been read of the reply in progress.
    pub fn take(&mut self) -> Taken {
        let raw = self.bytes.get(self.start..self.cursor).unwrap_or_default().to_vec();
        let offset = self.before + self.start as u64;
        self.start = self.cursor;
        self.lines = 0;
        Taken { raw, offset }
    }

    /// Cuts off what has been read and at most `more` octets behind it, and gives up the connection.
    pub fn take_last(&mut self, more: usize) -> Taken {
        self.cursor = self.bytes.len().min(self.cursor.saturating_add(more));
        let taken = self.take();
        self.before += self.bytes.len() as u64;
        self.bytes = Vec::new();
        (self.start, self.cursor, self.scanned, self.dead) = (0, 0, 0, true);
        taken
    }

    /// Gives up everything that was not taken; it still counts in later offsets.
    pub fn clear(&mut self) -> Vec<u8> {
        let given_up = self.pending().to_vec();
        self.before += self.bytes.len() as u64;
        self.bytes.clear();
        (self.start, self.cursor, self.scanned, self.lines) = (0, 0, 0, 0);
        given_up
    }
}
