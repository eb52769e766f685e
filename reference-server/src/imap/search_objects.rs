//! SEARCH by object identifiers (RFC 8474 §6): which messages of the mailbox have them is looked up once, for all messages
//! together.

use super::context::{Context, refusal};
use super::grammar::search::Key;
use super::object_id::{email_id, thread_id};
use super::response::Status;
use super::selected::Selected;

/// Whether some of the keys ask for object identifiers.
pub fn has_objects(keys: &[Key]) -> bool {
    has(keys, |key| matches!(key, Key::EmailId(_) | Key::ThreadId(_)))
}

/// Whether some of the keys ask for save dates.
pub fn has_save_dates(keys: &[Key]) -> bool {
    has(keys, |key| matches!(key, Key::Saved(..) | Key::SaveDateSupported))
}

fn has(keys: &[Key], wanted: fn(&Key) -> bool) -> bool {
    keys.iter().any(|key| match key {
        Key::Not(key) => has(std::slice::from_ref(key), wanted),
        Key::Or(one, other) => has(std::slice::from_ref(one), wanted) || has(std::slice::from_ref(other), wanted),
        Key::And(keys) => has(keys, wanted),
        key => wanted(key),
    })
}

/// Puts the messages that have an object identifier in its place.
pub fn resolve(keys: &mut [Key], selected: &Selected, context: &Context) -> Result<(), Status> {
    for key in keys {
        match key {
            Key::EmailId(wanted) => {
                let (mailbox, faults) = (selected.mailbox.id, context.faults());
                let has = selected.view.rows().filter(|(_, row)| email_id(&row.message, mailbox, faults) == *wanted);
                *key = Key::AmongUids(has.map(|(_, row)| row.message.uid).collect());
            }
            Key::ThreadId(wanted) => {
                let blobs = selected.view.rows().map(|(_, row)| row.message.blob).collect();
                let threads = context.store.threads(selected.mailbox.id, blobs).map_err(refusal)?;
                let is_in = |blob| threads.get(blob).is_some_and(|thread| thread_id(*thread) == *wanted);
                let has = selected.view.rows().filter(|(_, row)| is_in(&row.message.blob));
                *key = Key::AmongUids(has.map(|(_, row)| row.message.uid).collect());
            }
            Key::Not(key) => resolve(std::slice::from_mut(key), selected, context)?,
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
