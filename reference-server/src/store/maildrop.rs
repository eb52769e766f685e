//! A maildrop: an account's INBOX, locked for one POP3 session (RFC 1939 §4).

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::names::INBOX;
use super::readers::lock;
use super::{Hold, MailboxId, Message, Result, Store, Uid};

/// The accounts whose maildrop is locked.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashSet<String>>);

/// A locked maildrop and its messages as they were when it was locked; dropping it unlocks.
///
/// The bytes of its messages stay readable even if another session expunges them meanwhile.
pub struct Maildrop {
    /// The UIDVALIDITY of the INBOX.
    pub uidvalidity: u32,
    /// The messages by UID, each with its size in octets when every line, the last one too, ends with CRLF.
    pub messages: Vec<(Message, u64)>,
    mailbox: MailboxId,
    store: Store,
    _hold: Hold,
    _lock: Option<Lock>,
}

struct Lock {
    account: String,
    locks: Arc<Locks>,
}

impl Store {
    /// Locks the account's maildrop. None if it is locked already.
    pub fn lock_maildrop(&self, account: &str) -> Result<Option<Maildrop>> {
        let locks = Arc::clone(&self.inner.maildrops);
        if !lock(&locks.0).insert(account.to_owned()) {
            return Ok(None);
        }
        let lock = Lock { account: account.to_owned(), locks };
        Ok(Some(self.open_maildrop(account, Some(lock))?))
    }

    /// Opens the account's maildrop whether it is locked or not: only for a server that is asked to misbehave.
    pub(crate) fn open_maildrop_unlocked(&self, account: &str) -> Result<Maildrop> {
        self.open_maildrop(account, None)
    }

    fn open_maildrop(&self, account: &str, lock: Option<Lock>) -> Result<Maildrop> {
        let inbox = self.mailbox(account, INBOX)?;
        let (messages, hold) = self.messages_held(inbox.id)?;
        let store = self.clone();
        Ok(Maildrop { uidvalidity: inbox.uidvalidity, messages, mailbox: inbox.id, store, _hold: hold, _lock: lock })
    }
}

impl Maildrop {
    /// The bytes of one of its messages.
    pub fn bytes(&self, message: &Message) -> Result<Vec<u8>> {
        self.store.whole(message.blob)
    }

    /// Removes these messages for good.
    pub fn remove(&self, uids: Vec<Uid>) -> Result<()> {
        self.store.remove(self.mailbox, uids).map(drop)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        lock(&self.locks.0).remove(&self.account);
    }
}
