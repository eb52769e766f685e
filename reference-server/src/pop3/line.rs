//! Cutting what the client sends into lines, however it was split.

use memchr::memmem;

/// What the client has sent and nobody has looked at yet.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// How much of the buffer is known to hold no CRLF.
    searched: usize,
    /// How much of an over-long line was thrown away.
    dropped: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its CRLF.
    Line(Vec<u8>),
    /// A line that was longer than allowed; it is over now, and gone.
    TooLong,
    /// A line that went on past all patience.
    Endless,
    /// Nothing, until more is received.
    Nothing,
}

/// The most octets of one line that are read over in search of its end.
const ENDLESS: usize = 64 * 1024;

impl Lines {
    /// Takes what was received.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets everything that was received and not used.
    pub(super) fn clear(&mut self) {
        *self = Lines::default();
    }

    /// Whether something is buffered that may be a line.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next line of at most `longest` octets, its CRLF counted.
    ///
    /// Only CRLF ends a line (RFC 1939 §3); a CR or LF alone is part of it and makes the command invalid.
    pub(super) fn next(&mut self, longest: usize) -> Next {
        let Some(at) = memmem::find(self.buffer.get(self.searched..).unwrap_or_default(), b"\r\n") else {
            // The last octet may be the CR of a CRLF that is under way.
            self.searched = self.buffer.len().saturating_sub(1);
            if self.buffer.len() > longest {
                self.dropped += self.searched;
                self.buffer.drain(..self.searched);
                self.searched = 0;
            }
            return if self.dropped > ENDLESS { Next::Endless } else { Next::Nothing };
        };
        let end = self.searched + at;
        let mut line: Vec<u8> = self.buffer.drain(..end + 2).collect();
        line.truncate(end);
        self.searched = 0;
        let length = std::mem::take(&mut self.dropped) + end + 2;
        if length > longest { Next::TooLong } else { Next::Line(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(chunks: &[&[u8]], longest: usize) -> Vec<Next> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for chunk in chunks {
            lines.push(chunk);
            loop {
                match lines.next(longest) {
                    Next::Nothing => break,
                    next => found.push(next),
                }
            }
        }
        found
    }

    #[test]
    fn the_limit_counts_the_crlf() {
        assert_eq!(
            all(&[b"12345678\r\n123456789\r\nx\r\n"], 10),
            [Next::Line(b"12345678".into()), Next::TooLong, Next::Line(b"x".into())]
        );
        assert_eq!(all(&[b"a\nb\rc\r\n"], 10), [Next::Line(b"a\nb\rc".into())]);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut lines = Lines::default();
        let mut ended = 0;
        for _ in 0..1000 {
            lines.push(&[b'x'; 1000]);
            ended += usize::from(lines.next(255) == Next::Endless);
            assert!(lines.buffer.len() <= 1255);
        }
        assert!(ended > 900);
    }

    proptest! {
        #[test]
        fn the_split_does_not_matter(
            text in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..60),
            cuts in proptest::collection::vec(0..60_usize, 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(all(&chunks, 8), all(&[&text], 8));
        }
    }
}
