//! Replies of servers that mail is sent to: the same in one piece and in several, and nothing in them that a log or a
//! delivery status notification could be spoilt by.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec_fuzz::pieces;
use reference_server::relay::{Framer, Malformed, Reply};

/// The replies, and what came after them that is none.
fn replies<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Reply>, Option<Malformed>) {
    let mut framer = Framer::default();
    let mut replies = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(malformed) => return (replies, Some(malformed)),
            }
        }
    }
    (replies, None)
}

fuzz_target!(|input: &[u8]| {
    let whole: Vec<u8> = pieces(input).flatten().copied().collect();
    let at_once = replies(std::iter::once(whole.as_slice()));
    assert_eq!(at_once, replies(pieces(input)));
    for reply in at_once.0 {
        let diagnosis = reply.diagnosis("mail.example", "0.0");
        assert!(!reply.shown().chars().any(char::is_control) && !diagnosis.reason.chars().any(char::is_control));
        assert!(matches!(diagnosis.status.as_bytes(), [b'2' | b'4' | b'5', b'.', ..]), "{}", diagnosis.status);
    }
});
