//! Annotations of mailboxes and of the server (RFC 5464): entries that everybody sees, and entries of one user.

use super::special_use::SPECIAL_USE;
use super::{Error, Happening, MailboxId, Result, SpecialUse, Store, Tx, sql};

/// The most octets of a value; a server takes at least 1024 (RFC 5464 §4.1).
pub const LONGEST_ANNOTATION: usize = 16 * 1024;

/// The most entries of one scope on a mailbox or on the server; a server takes at least 10 (RFC 5464 §4.1).
const MOST: usize = 100;

/// What stands for the server where a mailbox is named.
pub const THE_SERVER: MailboxId = MailboxId(0);

/// An entry and its value.
pub type Annotation = (String, Vec<u8>);

impl Store {
    /// What a user sees of a mailbox or of [`THE_SERVER`], by name.
    pub fn annotations(&self, mailbox: MailboxId, user: &str) -> Result<Vec<Annotation>> {
        self.read(|connection| {
            let mut all = sql::annotation::all(connection, mailbox, user)?;
            all.extend(sql::annotation::all(connection, mailbox, "")?);
            Ok(all)
        })
    }

    /// What anybody noted: only for a server that is asked to misbehave.
    pub(crate) fn annotations_of_everybody(&self, mailbox: MailboxId) -> Result<Vec<Annotation>> {
        self.read(|connection| sql::annotation::of_everybody(connection, mailbox))
    }

    /// Sets entries, or removes those without a value: all of them or none. The names are in small letters.
    pub fn set_annotations(&self, mailbox: MailboxId, user: &str, entries: Vec<(String, Option<Vec<u8>>)>) -> Result<()> {
        let user = user.to_owned();
        self.write(move |tx| {
            for (entry, value) in &entries {
                tx.set_annotation(mailbox, &user, entry, value.as_deref())?;
            }
            Ok(())
        })
    }
}

impl Tx<'_> {
    fn set_annotation(&self, mailbox: MailboxId, user: &str, entry: &str, value: Option<&[u8]>) -> Result<()> {
        let owner = if is_private(entry) { user } else { "" };
        if entry == SPECIAL_USE {
            // "It MUST NOT just blindly accept setting of these metadata by clients" (RFC 6154 §4).
            let list = String::from_utf8_lossy(value.unwrap_or_default());
            let uses = SpecialUse::read_list(&list).map_err(|unknown| Error::UnknownUse(unknown.to_string()))?;
            return self.set_special_use(user, mailbox, &uses).map(drop);
        }
        let Some(value) = value else {
            if sql::annotation::remove(self.connection, mailbox, owner, entry)? {
                self.annotated(mailbox, owner, entry)?;
            }
            return Ok(());
        };
        sql::annotation::set(self.connection, mailbox, owner, entry, value)?;
        self.annotated(mailbox, owner, entry)?;
        match sql::annotation::all(self.connection, mailbox, owner)?.len() > MOST {
            true => Err(Error::TooManyAnnotations),
            false => Ok(()),
        }
    }

    /// Says that an annotation of a user changed, or, without a name, one of everybody.
    pub(super) fn annotated(&self, mailbox: MailboxId, user: &str, entry: &str) -> Result<()> {
        let place = self.place_of(mailbox)?;
        if place.is_some() || mailbox == THE_SERVER {
            let user = (!user.is_empty()).then(|| user.to_owned());
            self.happened(Happening::Annotated { mailbox: place, user, entry: entry.to_owned() });
        }
        Ok(())
    }
}

/// Whether an entry is of one user alone.
pub fn is_private(entry: &str) -> bool {
    entry.starts_with("/private/")
}
