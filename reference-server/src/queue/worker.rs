//! Takes what is due and has it settled, every destination in its turn.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::agenda::Agenda;
use super::desk::{Note, Returned};
use super::events::{self, Surroundings};
use super::record::instant;
use super::settle::{self, Fate, Settlement, Terms};
use super::spool::{self, Pulled};
use super::{Courier, Destination, Entry, EntryId, Job, Message, Outcome, Queue, Relay, Route, dsn};
use crate::mail::Address;
use crate::stop::Stop;
use crate::store::{Error, Result, sql};

/// Entries taken at a time for one destination: delivered in one commit, or given to the relay if it has room for so many.
const ROUND: usize = 64;
/// Destinations that have their turn before the desk is looked at again.
const TURNS: usize = 256;
/// Entries looked at in a row because of the time.
const EVENTS: usize = 64;
/// How long an entry waits that could not be settled, or whose job came back without outcomes.
const SETBACK: Duration = Duration::from_secs(60);
/// How long to wait when the store has failed.
const RELIEF: Duration = Duration::from_secs(1);
/// How often a relay is asked again that had no room for anybody, should it not have said that a job is done.
const GLANCE: Duration = Duration::from_millis(500);
/// How long the end waits for jobs, so that what they have done is written down.
const GRACE: Duration = Duration::from_secs(5);

/// The one who works on the queue.
pub(crate) struct Worker {
    pub queue: Queue,
    pub courier: Arc<dyn Courier>,
    pub relay: Arc<dyn Relay>,
    pub sender: dsn::Sender,
    pub memory: Memory,
}

/// What the worker knows and the database does not.
#[derive(Default)]
pub(crate) struct Memory {
    agenda: Agenda,
    /// The agenda has been made from the database.
    is_ready: bool,
    /// What became of jobs and is not written down yet.
    unwritten: Vec<Settlement>,
    /// Entries that could not be settled, and until when they are left alone.
    parked: HashMap<i64, OffsetDateTime>,
}

/// What is to be waited for.
enum Next {
    /// Nothing: there may be more due already.
    More,
    /// This instant, or a note.
    At(Option<OffsetDateTime>),
}

impl Worker {
    /// Works until told to stop, and then until what the relay has done is written down.
    pub async fn run(mut self, mut stop: Stop) {
        while !stop.requested() {
            let instant = match self.round() {
                Ok(Next::More) => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Ok(Next::At(instant)) => instant,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be worked on; it is tried again in a moment");
                    tokio::select! {
                        () = stop.wait() => {}
                        () = tokio::time::sleep(RELIEF) => {}
                    }
                    continue;
                }
            };
            let clock = self.queue.clock.clone();
            let due = async {
                match instant {
                    Some(instant) => clock.reaches(instant).await,
                    None => std::future::pending().await,
                }
            };
            let full = self.memory.agenda.is_stalled();
            tokio::select! {
                () = stop.wait() => {}
                () = self.queue.desk.rung() => {}
                () = tokio::time::sleep(GLANCE), if full => self.memory.agenda.ask_again(),
                () = due => {}
            }
        }
        let ended = async {
            while self.memory.agenda.leases() > 0 {
                self.queue.desk.rung().await;
                self.last_notes();
            }
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("jobs were under way at the end; their mail is tried again at the next start");
        }
    }

    fn last_notes(&mut self) {
        if let Err(error) = self.read_notes(self.queue.clock.now()) {
            tracing::error!(%error, "what became of mail cannot be written down; it is sent again at the next start");
        }
    }

    fn round(&mut self) -> Result<Next> {
        let now = self.queue.clock.now();
        if !self.memory.is_ready {
            let destinations = self.queue.store.read(sql::queue::destinations)?;
            for (destination, due) in destinations {
                self.memory.agenda.schedule(&destination, instant(due));
            }
            self.memory.is_ready = true;
        }
        self.read_notes(now)?;
        self.unpark(now)?;
        let happened = self.mind_the_time(now)?;
        let moved = self.take_turns(now)?;
        if happened || moved {
            return Ok(Next::More);
        }
        let event = events::next(&self.queue.store)?;
        let unparked = self.memory.parked.values().min().copied();
        Ok(Next::At([self.memory.agenda.next_turn(), event, unparked].into_iter().flatten().min()))
    }

    /// Reads the notes on the desk, and writes down what became of jobs.
    fn read_notes(&mut self, now: OffsetDateTime) -> Result<()> {
        for note in self.queue.desk.take() {
            match note {
                Note::Due(destination, due) => self.memory.agenda.schedule(&destination, due),
                Note::Forget(destination) => self.memory.agenda.forget_failures(destination.as_deref()),
                Note::Returned(returned) => self.take_back(*returned, now),
            }
        }
        // They stay, and so do their leases, until they are written down: forgetting one would send its mail again.
        let mut unwritten = std::mem::take(&mut self.memory.unwritten);
        while !unwritten.is_empty() {
            let batch: Vec<Settlement> = unwritten.drain(..unwritten.len().min(ROUND)).collect();
            let places: Vec<(i64, String)> = batch.iter().map(place).collect();
            let failed = match self.settle(batch.clone(), now) {
                Ok(failed) => failed,
                Err(error) => {
                    self.memory.unwritten.extend(batch.into_iter().chain(unwritten));
                    return Err(error);
                }
            };
            let kept: HashSet<(i64, String)> = failed.iter().map(place).collect();
            self.memory.unwritten.extend(failed);
            for (entry, destination) in places.iter().filter(|place| !kept.contains(place)) {
                self.release(*entry, destination);
            }
            for destination in places.into_iter().map(|(_, destination)| destination).collect::<HashSet<_>>() {
                self.look_ahead(&destination)?;
            }
        }
        Ok(())
    }

    /// A job has ended: what became of it is to be written down.
    fn take_back(&mut self, returned: Returned, now: OffsetDateTime) {
        let Returned { entry, destination, outcomes } = returned;
        let Some(outcomes) = outcomes else {
            self.memory.parked.insert(entry.id.0, now + SETBACK);
            self.release(entry.id.0, &destination);
            return;
        };
        let away = |outcome: &Outcome| matches!(outcome, Outcome::Later { unreachable: true, .. });
        let rests_until = if outcomes.iter().any(|(_, outcome)| away(outcome)) {
            Some(self.memory.agenda.unreachable(&destination, &self.queue.schedule, now))
        } else {
            if !outcomes.is_empty() {
                self.memory.agenda.reached(&destination);
            }
            None
        };
        let fates = outcomes.into_iter().map(|(address, outcome)| (address, Fate::Outcome(outcome))).collect();
        self.memory.unwritten.push(Settlement { entry, destination, fates, rests_until });
    }

    fn release(&mut self, entry: i64, destination: &str) {
        self.memory.agenda.release(destination, entry);
        self.queue.desk.release(entry, destination);
    }

    /// Does what is to be done because of the time. Gives whether there may be more.
    fn mind_the_time(&mut self, now: OffsetDateTime) -> Result<bool> {
        let due = events::due(&self.queue.store, now, EVENTS)?;
        let more = !due.is_empty();
        for id in due {
            let around = self.surroundings(id, now)?;
            let due = events::happen(&self.queue.store, id, around, self.terms(now))?;
            due.into_iter().for_each(|(destination, due)| self.memory.agenda.schedule(&destination, due));
        }
        Ok(more)
    }

    fn surroundings(&self, id: i64, now: OffsetDateTime) -> Result<Surroundings> {
        let rows = self.queue.store.read(|connection| sql::queue::recipients(connection, id))?;
        let destinations: HashSet<String> = rows.into_iter().map(|row| row.destination).collect();
        let agenda = &self.memory.agenda;
        let leased = destinations.iter().filter(|place| agenda.is_leased(place, id)).map(|place| (id, place.clone())).collect();
        Ok(Surroundings { leased, resting: destinations.into_iter().filter(|place| agenda.rests(place, now)).collect() })
    }

    /// Gives every destination that is ready its turn. Gives whether anything was done.
    fn take_turns(&mut self, now: OffsetDateTime) -> Result<bool> {
        let mut moved = false;
        for destination in self.memory.agenda.ready(now, TURNS) {
            self.take_turn(&destination, now)?;
            moved = true;
        }
        Ok(moved)
    }

    fn take_turn(&mut self, destination: &str, now: OffsetDateTime) -> Result<()> {
        // Where the first entry goes the others go too.
        let Some(first) = self.pull(destination, now, 1)?.pop() else { return self.look_ahead(destination) };
        let most = match first.recipients.first().map(|waiting| self.courier.route(&waiting.address)) {
            Some(Route::Relay(to)) => match self.relay.room(&to) {
                0 => {
                    self.memory.agenda.crowded(destination);
                    return Ok(());
                }
                room => room.min(ROUND),
            },
            _ => ROUND,
        };
        let mut settlements = Vec::new();
        for entry in self.pull(destination, now, most)? {
            settlements.extend(self.dispatch(entry, destination));
        }
        if !settlements.is_empty() {
            let failed = self.settle(settlements, now)?;
            self.memory.parked.extend(failed.iter().map(|one| (one.entry.id.0, now + SETBACK)));
        }
        self.look_ahead(destination)
    }

    /// Entries that are due at a destination and not worked on. Those that cannot be read are kept aside.
    fn pull(&mut self, destination: &str, now: OffsetDateTime, most: usize) -> Result<Vec<Entry>> {
        let leased = self.memory.agenda.leased(destination);
        let parked = &self.memory.parked;
        let taken = |id: i64| leased.contains(&id) || parked.contains_key(&id);
        let Pulled { entries, unreadable } = spool::pull(&self.queue.store, destination, now, most, taken)?;
        for (id, why) in unreadable {
            self.keep_aside(id, &why)?;
        }
        Ok(entries)
    }

    fn keep_aside(&self, id: EntryId, why: &str) -> Result<()> {
        tracing::error!(entry = %id, why, "an entry of the queue cannot be read; it is kept aside, see `queue list`");
        spool::set_unreadable(&self.queue.store, id, why.to_owned())
    }

    /// Gives the relay what is for it; what is left is to be settled.
    fn dispatch(&mut self, entry: Entry, destination: &str) -> Option<Settlement> {
        let mut fates: Vec<(Address, Fate)> = Vec::new();
        let mut away: Option<(Destination, Vec<super::Waiting>)> = None;
        for waiting in &entry.recipients {
            let fate = match self.courier.route(&waiting.address) {
                Route::Mailbox { account } => Fate::Mailbox(account),
                Route::Expand { members, owner } => Fate::Expand { members, owner },
                Route::Later(diagnosis) => Fate::Outcome(Outcome::Later { diagnosis, unreachable: false }),
                Route::Nowhere(diagnosis) => Fate::Outcome(Outcome::Refused(diagnosis)),
                Route::Relay(to) => {
                    let (first, recipients) = away.get_or_insert_with(|| (to.clone(), Vec::new()));
                    // Those who go elsewhere have their turn when this job is done.
                    if *first == to {
                        recipients.push(waiting.clone());
                    }
                    continue;
                }
            };
            fates.push((waiting.address.clone(), fate));
        }
        if let Some((to, recipients)) = away {
            self.give(Entry { recipients, ..entry.clone() }, to, destination);
        }
        let rest = Settlement { entry, destination: destination.to_owned(), fates, rests_until: None };
        (!rest.fates.is_empty()).then_some(rest)
    }

    /// Gives the relay a job.
    fn give(&mut self, entry: Entry, to: Destination, destination: &str) {
        let id = entry.id;
        let message = match Message::open(&self.queue.store, entry.blob) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(entry = %id, %error, "the message of an entry cannot be read");
                self.memory.parked.insert(id.0, self.queue.clock.now() + SETBACK);
                return;
            }
        };
        self.memory.agenda.lease(destination, id.0);
        self.queue.desk.lease(id.0, destination);
        let (desk, kept, place) = (self.queue.desk.clone(), entry.clone(), destination.to_owned());
        let give_back = Box::new(move |outcomes| {
            desk.leave([Note::Returned(Box::new(Returned { entry: kept, destination: place, outcomes }))]);
        });
        self.relay.carry(Job::new(entry, to, message, give_back));
    }

    /// Settles these together; if that fails, each on its own, so that one does not hold up the others. Gives those that
    /// cannot be settled; an error if none can.
    fn settle(&mut self, settlements: Vec<Settlement>, now: OffsetDateTime) -> Result<Vec<Settlement>> {
        let settled = settle::settle(&self.queue.store, settlements.clone(), self.terms(now));
        let error = match settled {
            Ok(due) => {
                due.into_iter().for_each(|(destination, due)| self.memory.agenda.schedule(&destination, due));
                return Ok(Vec::new());
            }
            Err(error) => error,
        };
        if let [Settlement { entry, .. }] = settlements.as_slice() {
            if error != Error::BlobGone {
                return Err(error);
            }
            self.keep_aside(entry.id, &error.to_string())?;
            return Ok(Vec::new());
        }
        let count = settlements.len();
        let mut failed = Vec::new();
        for one in settlements {
            if let Err(error) = self.settle(vec![one.clone()], now) {
                tracing::error!(entry = %one.entry.id, %error, "an entry of the queue cannot be settled; it is tried again later");
                failed.push(one);
            }
        }
        if failed.len() == count { Err(error) } else { Ok(failed) }
    }

    /// Finds out when the destination has its next turn.
    fn look_ahead(&mut self, destination: &str) -> Result<()> {
        let leased = self.memory.agenda.leased(destination);
        let parked = &self.memory.parked;
        let wanted = |id: i64| !leased.contains(&id) && !parked.contains_key(&id);
        let due = self.queue.store.read(|connection| sql::queue::next_due(connection, destination, wanted))?;
        self.memory.agenda.set_due(destination, due.map(instant));
        Ok(())
    }

    /// Gives entries their turn again that were left alone for a while.
    fn unpark(&mut self, now: OffsetDateTime) -> Result<()> {
        let over: Vec<i64> = self.memory.parked.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        for id in over {
            self.memory.parked.remove(&id);
            let rows = self.queue.store.read(|connection| sql::queue::recipients(connection, id))?;
            let waiting = rows.into_iter().filter(|row| row.due != sql::queue::NEVER);
            waiting.for_each(|row| self.memory.agenda.schedule(&row.destination, instant(row.due)));
        }
        Ok(())
    }

    fn terms(&self, now: OffsetDateTime) -> Terms {
        Terms { sender: self.sender.clone(), schedule: self.queue.schedule, courier: self.courier.clone(), now }
    }
}

fn place(settlement: &Settlement) -> (i64, String) {
    (settlement.entry.id.0, settlement.destination.clone())
}

#[cfg(test)]
impl Worker {
    /// Works until nothing is due.
    pub(super) fn work_off(&mut self) {
        while let Next::More = self.round().unwrap() {}
    }

    pub(super) fn try_round(&mut self) -> Result<()> {
        self.round().map(drop)
    }
}
