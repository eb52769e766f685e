//! Tests of mailspec as a program: what it says and which exit code it gives, against servers of every kind of bad behaviour.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod absurd_servers;
mod bad_input;
mod baseline;
mod caller;
mod dialogues;
mod fake;
mod faults;
mod house;
mod reports;
mod snapshots;
mod splits;
mod suites;
mod topologies;
mod verdicts;
mod workplace;
