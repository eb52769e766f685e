//! What was worked out of messages, kept in memory so that it can be told again without reading them. The octets of a blob
//! never change and its number is never given again, so nothing that is kept goes out of date.

use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Weighter};

use super::{BlobId, Store};

/// The most octets that are kept for all messages together: enough for the headers and forms of 20,000 usual ones.
const MOST: u64 = 32 * 1024 * 1024;

/// What is longer is not kept: one strange message should not put hundreds of others out.
const LONGEST: usize = 16 * 1024;

/// Octets that an entry costs beside those it keeps.
const OVERHEAD: u64 = 100;

/// What is kept of a message. Whatever makes a difference to the octets belongs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// Its header, with the empty line that ends it.
    Header,
    /// Its envelope, as FETCH tells it.
    Envelope,
    /// Its form, as FETCH tells BODY.
    Body,
    /// The same with the extension data.
    BodyStructure,
}

/// What is kept of all messages.
pub(super) struct Digests(Cache<(BlobId, Digest), Arc<[u8]>, Octets>);

impl Default for Digests {
    fn default() -> Self {
        // Room in its tables for what is put out first, of octets that an entry has as a rule.
        let entries = MOST as usize / 512;
        Digests(Cache::with(entries, MOST, Octets, DefaultHashBuilder::default(), Default::default()))
    }
}

#[derive(Clone)]
struct Octets;

impl Weighter<(BlobId, Digest), Arc<[u8]>> for Octets {
    fn weight(&self, _: &(BlobId, Digest), octets: &Arc<[u8]>) -> u64 {
        octets.len() as u64 + OVERHEAD
    }
}

impl Store {
    /// What is kept of a message, if it is. The message may be gone since.
    pub fn digest(&self, blob: BlobId, what: Digest) -> Option<Arc<[u8]>> {
        self.inner.known.digests.0.get(&(blob, what))
    }

    /// Keeps something of a message, as long as there is room.
    pub fn keep_digest(&self, blob: BlobId, what: Digest, octets: &Arc<[u8]>) {
        if octets.len() <= LONGEST {
            self.inner.known.digests.0.insert((blob, what), Arc::clone(octets));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_its_bounds() {
        let store = Store::memory().unwrap();
        let blob = BlobId;
        store.keep_digest(blob(1), Digest::Body, &Arc::from(*b"form"));
        assert_eq!(store.digest(blob(1), Digest::Body).as_deref(), Some(b"form".as_slice()));
        assert_eq!(store.digest(blob(1), Digest::BodyStructure), None);
        assert_eq!(store.digest(blob(2), Digest::Body), None);
        store.keep_digest(blob(2), Digest::Header, &Arc::from(vec![b'x'; LONGEST + 1]));
        assert_eq!(store.digest(blob(2), Digest::Header), None);
        for number in 0..10_000 {
            store.keep_digest(blob(number), Digest::Header, &Arc::from(vec![b'x'; LONGEST]));
        }
        let kept = (0..10_000).filter_map(|number| store.digest(blob(number), Digest::Header));
        let octets: usize = kept.map(|octets| octets.len()).sum();
        assert!((1..=MOST as usize).contains(&octets), "{octets}");
    }
}
