//! Jobs that wait, and how many work on them: one lane for each destination.
//!
//! A lane begins with one connection, which carries its jobs one after another. It gets another one only when many wait, or
//! when one job takes long: a connection is dearer than a message.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::queue::{Destination, Job};

/// How many jobs may wait for each connection before another one is opened.
const BACKLOG: usize = 10;

/// The lanes of a server.
pub(super) struct Lanes {
    /// Destinations at a time, and connections to one of them.
    pub most: usize,
    pub most_per_destination: usize,
    lanes: Mutex<HashMap<Destination, Lane>>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Job>,
    /// Jobs that are not finished.
    jobs: usize,
    runners: usize,
}

impl Lanes {
    pub fn new(most: usize, most_per_destination: usize) -> Self {
        Self { most: most.max(1), most_per_destination: most_per_destination.max(1), lanes: Mutex::default() }
    }

    /// How many more jobs this destination takes.
    pub fn room(&self, destination: &Destination) -> usize {
        let lanes = self.lock();
        let jobs = lanes.get(destination).map_or(0, |lane| lane.jobs);
        if jobs == 0 && lanes.values().filter(|lane| lane.jobs > 0).count() >= self.most {
            return 0;
        }
        (self.most_per_destination * BACKLOG).saturating_sub(jobs)
    }

    /// Takes a job. Gives whether another runner is to be started for it.
    pub fn push(&self, job: Job) -> bool {
        let mut lanes = self.lock();
        let lane = lanes.entry(job.destination.clone()).or_default();
        lane.jobs += 1;
        // RFC 6710 §5.1: what has a higher priority goes first.
        let priority = |job: &Job| job.entry.priority.unwrap_or(0);
        let place = lane.waiting.iter().position(|other| priority(other) < priority(&job)).unwrap_or(lane.waiting.len());
        lane.waiting.insert(place, job);
        let start =
            lane.runners == 0 || (lane.waiting.len() > BACKLOG * lane.runners && lane.runners < self.most_per_destination);
        lane.runners += usize::from(start);
        start
    }

    /// A job takes long. Gives whether another runner is to be started for those that wait.
    pub fn reinforce(&self, destination: &Destination) -> bool {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(destination) else { return false };
        let start = !lane.waiting.is_empty() && lane.runners < self.most_per_destination;
        lane.runners += usize::from(start);
        start
    }

    /// The next job for a runner.
    pub fn next(&self, destination: &Destination) -> Option<Job> {
        self.lock().get_mut(destination)?.waiting.pop_front()
    }

    /// Whether a job waits for a runner.
    pub fn has_more(&self, destination: &Destination) -> bool {
        self.lock().get(destination).is_some_and(|lane| !lane.waiting.is_empty())
    }

    /// All that wait: the destination cannot be reached.
    pub fn rest(&self, destination: &Destination) -> Vec<Job> {
        self.lock().get_mut(destination).map(|lane| lane.waiting.drain(..).collect()).unwrap_or_default()
    }

    /// So many jobs are finished. Called before they are given back, as the queue asks for room then.
    pub fn finished(&self, destination: &Destination, count: usize) {
        if let Some(lane) = self.lock().get_mut(destination) {
            lane.jobs = lane.jobs.saturating_sub(count);
        }
    }

    /// A runner wants to end; it must go on if a job has come meanwhile.
    pub fn leave(&self, destination: &Destination) -> bool {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(destination) else { return true };
        if !lane.waiting.is_empty() {
            return false;
        }
        lane.runners = lane.runners.saturating_sub(1);
        if lane.runners == 0 {
            lanes.remove(destination);
        }
        true
    }

    /// A runner has failed: its jobs are given back, and those that wait too if nobody else takes them.
    pub fn fail(&self, destination: &Destination) {
        self.lock().remove(destination);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Destination, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Address, Envelope, Recipient};

    fn job(domain: &str, priority: i8) -> Job {
        let recipients = vec![Recipient::new(Address::parse(&format!("bob@{domain}")).unwrap())];
        Job::sample(Envelope { recipients, priority: Some(priority), ..Envelope::default() }, b"").0
    }

    #[test]
    fn one_connection_carries_several_jobs() {
        let lanes = Lanes::new(10, 2);
        let destination = job("hamburger.edu", 0).destination.clone();
        assert!(lanes.push(job("hamburger.edu", 0)), "the first needs a connection");
        for _ in 1..BACKLOG {
            assert!(!lanes.push(job("hamburger.edu", 0)), "others wait for it");
        }
        assert!(lanes.push(job("hamburger.edu", 0)), "too many wait");
        while !lanes.rest(&destination).is_empty() {}
        assert!(!lanes.reinforce(&destination), "nobody waits");
        assert!(lanes.leave(&destination) && lanes.leave(&destination));
    }

    #[test]
    fn a_runner_does_not_leave_a_job_behind() {
        let lanes = Lanes::new(10, 2);
        let destination = job("hamburger.edu", 0).destination.clone();
        lanes.push(job("hamburger.edu", 0));
        assert!(lanes.next(&destination).is_some() && !lanes.has_more(&destination));
        lanes.push(job("hamburger.edu", 0));
        assert!(lanes.has_more(&destination) && !lanes.leave(&destination));
    }

    #[test]
    fn what_is_urgent_goes_first() {
        let lanes = Lanes::new(10, 1);
        for priority in [0, -2, 4, 0] {
            lanes.push(job("hamburger.edu", priority));
        }
        let destination = job("hamburger.edu", 0).destination.clone();
        let order: Vec<_> = lanes.rest(&destination).iter().map(|job| job.entry.priority.unwrap()).collect();
        assert_eq!(order, [4, 0, 0, -2]);
    }

    #[test]
    fn room_is_bounded_for_each_and_for_all() {
        let lanes = Lanes::new(2, 1);
        let [a, b, c] = ["a.example", "b.example", "c.example"].map(|domain| job(domain, 0).destination.clone());
        assert_eq!(lanes.room(&a), BACKLOG);
        lanes.push(job("a.example", 0));
        lanes.push(job("b.example", 0));
        assert_eq!((lanes.room(&a), lanes.room(&c)), (BACKLOG - 1, 0));
        lanes.finished(&b, 1);
        assert_eq!(lanes.room(&c), BACKLOG);
    }
}
