//! Work that keeps its thread waiting: for the disk, or for a slow computation.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs work that may wait for long, on this thread; other tasks that were to run on it are moved to another first. That has
/// its price, so it is done where the waiting is and not around everything that may come to it.
pub(crate) fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        // Tests run sessions without a runtime, or in one that has a single thread.
        _ => work(),
    }
}
