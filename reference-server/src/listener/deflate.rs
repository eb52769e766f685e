//! The compression of a connection that its session has asked for (RFC 4978): DEFLATE without a header (RFC 1951), below
//! the session and above TLS.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Decompressed octets that are handed over at a time: little input may become a thousand times as much.
const PIECE: usize = 16 * 1024;

/// Both directions of a compressed connection.
pub(super) struct Deflate {
    compress: Compress,
    decompress: Decompress,
    /// What came and is not decompressed.
    received: Vec<u8>,
    /// Decompressing gave all the room held, so that there may be more.
    more: bool,
    /// What is sent is compressed no more.
    finished: bool,
    /// What is received is compressed no more.
    ended: bool,
}

impl Deflate {
    pub fn new() -> Deflate {
        Deflate {
            compress: Compress::new(Compression::fast(), false),
            decompress: Decompress::new(false),
            received: Vec::new(),
            more: false,
            finished: false,
            ended: false,
        }
    }

    /// The octets as they are sent, so that the client can read all of them at once.
    pub fn compressed(&mut self, octets: &[u8]) -> io::Result<Vec<u8>> {
        self.run(octets, FlushCompress::Sync)
    }

    /// Whether what is sent is still compressed.
    pub fn sends(&self) -> bool {
        !self.finished
    }

    /// The last octets that are sent compressed. What the client sends is read as it comes: it may have ended its compression
    /// already, or do so yet.
    pub fn compressed_last(&mut self, octets: &[u8]) -> io::Result<Vec<u8>> {
        self.finished = true;
        self.run(octets, FlushCompress::Finish)
    }

    fn run(&mut self, mut octets: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            out.reserve(octets.len() / 2 + 64);
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(octets, &mut out, flush).map_err(io::Error::other)?;
            octets = octets.get((self.compress.total_in() - before) as usize..).unwrap_or_default();
            // Room that is left says that nothing waits for more.
            if status == Status::StreamEnd || octets.is_empty() && out.len() < out.capacity() {
                return Ok(out);
            }
        }
    }

    /// Takes octets as they came.
    pub fn received(&mut self, octets: &[u8]) {
        self.received.extend_from_slice(octets);
        self.more = true;
    }

    /// What came and was not read is not to be read any more: it came before a TLS handshake.
    pub fn forget(&mut self) {
        self.received.clear();
        self.more = false;
    }

    /// The next octets that the client said; `None` until more come.
    pub fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !std::mem::take(&mut self.more) {
            return Ok(None);
        }
        if self.ended {
            let rest = std::mem::take(&mut self.received);
            return Ok((!rest.is_empty()).then_some(rest));
        }
        let mut piece = vec![0; PIECE];
        let (taken, given) = (self.decompress.total_in(), self.decompress.total_out());
        let status = self.decompress.decompress(&self.received, &mut piece, FlushDecompress::Sync);
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "the client's octets are not compressed");
        self.ended = status.map_err(wrong)? == Status::StreamEnd;
        let taken = (self.decompress.total_in() - taken) as usize;
        self.received.drain(..taken);
        piece.truncate((self.decompress.total_out() - given) as usize);
        // All there was room for came out, or not all that came went in.
        let progress = taken > 0 || !piece.is_empty();
        self.more = piece.len() == PIECE || progress && !self.received.is_empty();
        Ok((!piece.is_empty() || self.more).then_some(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(deflate: &mut Deflate) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = deflate.next().unwrap() {
            assert!(piece.len() <= PIECE);
            all.extend(piece);
        }
        all
    }

    #[test]
    fn what_is_compressed_is_read_again_in_pieces() {
        let (mut one, mut other) = (Deflate::new(), Deflate::new());
        let long = vec![b'x'; 10 * PIECE];
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        for octets in [long, noise.take(13 * PIECE + 5).collect()] {
            let compressed = one.compressed(&octets).unwrap();
            let mut seen = Vec::new();
            for piece in compressed.chunks(16_000) {
                other.received(piece);
                seen.extend(read(&mut other));
            }
            assert_eq!(seen, octets);
        }
        for octet in one.compressed(b"a1 NOOP\r\n").unwrap() {
            other.received(&[octet]);
        }
        assert_eq!(read(&mut other), b"a1 NOOP\r\n");
        let mut last = one.compressed_last(b"a2 UNAUTHENTICATE\r\n").unwrap();
        last.extend(b"a3 NOOP\r\n");
        other.received(&last);
        assert_eq!(read(&mut other), b"a2 UNAUTHENTICATE\r\na3 NOOP\r\n");
        assert!(!one.sends() && other.sends());
    }

    #[test]
    fn garbage_is_an_error() {
        let mut deflate = Deflate::new();
        deflate.received(b"a1 NOOP\r\n");
        assert!(deflate.next().is_err());
    }
}
