//! The header of a message in the store.

use crate::mime;
use crate::store::{self, BlobId, Digest, Store};
use std::sync::Arc;

/// Enough octets for nearly every header, and for nearly all others.
const STEPS: [u64; 3] = [8 * 1024, 128 * 1024, u64::MAX];

/// The header of a message with the empty line that ends it, read without the body as far as that can be.
pub fn stored_header(store: &Store, blob: BlobId) -> store::Result<Arc<[u8]>> {
    if let Some(kept) = store.digest(blob, Digest::Header) {
        return Ok(kept);
    }
    for length in STEPS {
        let octets = store.bytes(blob, 0..length)?;
        let end = mime::header_end(&octets);
        if end < octets.len() || (octets.len() as u64) < length {
            let header = Arc::from(octets.get(..end).unwrap_or_default());
            store.keep_digest(blob, Digest::Header, &header);
            return Ok(header);
        }
    }
    Ok(Arc::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Body, Flags, INBOX, NewMessage};
    use rstest::rstest;
    use time::OffsetDateTime;

    #[rstest]
    #[case(0)]
    #[case(8_100)]
    #[case(8_200)]
    #[case(130_000)]
    #[case(140_000)]
    fn headers_are_read_whole_however_long(#[case] length: usize) {
        let store = Store::memory().unwrap();
        let inbox = store.mailbox("alice", INBOX).unwrap();
        let header = format!("Subject: {}\r\nTo: last\r\n\r\n", "x".repeat(length));
        let octets = format!("{header}{}", "body\r\n".repeat(50_000)).into_bytes();
        let date = OffsetDateTime::UNIX_EPOCH;
        store.append(inbox.id, vec![NewMessage { body: Body::Bytes(octets), flags: Flags::none(), date, saved: None }]).unwrap();
        let message = store.messages(inbox.id).unwrap().remove(0);
        assert_eq!(*stored_header(&store, message.blob).unwrap(), *header.as_bytes());
    }
}
