//! Framing does not depend on how the bytes were cut, and no bytes make it panic.

use proptest::prelude::*;

use super::*;

/// Bytes that look like protocol more often than chance would have it.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "250 ok\r\n",
        "250-a\r\n",
        "250",
        "-",
        "+OK\r\n",
        "-ERR no\r\n",
        "+ \r\n",
        ".\r\n",
        "..\r\n",
        "a\r\n",
        "* ",
        "1 ",
        "OK ",
        "FETCH (",
        "UID 5",
        " BODY[] {3}\r\n",
        "abc",
        ")",
        "(",
        "\"",
        "\\",
        "\r\n",
        "\n",
        "\r",
        "{2}\r\n",
        "~{1}\r\n",
        "NIL",
        "a1 NO x\r\n",
        "* LIST () \"/\" a\r\n",
        "[X]",
        "{99}\r\n",
        "* 2 EXISTS\r\n",
        "* OK [UIDNEXT 5] x\r\n",
        " ",
        "<0>",
        "]",
        "[",
    ]);
    let piece = prop_oneof![9 => pieces.prop_map(|p| p.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 1..4)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn all(protocol: Protocol, chunks: &[&[u8]]) -> (Vec<Reply>, Vec<u8>) {
    let mut framer = framer(protocol, Limits { line: 48, reply: 160, ..Limits::default() });
    for command in ["CAPA", "RETR 1", "NOOP", "AUTH X", "data", "LIST", "UIDL"] {
        framer.sent(command.as_bytes(), false);
    }
    let mut replies = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        replies.extend(std::iter::from_fn(|| framer.next()));
    }
    (replies, framer.pending().to_vec())
}

proptest! {
    #[test]
    fn every_split_gives_the_same_replies(wire in wire(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        places.extend([0, wire.len()]);
        places.sort_unstable();
        let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect();
        let bytewise: Vec<&[u8]> = wire.chunks(1).collect();
        for protocol in Protocol::ALL {
            let whole = all(protocol, &[&wire]);
            prop_assert_eq!(&all(protocol, &chunks), &whole);
            prop_assert_eq!(&all(protocol, &bytewise), &whole);
            // What was received is either in a reply or pending, unless framing was given up.
            let fatal = |reply: &Reply| matches!(&reply.parsed, Parsed::Malformed(m) if m.fatal);
            if !whole.0.iter().any(fatal) {
                let mut again: Vec<u8> = whole.0.iter().flat_map(|reply| reply.raw.clone()).collect();
                again.extend(&whole.1);
                prop_assert_eq!(again, wire.clone());
            }
            let offsets: Vec<u64> = whole.0.iter().map(|reply| reply.offset).collect();
            let starts = whole.0.iter().scan(0, |at, reply| { let start = *at; *at += reply.raw.len() as u64; Some(start) });
            prop_assert_eq!(offsets, starts.collect::<Vec<_>>());
            whole.0.iter().for_each(|reply| { render(reply); });
        }
    }
}
