//! DEFLATE in both directions of a connection (RFC 4978, RFC 1951).

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The state of both directions.
pub(super) struct Deflate {
    compress: Compress,
    decompress: Decompress,
    /// What came and is not decompressed.
    received: Vec<u8>,
    /// We have ended ours.
    finished: bool,
    /// The other end has ended its compressed data: what follows is in clear.
    ended: bool,
}

impl Deflate {
    pub fn new() -> Deflate {
        // RFC 4978 §4: without the header of zlib.
        Deflate {
            compress: Compress::new(Compression::fast(), false),
            decompress: Decompress::new(false),
            received: Vec::new(),
            finished: false,
            ended: false,
        }
    }

    /// The bytes as they are sent, so that the other end can read all of them at once.
    pub fn compressed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.run(bytes, FlushCompress::Sync)
    }

    /// Whether what is sent is still compressed.
    pub fn sends(&self) -> bool {
        !self.finished
    }

    /// The end of what is sent compressed. What the other end sends is read as it comes: compressed until its end, too.
    pub fn end(&mut self) -> io::Result<Vec<u8>> {
        self.finished = true;
        self.run(&[], FlushCompress::Finish)
    }

    fn run(&mut self, mut bytes: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            out.reserve(bytes.len() / 2 + 64);
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(bytes, &mut out, flush).map_err(io::Error::other)?;
            let taken = (self.compress.total_in() - before) as usize;
            bytes = bytes.get(taken..).unwrap_or_default();
            // Room that is left says that nothing waits for more.
            if status == Status::StreamEnd || bytes.is_empty() && out.len() < out.capacity() {
                return Ok(out);
            }
        }
    }

    /// Takes bytes as they came.
    pub fn received(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// Decompresses as much as the buffer takes; 0: more must come.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            let count = self.received.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(self.received.drain(..count)) {
                *to = from;
            }
            return Ok(count);
        }
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "what the server sent is not compressed with DEFLATE");
        loop {
            let (taken, given) = (self.decompress.total_in(), self.decompress.total_out());
            let status = self.decompress.decompress(&self.received, buffer, FlushDecompress::Sync);
            self.ended = status.map_err(wrong)? == Status::StreamEnd;
            let (taken, given) = (self.decompress.total_in() - taken, self.decompress.total_out() - given);
            self.received.drain(..taken as usize);
            // Something may go in and nothing come out; and what follows the end is in clear.
            if given > 0 || taken == 0 || self.received.is_empty() {
                return Ok(given as usize);
            }
            if self.ended {
                return self.read(buffer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_understand_each_other_octet_by_octet() {
        let (mut one, mut other) = (Deflate::new(), Deflate::new());
        let text = "a1 NOOP\r\n".repeat(2000);
        let mut read = Vec::new();
        let mut buffer = [0; 100];
        for sent in [one.compressed(text.as_bytes()).unwrap(), one.compressed(b"a2 LOGOUT\r\n").unwrap(), one.end().unwrap()] {
            for octet in sent {
                other.received(&[octet]);
                loop {
                    let count = other.read(&mut buffer).unwrap();
                    if count == 0 {
                        break;
                    }
                    read.extend_from_slice(&buffer[..count]);
                }
            }
        }
        assert_eq!(String::from_utf8(read).unwrap(), text + "a2 LOGOUT\r\n");
        other.received(b"in clear");
        let count = other.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"in clear");
        assert!(!one.sends() && other.sends());
    }

    #[test]
    fn clear_text_is_not_taken_for_compressed() {
        let mut deflate = Deflate::new();
        // A block that is stored as it is, by its first octet, and not of a length that is repeated.
        deflate.received(b"a2 OK in clear\r\n");
        assert!(deflate.read(&mut [0; 100]).is_err());
    }
}
