//! Bytes of messages: staged while they arrive, shared by copies, kept while someone reads them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use super::readers::lock;
use super::{Error, MailboxId, Message, Result, Store, Tx, sql};

/// The bytes of a message in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub(crate) i64);

/// How many holders each blob has that is to stay although nobody refers to it.
#[derive(Default)]
pub(crate) struct Holds(Mutex<HashMap<BlobId, usize>>);

/// Keeps bytes readable after their last message is expunged, until dropped. It does not survive the process.
pub struct Hold {
    store: Store,
    blobs: Vec<BlobId>,
}

/// A message that is being received: its bytes are in the store already, but in no mailbox and no queue.
///
/// What is dropped unfinished is removed, at the latest when the database is opened again.
pub struct Stage {
    hold: Hold,
    blob: BlobId,
    stored: u64,
    pending: Vec<u8>,
}

impl Store {
    /// The bytes of a message, or of a part of it.
    pub fn bytes(&self, blob: BlobId, range: Range<u64>) -> Result<Vec<u8>> {
        let end = i64::try_from(range.end).unwrap_or(i64::MAX);
        let start = i64::try_from(range.start).unwrap_or(i64::MAX);
        self.read(|connection| sql::blob::find(connection, blob.0, start..end)?.ok_or(Error::BlobGone))
    }

    /// How many bytes a message has.
    pub fn size(&self, blob: BlobId) -> Result<u64> {
        self.read(|connection| Ok(sql::blob::size(connection, blob.0)?.ok_or(Error::BlobGone)? as u64))
    }

    /// All bytes of a message.
    pub fn whole(&self, blob: BlobId) -> Result<Vec<u8>> {
        self.bytes(blob, 0..u64::MAX)
    }

    /// Keeps these bytes readable until the [`Hold`] is dropped; fails if some are gone already.
    pub fn hold(&self, blobs: Vec<BlobId>) -> Result<Hold> {
        let store = self.moving();
        self.write(move |tx| {
            for blob in &blobs {
                sql::blob::size(tx.connection, blob.0)?.ok_or(Error::BlobGone)?;
            }
            Ok(Hold::on(store, blobs))
        })
    }

    /// The messages of a mailbox with their sizes when every line ends with CRLF, and a hold on their bytes.
    pub(super) fn messages_held(&self, mailbox: MailboxId) -> Result<(Vec<(Message, u64)>, Hold)> {
        let store = self.moving();
        self.write(move |tx| {
            let messages = sql::message::all(tx.connection, mailbox)?;
            let blobs = messages.iter().map(|message| message.blob).collect();
            let sized = messages.into_iter().map(|message| {
                let size = sql::blob::crlf_size(tx.connection, message.blob.0)?;
                Ok((message, size as u64))
            });
            Ok((sized.collect::<Result<_>>()?, Hold::on(store, blobs)))
        })
    }

    /// Begins to receive a message.
    pub fn stage(&self) -> Result<Stage> {
        let store = self.moving();
        self.write(move |tx| {
            let blob = BlobId(sql::blob::create(tx.connection)?);
            Ok(Stage { hold: Hold::on(store, vec![blob]), blob, stored: 0, pending: Vec::new() })
        })
    }
}

impl Stage {
    /// Takes more bytes of the message.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= sql::blob::CHUNK { self.flush() } else { Ok(()) }
    }

    /// How many bytes were taken so far.
    pub fn size(&self) -> u64 {
        self.stored + self.pending.len() as u64
    }

    /// The message is whole. Its bytes stay until the hold is dropped, and longer if a mailbox or the queue has them by then.
    pub fn finish(mut self) -> Result<(BlobId, Hold)> {
        self.flush()?;
        Ok((self.blob, self.hold))
    }

    fn flush(&mut self) -> Result<()> {
        let (blob, at) = (self.blob.0, self.stored as i64);
        let bytes = std::mem::take(&mut self.pending);
        self.stored += bytes.len() as u64;
        self.hold.store.write(move |tx| sql::blob::push(tx.connection, blob, at, &bytes))
    }
}

impl Hold {
    /// Only called on the writer thread, so that no blob goes between the look and the hold.
    fn on(store: Store, blobs: Vec<BlobId>) -> Hold {
        {
            let mut held = lock(&store.inner.known.holds.0);
            for blob in &blobs {
                *held.entry(*blob).or_default() += 1;
            }
        }
        Hold { store, blobs }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut free = Vec::new();
        {
            let mut held = lock(&self.store.inner.known.holds.0);
            for blob in &self.blobs {
                let count = held.get_mut(blob).map(|count| {
                    *count -= 1;
                    *count
                });
                if count == Some(0) {
                    held.remove(blob);
                    free.push(*blob);
                }
            }
        }
        if !free.is_empty() {
            self.store.inner.writer.post(move |tx| free.iter().try_for_each(|blob| tx.remove_if_free(*blob)));
        }
    }
}

impl Tx<'_> {
    /// Stores the bytes of a message that `references` messages and queue entries are about to have.
    pub(crate) fn store_bytes(&self, bytes: &[u8], references: usize) -> Result<BlobId> {
        Ok(BlobId(sql::blob::insert(self.connection, bytes, references as i64)?))
    }

    /// Stores a message that is `head` and then `blob` without the octets `skipped` at its beginning. The bytes of `blob` are
    /// shared, and stay as long as the new message does. Gives its size too.
    pub(crate) fn store_headed(&self, head: &[u8], blob: BlobId, skipped: &[u8], references: usize) -> Result<(BlobId, u64)> {
        let made = sql::blob::insert_headed(self.connection, head, blob.0, skipped, references as i64)?;
        made.map(|(blob, size)| (BlobId(blob), size as u64)).ok_or(Error::BlobGone)
    }

    /// Counts one more message or queue entry that has these bytes.
    pub(crate) fn refer(&self, blob: BlobId) -> Result<()> {
        if sql::blob::add_reference(self.connection, blob.0)? { Ok(()) } else { Err(Error::BlobGone) }
    }

    /// Counts one less, and removes the bytes with the last one unless someone holds them.
    pub(crate) fn release(&self, blob: BlobId) -> Result<()> {
        if sql::blob::remove_reference(self.connection, blob.0)? == 0 { self.remove_if_free(blob) } else { Ok(()) }
    }

    fn remove_if_free(&self, blob: BlobId) -> Result<()> {
        if lock(&self.known.holds.0).contains_key(&blob) {
            return Ok(());
        }
        match sql::blob::remove_unreferenced(self.connection, blob.0)? {
            Some(base) => self.release(BlobId(base)),
            None => Ok(()),
        }
    }
}
