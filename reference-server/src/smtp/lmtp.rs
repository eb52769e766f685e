//! LMTP: the message is put into the mailboxes while the client waits, and each recipient is answered for itself
//! (RFC 2033 §4.2, §4.3).

use std::collections::HashMap;

use super::conversation::Conversation;
use super::intake::Flaw;
use super::reply::Reply;
use super::transaction::refusal;
use crate::faults::Fault;
use crate::mail::{Address, Envelope};
use crate::queue::Spooled;
use crate::store::{self, BlobId, Flags, Hold, NewMessage, Store};

/// One reply for each RCPT that was accepted, in their order, though the same recipient was named twice. A positive one means
/// that the message is in the mailbox; or, for an alias, that the queue has it for the members.
pub(super) fn deliver(conversation: &Conversation, envelope: Envelope, accepted: &[usize], message: Spooled) -> Vec<Reply> {
    let (blob, hold) = match stored(&conversation.store, message) {
        Ok(stored) => stored,
        Err(error) => {
            tracing::error!(%error, "a message could not be stored");
            return vec![refusal(Flaw::Storage, 0); accepted.len()];
        }
    };
    let mut told: HashMap<usize, Reply> = HashMap::new();
    let mut replies = Vec::with_capacity(accepted.len());
    for &index in accepted {
        let Some(recipient) = envelope.recipients.get(index) else { continue };
        let reply = told.entry(index).or_insert_with(|| {
            let delivered = put(conversation, &envelope, &recipient.address, blob);
            delivered.unwrap_or_else(|error| {
                if error == store::Error::OverQuota {
                    return full(&recipient.address);
                }
                tracing::error!(%error, recipient = %recipient.address, "a message could not be delivered");
                refusal(Flaw::Storage, 0)
            })
        });
        replies.push(reply.clone());
    }
    drop(hold);
    if conversation.broken(Fault::SmtpLmtpOneReply) {
        replies.truncate(1);
    }
    replies
}

/// RFC 3463 §3.3: a mailbox that is full is a persistent transient failure, for the recipient can make room.
pub(super) fn full(recipient: &Address) -> Reply {
    Reply::new(452, "4.2.2", format!("The mailbox <{recipient}> is full"))
}

/// Puts the message where mail for the address goes.
fn put(conversation: &Conversation, envelope: &Envelope, recipient: &Address, blob: BlobId) -> store::Result<Reply> {
    let accounts = &conversation.site.accounts;
    if accounts.alias(recipient).is_some() {
        let only = envelope.recipients.iter().filter(|known| known.address == *recipient).cloned().collect();
        let envelope = Envelope { recipients: only, ..envelope.clone() };
        let entry = conversation.queue.accept(envelope, Spooled::Memory(conversation.store.whole(blob)?))?;
        return Ok(Reply::new(250, "2.1.5", format!("<{recipient}> stands for others; queue entry {entry}")));
    }
    let Some(account) = accounts.recipient(recipient) else {
        return Ok(Reply::new(550, "5.1.1", format!("There is no mailbox <{recipient}>")));
    };
    let date = conversation.site.clock.now();
    let message = NewMessage { body: store::Body::Stored(blob), flags: Flags::default(), date, saved: Some(date) };
    conversation.store.deliver(account.name(), message)?;
    Ok(Reply::new(250, "2.1.5", format!("Delivered to <{recipient}>")))
}

/// The bytes of the message in the store, in no mailbox yet.
fn stored(store: &Store, message: Spooled) -> store::Result<(BlobId, Hold)> {
    match message {
        Spooled::Staged(stage) => stage.finish(),
        Spooled::Memory(bytes) => {
            let mut stage = store.stage()?;
            stage.push(&bytes)?;
            stage.finish()
        }
    }
}
