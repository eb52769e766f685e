//! What happens to entries because of the time: senders are warned, deadlines pass, lives end.

use std::collections::HashSet;

use time::OffsetDateTime;

use super::dsn::{Action, Report};
use super::notify::{Event, is_told};
use super::record::{self, instant, millis};
use super::settle::{self, Terms};
use super::spool::{Due, LATE, WARNED, next_event};
use super::{Diagnosis, Entry, Waiting};
use crate::mail::ByMode;
use crate::store::sql::queue::RecipientRow;
use crate::store::{Result, Store, Tx, sql};

/// Entries for which something is to be done now, at most so many.
pub(super) fn due(store: &Store, now: OffsetDateTime, most: usize) -> Result<Vec<i64>> {
    store.read(|connection| sql::queue::events(connection, millis(now), most))
}

/// When something is to be done next.
pub(super) fn next(store: &Store) -> Result<Option<OffsetDateTime>> {
    store.read(|connection| Ok(sql::queue::next_event(connection)?.map(instant)))
}

/// What the worker knows of the recipients meanwhile.
pub(super) struct Surroundings {
    /// Entries and destinations that somebody works on: what becomes of these is decided when that ends.
    pub leased: HashSet<(i64, String)>,
    /// Destinations that are out of reach.
    pub resting: HashSet<String>,
}

/// Does what is to be done for an entry. Gives the destinations that have something to do then.
pub(super) fn happen(store: &Store, id: i64, around: Surroundings, terms: Terms) -> Result<Due> {
    store.write(move |tx| {
        let Some(row) = sql::queue::find(tx.connection, id)? else { return Ok(Vec::new()) };
        let rows = sql::queue::recipients(tx.connection, id)?;
        let entry = match record::entry(id, &row, &rows) {
            Ok(entry) => entry,
            Err(error) => {
                tracing::error!(entry = id, %error, "an entry of the queue cannot be read; it is kept aside");
                sql::queue::set_unreadable(tx.connection, id, &error.to_string())?;
                return Ok(Vec::new());
            }
        };
        let mut hour = Hour { tx, entry: &entry, around: &around, terms: &terms, told: row.told, reports: Vec::new() };
        for (row, waiting) in rows.iter().zip(&entry.recipients) {
            hour.strikes(row, waiting)?;
        }
        let (told, reports) = (hour.told_now(), hour.reports);
        let due = settle::tell(tx, &entry, reports, &terms)?;
        let next = next_event(&terms.schedule, entry.accepted, entry.hold_until, entry.deliver_by, told, Some(terms.now));
        sql::queue::set_event(tx.connection, id, told, next.map(millis))?;
        settle::remove_if_settled(tx, id)?;
        Ok(due)
    })
}

/// One entry at one instant.
struct Hour<'a> {
    tx: &'a Tx<'a>,
    entry: &'a Entry,
    around: &'a Surroundings,
    terms: &'a Terms,
    told: u8,
    reports: Vec<Report>,
}

impl Hour<'_> {
    /// What happens to a recipient that waits.
    fn strikes(&mut self, row: &RecipientRow, waiting: &Waiting) -> Result<()> {
        let (entry, now) = (self.entry, self.terms.now);
        // Somebody works on it now, and says what becomes of it. That it is late is true all the same, and told once.
        let leased = self.around.leased.contains(&(entry.id.0, row.destination.clone()));
        // RFC 2852 §4.1.3: no further attempts after the deadline.
        if let Some(late) = settle::too_late(entry, now) {
            return if leased { Ok(()) } else { self.fail(row, waiting, late) };
        }
        if self.expiry() <= now {
            if leased {
                return Ok(());
            }
            // Who holds mail wants it held, and what is due now has its last attempt.
            let tried = row.due > millis(now) || self.around.resting.contains(&row.destination);
            return if row.held == 0 && tried { self.fail(row, waiting, settle::given_up(last(row))) } else { Ok(()) };
        }
        if self.is_late() && is_told(waiting.notify, Event::Late, false) {
            // RFC 2852 §4.1.3: "delayed", with this status.
            let late = Diagnosis { status: "4.4.7".to_owned(), reason: "it was not delivered in time".to_owned(), ..last(row) };
            self.delayed(row, waiting, late);
        } else if self.is_slow() && is_told(waiting.notify, Event::Delayed, self.terms.schedule.warn_unasked) {
            self.delayed(row, waiting, last(row));
        }
        Ok(())
    }

    fn expiry(&self) -> OffsetDateTime {
        self.terms.schedule.expiry(self.entry.accepted, self.entry.hold_until)
    }

    /// The deadline of a message that is tried on has passed, and the sender does not know.
    fn is_late(&self) -> bool {
        let late = self.entry.deliver_by.is_some_and(|by| by.mode == ByMode::Notify && by.deadline <= self.terms.now);
        late && self.told & LATE == 0
    }

    fn is_slow(&self) -> bool {
        let warning = self.terms.schedule.warning(self.entry.accepted, self.entry.hold_until);
        warning.is_some_and(|warning| warning <= self.terms.now) && self.told & WARNED == 0
    }

    /// What the sender was told, this hour included.
    fn told_now(&self) -> u8 {
        self.told | if self.is_late() { LATE } else { 0 } | if self.is_slow() { WARNED } else { 0 }
    }

    fn fail(&mut self, row: &RecipientRow, waiting: &Waiting, diagnosis: Diagnosis) -> Result<()> {
        settle::remove(self.tx, self.entry, &waiting.address)?;
        if is_told(waiting.notify, Event::Failed, false) {
            self.report(row, waiting, Action::Failed, diagnosis);
        }
        Ok(())
    }

    fn delayed(&mut self, row: &RecipientRow, waiting: &Waiting, diagnosis: Diagnosis) {
        self.report(row, waiting, Action::Delayed { until: self.expiry() }, diagnosis);
    }

    fn report(&mut self, row: &RecipientRow, waiting: &Waiting, action: Action, diagnosis: Diagnosis) {
        self.reports.push(Report { recipient: waiting.clone(), action, diagnosis, tried: row.tried.map(instant) });
    }
}

/// What the last attempt came to. Mail that was never tried has waited for its turn (RFC 3463 §3.5, X.4.5: congestion).
fn last(row: &RecipientRow) -> Diagnosis {
    row.diagnosis.as_ref().map_or_else(|| Diagnosis::local("4.4.5", "it has waited for its turn"), record::diagnosis)
}
