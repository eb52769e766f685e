//! Snapshots: what a target said in a case, without what changes from run to run, compared with what was accepted before. An
//! exchange without expectations has no other assertion, and a change nobody expected shows even where every expectation held.

mod filters;
mod naming;
mod normalise;
mod order;
mod page;
mod review;
mod store;

pub use filters::Filters;
pub use normalise::normalise;
pub use review::{ReviewError, Reviewed, review};
pub use store::{Pending, SnapshotError, Store, pending};

/// What a run does with snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is read or written.
    #[default]
    Off,
    /// Compare, never write: what a run in CI does.
    Check,
    /// The same, and a transcript that differs fails its case.
    Assert,
    /// Compare, and put what differs beside the accepted file as `.snap.new`, for a review.
    Pending,
}
