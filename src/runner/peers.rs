//! The peers of the target, leased to one case at a time, the one that has rested longest first: mail a case left in the server's queue is
//! still on its way to that case's peer when the case is over, and should not come to the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::target::PeerSlot;

/// All peers.
#[derive(Debug)]
pub struct Peers {
    /// Those that are free, the longest rested in front.
    free: Mutex<VecDeque<PeerSlot>>,
    returned: Notify,
}

/// Peers in the hands of one case; given back when dropped.
#[derive(Debug)]
pub struct PeerLease {
    of: Arc<Peers>,
    slots: Vec<PeerSlot>,
}

impl Peers {
    pub fn new(slots: Vec<PeerSlot>) -> Peers {
        Peers { free: Mutex::new(slots.into()), returned: Notify::new() }
    }

    /// Waits until `count` peers are free and leases them, all or none. There must be as many.
    pub async fn lease(self: &Arc<Self>, count: usize) -> PeerLease {
        loop {
            let returned = self.returned.notified();
            tokio::pin!(returned);
            // From here on a return is heard, even one that comes while the free ones are counted.
            returned.as_mut().enable();
            if let Some(slots) = self.take(count) {
                return PeerLease { of: self.clone(), slots };
            }
            returned.await;
        }
    }

    fn take(&self, count: usize) -> Option<Vec<PeerSlot>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        (free.len() >= count).then(|| free.drain(..count).collect())
    }
}

impl PeerLease {
    pub fn slots(&self) -> &[PeerSlot] {
        &self.slots
    }
}

impl Drop for PeerLease {
    fn drop(&mut self) {
        let mut free = self.of.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.slots.drain(..));
        drop(free);
        self.of.returned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_rested_goes_first() {
        let slot = |n: u16| PeerSlot { domain: format!("peer{n}.example"), address: ([127, 0, 0, 1], n).into() };
        let peers = Arc::new(Peers::new(vec![slot(1), slot(2), slot(3)]));
        let ports = |lease: &PeerLease| lease.slots().iter().map(|slot| slot.address.port()).collect::<Vec<_>>();
        let first = peers.lease(1).await;
        assert_eq!(ports(&first), [1]);
        drop(first);
        let both = peers.lease(2).await;
        assert_eq!(ports(&both), [2, 3]);
        let waiting = tokio::spawn({
            let peers = peers.clone();
            async move { peers.lease(3).await.slots().len() }
        });
        tokio::task::yield_now().await;
        drop(both);
        assert_eq!(waiting.await.unwrap(), 3);
    }
}
