//! Replies of a server under test, as the runner frames and reads them: the same in one piece and in several.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec::protocol::{Framer, Limits, framer};
use mailspec::suite::Protocol;
use mailspec_fuzz::pieces;

fn replies<'b>(protocol: Protocol, pieces: impl Iterator<Item = &'b [u8]>) -> Vec<Vec<u8>> {
    let limits = Limits { line: 4096, reply: 16 * 1024, lines: 100, replies: 1000, connection: 1 << 20 };
    let mut framer: Box<dyn Framer> = framer(protocol, limits);
    framer.sent(b"LIST", false);
    let mut replies = Vec::new();
    for piece in pieces {
        framer.push(piece);
        while let Some(reply) = framer.next() {
            replies.push(reply.raw);
        }
    }
    replies
}

fuzz_target!(|input: &[u8]| {
    for protocol in Protocol::ALL {
        let whole: Vec<u8> = pieces(input).flatten().copied().collect();
        let at_once = replies(protocol, std::iter::once(whole.as_slice()));
        assert_eq!(at_once, replies(protocol, pieces(input)), "{protocol}");
    }
});
