//! Looking at the queue and changing it: list, show, hold, release, delete, flush.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::desk::Note;
use super::dsn::{Action, Report};
use super::notify::{Event, is_told};
use super::record::{self, instant, millis};
use super::settle::{self, Terms};
use super::spool::Due;
use super::{Courier, Diagnosis, EntryId, Queue, dsn};
use crate::store::sql::queue::{self as table, EntryRow, NEVER, RecipientRow};
use crate::store::{Result, Tx, sql};

/// Which part of the queue is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    All,
    Entry(EntryId),
    /// Recipients of this domain.
    Destination(String),
}

/// An entry of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub id: EntryId,
    #[serde(with = "time::serde::rfc3339")]
    pub accepted: OffsetDateTime,
    /// Octets of the message; `None`: they are gone.
    pub size: Option<u64>,
    /// `None` is the null reverse-path.
    pub reverse_path: Option<String>,
    pub envid: Option<String>,
    pub priority: Option<i8>,
    pub require_tls: bool,
    pub recipients: Vec<ListedRecipient>,
}

/// A recipient that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRecipient {
    pub address: String,
    pub destination: String,
    pub attempts: u32,
    /// When it is tried next; `None`: it is held.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due: Option<OffsetDateTime>,
    pub held: Held,
    /// Somebody works on it now.
    pub sending: bool,
    /// What the last attempt came to, status and reason.
    pub last: Option<(String, String)>,
}

/// Why a recipient is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    No,
    /// Somebody wanted it.
    Yes,
    /// What is stored of it makes no sense.
    Unreadable,
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub entries: u64,
    pub recipients: u64,
}

/// Entries worked on in one commit, so that mail that comes meanwhile does not wait long.
const BATCH: usize = 256;

impl Queue {
    /// How many entries and recipients wait.
    pub fn overview(&self) -> Result<Overview> {
        let (entries, recipients) = self.store.read(table::count)?;
        Ok(Overview { entries, recipients })
    }

    /// Entries of the selection after this one, in the order of their numbers, at most so many.
    pub fn list(&self, selection: &Selection, after: Option<EntryId>, most: usize) -> Result<Vec<Listed>> {
        let after = after.map_or(0, |id| id.0);
        self.store.read(|connection| {
            let ids = chosen(connection, selection, after, most)?;
            let listed = ids.into_iter().map(|id| {
                let Some(row) = table::find(connection, id)? else { return Ok(None) };
                let recipients = table::recipients(connection, id)?;
                Ok(Some(self.listed(id, row.clone(), recipients, sql::blob::size(connection, row.blob)?)))
            });
            Ok(listed.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }

    /// An entry, if it is in the queue.
    pub fn show(&self, id: EntryId) -> Result<Option<Listed>> {
        Ok(self.list(&Selection::Entry(id), None, 1)?.pop())
    }

    /// The beginning of an entry's message, at most so many octets.
    pub fn beginning(&self, id: EntryId, most: u64) -> Result<Option<Vec<u8>>> {
        self.store.read(|connection| {
            let Some(row) = table::find(connection, id.0)? else { return Ok(None) };
            sql::blob::read(connection, row.blob, 0..i64::try_from(most).unwrap_or(i64::MAX)).map(Some)
        })
    }

    /// Has nobody try these until they are released. Gives how many recipients that changed.
    pub fn hold(&self, selection: Selection) -> Result<usize> {
        self.change(selection, |tx, id, row| {
            let changes = row.held == 0;
            if changes {
                table::set_held(tx.connection, id, &row.address, 1, NEVER)?;
            }
            Ok(changes)
        })
    }

    /// Ends a hold: these are due now. Gives how many recipients that changed.
    pub fn release(&self, selection: Selection) -> Result<usize> {
        let now = self.clock.now();
        self.change(selection, move |tx, id, row| {
            let changes = row.held != 0;
            if changes {
                table::set_held(tx.connection, id, &row.address, 0, millis(now))?;
                // What has become of time meanwhile is seen to.
                let told = table::find(tx.connection, id)?.map_or(0, |entry| entry.told);
                table::set_event(tx.connection, id, told, Some(millis(now)))?;
            }
            Ok(changes)
        })
    }

    /// Has these tried now, whatever was known of their destinations; held ones stay held. Gives how many recipients.
    pub fn flush(&self, selection: Selection) -> Result<usize> {
        let now = self.clock.now();
        let destinations = match &selection {
            Selection::All => vec![None],
            Selection::Destination(name) => vec![Some(name.to_ascii_lowercase())],
            Selection::Entry(id) => {
                let rows = self.store.read(|connection| table::recipients(connection, id.0))?;
                rows.into_iter().map(|row| Some(row.destination)).collect()
            }
        };
        let flushed = self.change(selection, move |tx, id, row| {
            if row.held == 0 {
                table::set_due(tx.connection, id, &row.address, millis(now))?;
            }
            Ok(row.held == 0)
        })?;
        self.desk.leave(destinations.into_iter().map(Note::Forget));
        Ok(flushed)
    }

    /// Removes these. `notify`: their senders are told, as of a failure. Gives how many recipients.
    pub fn delete(&self, selection: Selection, notify: Option<dsn::Sender>) -> Result<usize> {
        let terms = notify.map(|sender| Terms {
            sender,
            schedule: self.schedule,
            courier: self.courier.clone().unwrap_or_else(|| std::sync::Arc::new(Nobody)),
            now: self.clock.now(),
        });
        self.each_batch(selection, move |tx, id, rows, due| {
            let entry = table::find(tx.connection, id)?.map(|row| record::entry(id, &row, rows));
            for row in rows {
                table::remove_recipient(tx.connection, id, &row.address)?;
            }
            // Of an entry that cannot be read nobody can be told.
            if let (Some(Ok(entry)), Some(terms)) = (entry, &terms) {
                let told = entry.recipients.iter().zip(rows).filter(|(waiting, _)| is_told(waiting.notify, Event::Failed, false));
                let reports = told.map(|(waiting, row)| Report {
                    recipient: waiting.clone(),
                    action: Action::Failed,
                    diagnosis: Diagnosis::local("5.0.0", "the postmaster has removed it from the queue"),
                    tried: row.tried.map(instant),
                });
                due.extend(settle::tell(tx, &entry, reports.collect(), terms)?);
            }
            settle::remove_if_settled(tx, id)?;
            Ok(rows.len())
        })
    }

    fn change(
        &self,
        selection: Selection,
        change: impl Fn(&Tx<'_>, i64, &RecipientRow) -> Result<bool> + Clone + Send + 'static,
    ) -> Result<usize> {
        self.each_batch(selection, move |tx, id, rows, due| {
            let mut changed = 0;
            for row in rows {
                if change(tx, id, row)? {
                    changed += 1;
                    let now = table::find_recipient(tx.connection, id, &row.address)?;
                    due.extend(now.filter(|row| row.due != NEVER).map(|row| (row.destination, instant(row.due))));
                }
            }
            Ok(changed)
        })
    }

    /// Calls `work` for each selected entry with its selected recipients, some entries in one commit.
    fn each_batch(
        &self,
        selection: Selection,
        work: impl Fn(&Tx<'_>, i64, &[RecipientRow], &mut Due) -> Result<usize> + Clone + Send + 'static,
    ) -> Result<usize> {
        // Notifications that are queued meanwhile are not meant.
        let end = self.store.read(table::last)?;
        let (mut after, mut total) = (0, 0);
        loop {
            let (selection, work) = (selection.clone(), work.clone());
            let (last, count, mut due) = self.store.write(move |tx| {
                let mut ids = chosen(tx.connection, &selection, after, BATCH)?;
                ids.retain(|id| *id <= end);
                let (mut count, mut due) = (0, Vec::new());
                for id in &ids {
                    let mut rows = table::recipients(tx.connection, *id)?;
                    if let Selection::Destination(name) = &selection {
                        rows.retain(|row| row.destination.eq_ignore_ascii_case(name));
                    }
                    count += work(tx, *id, &rows, &mut due)?;
                }
                Ok((ids.last().copied(), count, due))
            })?;
            total += count;
            due.sort();
            due.dedup();
            self.desk.announce(due);
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        self.desk.ring();
        Ok(total)
    }

    fn listed(&self, id: i64, row: EntryRow, recipients: Vec<RecipientRow>, size: Option<i64>) -> Listed {
        let recipients = recipients.into_iter().map(|row| ListedRecipient {
            due: (row.due != NEVER).then(|| instant(row.due)),
            held: match row.held {
                0 => Held::No,
                1 => Held::Yes,
                _ => Held::Unreadable,
            },
            sending: self.desk.is_leased(id, &row.destination),
            last: row.diagnosis.map(|diagnosis| (diagnosis.status, diagnosis.reason)),
            address: row.address,
            destination: row.destination,
            attempts: row.attempts,
        });
        Listed {
            id: EntryId(id),
            accepted: instant(row.accepted),
            size: size.map(|size| size as u64),
            reverse_path: row.reverse_path,
            envid: row.envid,
            priority: row.priority,
            require_tls: row.tls == 1,
            recipients: recipients.collect(),
        }
    }
}

fn chosen(connection: &rusqlite::Connection, selection: &Selection, after: i64, most: usize) -> Result<Vec<i64>> {
    match selection {
        Selection::All => table::after(connection, after, most),
        Selection::Destination(name) => table::after_at(connection, after, &name.to_ascii_lowercase(), most),
        Selection::Entry(id) if id.0 > after => Ok(table::find(connection, id.0)?.map(|_| id.0).into_iter().collect()),
        Selection::Entry(_) => Ok(Vec::new()),
    }
}

/// The courier of a queue that nobody serves: notifications wait for a server.
struct Nobody;

impl Courier for Nobody {
    fn route(&self, _: &crate::mail::Address) -> super::Route {
        super::Route::Later(Diagnosis::local("4.3.2", "the server does not run"))
    }

    fn heading(&self, _: Option<&crate::mail::Address>) -> Vec<u8> {
        Vec::new()
    }
}
