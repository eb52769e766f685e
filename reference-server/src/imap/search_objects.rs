//! SEARCH by object identifiers (RFC 8474 §6): which messages of the mailbox have them is looked up once, for all messages
//! together.

use super::context::{Context, refusal};
use super::grammar::search::Key;
use super::object_id::{email_id, thread_id};
use super::response::Status;
use super::selected::Selected;

/// Puts the messages that have an object identifier in its place.
pub fn resolve(keys: &mut [Key], selected: &Selected, context: &Context) -> Result<(), Status> {
    for key in keys {
        match key {
            Key::EmailId(wanted) => {
                let (mailbox, faults) = (selected.mailbox.id, context.faults());
                let has = selected.view.rows().filter(|(_, row)| email_id(&row.message, mailbox, faults) == *wanted);
                *key = Key::Among(has.map(|(_, row)| row.message.uid..=row.message.uid).collect());
            }
            Key::ThreadId(wanted) => {
                let blobs = selected.view.rows().map(|(_, row)| row.message.blob).collect();
                let threads = context.store.threads(selected.mailbox.id, blobs).map_err(refusal)?;
                let is_in = |blob| threads.get(blob).is_some_and(|thread| thread_id(*thread) == *wanted);
                let has = selected.view.rows().filter(|(_, row)| is_in(&row.message.blob));
                *key = Key::Among(has.map(|(_, row)| row.message.uid..=row.message.uid).collect());
            }
            Key::Not(key) | Key::Fuzzy(key) => resolve(std::slice::from_mut(key), selected, context)?,
            Key::Or(one, other) => {
                resolve(std::slice::from_mut(one), selected, context)?;
                resolve(std::slice::from_mut(other), selected, context)?;
            }
            Key::And(keys) => resolve(keys, selected, context)?,
            _ => {}
        }
    }
    Ok(())
}
