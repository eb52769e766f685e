//! What the worker knows of destinations: when mail for each is due, which is out of reach, and who is working on what.
//!
//! It lives in memory only, and is made from the database when the server starts. Every destination has its own turn, so
//! that one which is slow, busy or dead holds up nobody else.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use time::OffsetDateTime;

use super::schedule::Schedule;

/// The most destinations that are asked again when there may be room.
const ASKED_AGAIN: usize = 8;

/// Destinations by their turns.
#[derive(Default)]
pub(super) struct Agenda {
    places: HashMap<String, Place>,
    /// Those whose turn is known, and are not busy.
    turns: BTreeSet<(OffsetDateTime, String)>,
    /// Those for which the relay had no room although nobody works there: it had none for anybody.
    stalled: VecDeque<String>,
}

#[derive(Default)]
struct Place {
    /// When its next recipient is due that nobody works on.
    due: Option<OffsetDateTime>,
    /// How often in a row it could not be reached.
    failures: u32,
    /// It is not to be tried before.
    rests_until: Option<OffsetDateTime>,
    /// Entries whose recipients here somebody works on.
    leased: HashSet<i64>,
    /// The relay had no room for more; it is asked again when a lease ends.
    busy: bool,
}

impl Place {
    fn turn(&self) -> Option<OffsetDateTime> {
        let due = self.due.filter(|_| !self.busy)?;
        Some(self.rests_until.map_or(due, |until| until.max(due)))
    }
}

impl Agenda {
    /// Mail for the destination is due then, at the latest.
    pub fn schedule(&mut self, destination: &str, due: OffsetDateTime) {
        self.change(destination, |place| place.due = Some(place.due.map_or(due, |known| known.min(due))));
    }

    /// The next mail for the destination that nobody works on is due then; `None`: there is none.
    pub fn set_due(&mut self, destination: &str, due: Option<OffsetDateTime>) {
        self.change(destination, |place| place.due = due);
    }

    /// Destinations whose turn has come, in the order of their turns, at most so many.
    pub fn ready(&self, now: OffsetDateTime, most: usize) -> Vec<String> {
        let ready = self.turns.iter().take_while(|(turn, _)| *turn <= now).take(most);
        ready.map(|(_, destination)| destination.clone()).collect()
    }

    /// When the next turn is.
    pub fn next_turn(&self) -> Option<OffsetDateTime> {
        self.turns.first().map(|(turn, _)| *turn)
    }

    pub fn lease(&mut self, destination: &str, entry: i64) {
        self.change(destination, |place| {
            place.leased.insert(entry);
        });
    }

    /// Ends a lease: there may be room again.
    pub fn release(&mut self, destination: &str, entry: i64) {
        self.change(destination, |place| {
            place.leased.remove(&entry);
            place.busy = false;
        });
        self.ask_again();
    }

    /// There may be room again: some of those that found none for anybody have their turn, the first first.
    pub fn ask_again(&mut self) {
        for _ in 0..ASKED_AGAIN {
            let Some(destination) = self.stalled.pop_front() else { break };
            self.change(&destination, |place| place.busy = false);
        }
    }

    /// Whether any destination waits for room that its own jobs do not take.
    pub fn is_stalled(&self) -> bool {
        !self.stalled.is_empty()
    }

    pub fn is_leased(&self, destination: &str, entry: i64) -> bool {
        self.places.get(destination).is_some_and(|place| place.leased.contains(&entry))
    }

    /// The entries whose recipients at this destination somebody works on.
    pub fn leased(&self, destination: &str) -> HashSet<i64> {
        self.places.get(destination).map(|place| place.leased.clone()).unwrap_or_default()
    }

    /// How many leases there are.
    pub fn leases(&self) -> usize {
        self.places.values().map(|place| place.leased.len()).sum()
    }

    /// The relay has no room for this destination: it has its turn again when a job there ends or, if there is none, when
    /// any ends.
    pub fn crowded(&mut self, destination: &str) {
        if self.places.get(destination).is_none_or(|place| place.leased.is_empty()) {
            self.stalled.push_back(destination.to_owned());
        }
        self.change(destination, |place| place.busy = true);
    }

    /// The destination could not be reached: it rests, ever longer. Gives until when. Failures of attempts that were under
    /// way at the same time count once.
    pub fn unreachable(&mut self, destination: &str, schedule: &Schedule, now: OffsetDateTime) -> OffsetDateTime {
        let mut until = now;
        self.change(destination, |place| {
            if place.rests_until.is_none_or(|rests| rests <= now) {
                place.failures = place.failures.saturating_add(1);
                place.rests_until = Some(now + schedule.pause(place.failures));
            }
            until = place.rests_until.unwrap_or(now);
        });
        until
    }

    /// The destination was reached.
    pub fn reached(&mut self, destination: &str) {
        self.change(destination, |place| {
            place.failures = 0;
            place.rests_until = None;
        });
    }

    /// Forgets that destinations could not be reached: this one, or all.
    pub fn forget_failures(&mut self, destination: Option<&str>) {
        let all: Vec<String> = self.places.keys().filter(|key| destination.is_none_or(|one| one == *key)).cloned().collect();
        for destination in all {
            self.reached(&destination);
        }
    }

    /// Whether the destination is out of reach now.
    pub fn rests(&self, destination: &str, now: OffsetDateTime) -> bool {
        self.places.get(destination).and_then(|place| place.rests_until).is_some_and(|until| until > now)
    }

    /// Changes a place and its turn with it; forgets a place of which there is nothing to know.
    fn change(&mut self, destination: &str, change: impl FnOnce(&mut Place)) {
        let mut place = self.places.remove(destination).unwrap_or_default();
        if let Some(turn) = place.turn() {
            self.turns.remove(&(turn, destination.to_owned()));
        }
        change(&mut place);
        if let Some(turn) = place.turn() {
            self.turns.insert((turn, destination.to_owned()));
        }
        if place.due.is_some() || !place.leased.is_empty() || place.failures > 0 {
            self.places.insert(destination.to_owned(), place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use proptest::prelude::*;
    use std::time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn minutes(minutes: u64) -> OffsetDateTime {
        NOW + Duration::from_secs(60 * minutes)
    }

    #[test]
    fn turns_come_by_time() {
        let mut agenda = Agenda::default();
        agenda.schedule("b.example", minutes(1));
        agenda.schedule("a.example", NOW);
        agenda.schedule("b.example", minutes(2));
        assert_eq!(agenda.ready(NOW, 9), ["a.example"]);
        assert_eq!(agenda.ready(minutes(1), 9), ["a.example", "b.example"]);
        agenda.set_due("a.example", None);
        assert_eq!((agenda.next_turn(), agenda.places.len()), (Some(minutes(1)), 1));
    }

    #[test]
    fn a_dead_destination_rests_ever_longer_and_mail_that_comes_meanwhile_waits_too() {
        let (mut agenda, schedule) = (Agenda::default(), Schedule::new(&Limits::default()));
        agenda.schedule("dead.example", NOW);
        assert_eq!(agenda.unreachable("dead.example", &schedule, NOW), minutes(30));
        assert_eq!(agenda.unreachable("dead.example", &schedule, minutes(1)), minutes(30), "an attempt that began before");
        agenda.schedule("dead.example", minutes(2));
        assert!(agenda.ready(minutes(29), 9).is_empty() && agenda.rests("dead.example", minutes(29)));
        assert_eq!(agenda.ready(minutes(30), 9), ["dead.example"]);
        assert_eq!(agenda.unreachable("dead.example", &schedule, minutes(30)), minutes(60));
        assert_eq!(agenda.unreachable("dead.example", &schedule, minutes(60)), minutes(120));
        agenda.reached("dead.example");
        assert_eq!(agenda.ready(minutes(61), 9), ["dead.example"]);
        assert_eq!(agenda.unreachable("dead.example", &schedule, minutes(61)), minutes(91));
        agenda.forget_failures(None);
        assert!(!agenda.rests("dead.example", minutes(61)));
    }

    #[test]
    fn a_busy_destination_is_asked_again_when_a_lease_ends() {
        let mut agenda = Agenda::default();
        agenda.schedule("busy.example", NOW);
        agenda.lease("busy.example", 1);
        agenda.crowded("busy.example");
        assert!(agenda.ready(NOW, 9).is_empty() && !agenda.is_stalled());
        assert!(agenda.is_leased("busy.example", 1) && !agenda.is_leased("busy.example", 2));
        agenda.schedule("other.example", NOW);
        agenda.crowded("other.example");
        assert!(agenda.ready(NOW, 9).is_empty() && agenda.is_stalled(), "nobody works there: the relay is full");
        agenda.release("busy.example", 1);
        assert_eq!((agenda.ready(NOW, 9).len(), agenda.leases()), (2, 0));
    }

    proptest! {
        /// The order of the turns always agrees with the places.
        #[test]
        fn turns_and_places_agree(steps in prop::collection::vec((0_u8..7, 0_u8..3, 0_u64..100), 1..100)) {
            let (mut agenda, schedule) = (Agenda::default(), Schedule::new(&Limits::default()));
            for (step, place, number) in steps {
                let destination = format!("{place}.example");
                match step {
                    0 => agenda.schedule(&destination, minutes(number)),
                    1 => agenda.set_due(&destination, (number > 30).then(|| minutes(number))),
                    2 => agenda.lease(&destination, number as i64 % 3),
                    3 => agenda.release(&destination, number as i64 % 3),
                    4 => agenda.crowded(&destination),
                    5 => drop(agenda.unreachable(&destination, &schedule, minutes(number))),
                    _ => agenda.reached(&destination),
                }
                let expected: BTreeSet<(OffsetDateTime, String)> =
                    agenda.places.iter().filter_map(|(name, place)| Some((place.turn()?, name.clone()))).collect();
                prop_assert_eq!(&agenda.turns, &expected);
            }
        }
    }
}
