//! What final delivery writes before a message (RFC 5321 §4.4), without writing the message again.

use crate::mime;
use crate::store::{BlobId, Result, Tx, sql};

/// What is read of a message to find the end of its header section: first a little, then as much as it can have.
const PROBES: [i64; 2] = [64 * 1024, 4 * 1024 * 1024];

/// The message as it lies in mailboxes: `heading`, and the bytes of `blob`. Gives its size too.
pub(super) fn store(tx: &Tx<'_>, blob: BlobId, heading: &[u8], references: usize) -> Result<(BlobId, u64)> {
    let mut beginning = Vec::new();
    for probe in PROBES {
        beginning = sql::blob::read(tx.connection, blob.0, 0..probe)?;
        if (beginning.len() as i64) < probe || memchr::memmem::find(&beginning, b"\r\n\r\n").is_some() {
            break;
        }
    }
    let (head, skipped) = front(heading, &beginning);
    tx.store_headed(&head, blob, beginning.get(..skipped).unwrap_or_default(), references)
}

/// What stands before the message in a mailbox, and how many octets of the message it takes the place of. A Return-Path
/// that somebody else put there goes before ours comes: there can be only one that is true (RFC 5321 §4.4).
pub(super) fn front(heading: &[u8], message: &[u8]) -> (Vec<u8>, usize) {
    let mut front = heading.to_vec();
    let mut kept = 0;
    let foreign = mime::fields(message).filter(|field| !heading.is_empty() && field.name.eq_ignore_ascii_case(b"Return-Path"));
    for field in foreign {
        front.extend_from_slice(message.get(kept..field.range.start).unwrap_or_default());
        kept = field.range.end;
    }
    (front, kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let store_ = Store::memory().unwrap();
        let bytes = message.as_bytes().to_vec();
        let (blob, size) = store_
            .write(move |tx| {
                let blob = tx.store_bytes(&bytes, 0)?;
                store(tx, blob, b"Return-Path: <a@example.org>\r\n", 1)
            })
            .unwrap();
        let whole = store_.whole(blob).unwrap();
        assert_eq!(String::from_utf8_lossy(&whole), expected);
        assert_eq!(size, expected.len() as u64);
        for start in 0..expected.len() {
            let part = store_.bytes(blob, start as u64..start as u64 + 7).unwrap();
            assert_eq!(part, &expected.as_bytes()[start..expected.len().min(start + 7)], "from {start}");
        }
    }

    #[test]
    fn the_only_return_path_is_ours() {
        check("Subject: x\r\n\r\nbody\r\n", "Return-Path: <a@example.org>\r\nSubject: x\r\n\r\nbody\r\n");
        check(
            "A: 1\r\nreturn-path: <evil@example.com>\r\nB: 2\r\nReturn-Path:\r\n <folded>\r\nC: 3\r\n\r\nReturn-Path: text\r\n",
            "Return-Path: <a@example.org>\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\nReturn-Path: text\r\n",
        );
        check("", "Return-Path: <a@example.org>\r\n");
        let long = format!("Subject: {}\r\n\r\nbody\r\n", "x".repeat(100_000));
        let (front, skipped) = front(b"R: 1\r\n", long.as_bytes());
        assert_eq!((front.as_slice(), skipped), (&b"R: 1\r\n"[..], 0));
    }
}
