//! The accounts of the target, leased to one case at a time. Mail that a case sent may arrive after it is over, so accounts
//! that get mail are kept apart from those whose mailboxes are compared.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::choose::starts;
use crate::dialogue::Account;
use crate::suite::{Case, Protocol};
use crate::target::AccountSlot;

/// What a case does with its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Only mailboxes.
    Mailboxes,
    /// Mail is sent to them, and not read.
    Delivery,
    /// Mail is sent to them and read.
    Journey,
}

impl Lane {
    /// The lane of a case.
    pub fn of(case: &Case) -> Lane {
        let starts = starts(case);
        let sends = starts.iter().any(|start| start.protocol == Protocol::Smtp);
        let reads =
            case.maildrop.is_some() || !case.mailboxes.is_empty() || starts.iter().any(|start| start.protocol != Protocol::Smtp);
        match (sends, reads) {
            (false, _) => Lane::Mailboxes,
            (true, false) => Lane::Delivery,
            (true, true) => Lane::Journey,
        }
    }
}

/// The pool.
#[derive(Debug)]
pub struct Pool {
    slots: Vec<AccountSlot>,
    /// By lane: indices of slots.
    lanes: [Vec<usize>; 3],
    leased: Mutex<BTreeSet<usize>>,
    returned: Notify,
}

/// Accounts in the hands of one case; given back when dropped.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    indices: Vec<usize>,
}

impl Pool {
    /// Divides the accounts among the lanes that `cases` use, each lane getting at least what its largest case needs; a pool too
    /// small for that is shared by all.
    pub fn new(slots: Vec<AccountSlot>, cases: &[Arc<Case>]) -> Pool {
        let mut needs = [0usize; 3];
        let mut counts = [0usize; 3];
        for case in cases {
            let lane = Lane::of(case) as usize;
            needs[lane] = needs[lane].max(case.roles.len());
            counts[lane] += usize::from(!case.roles.is_empty());
        }
        // An account whose content must stay is last choice for everyone.
        let mut order: Vec<usize> = (0..slots.len()).collect();
        order.sort_by_key(|index| slots.get(*index).is_none_or(|slot| !slot.disposable));
        let total: usize = needs.iter().sum();
        let lanes = if total > slots.len() {
            [order.clone(), order.clone(), order]
        } else {
            let spare = slots.len() - total;
            let all: usize = counts.iter().sum::<usize>().max(1);
            let mut order = order.into_iter();
            let mut lanes: [Vec<usize>; 3] = Default::default();
            for lane in 0..3 {
                let share = needs[lane] + spare * counts[lane] / all;
                lanes[lane].extend(order.by_ref().take(share));
            }
            lanes[0].extend(order);
            lanes
        };
        Pool { slots, lanes, leased: Mutex::default(), returned: Notify::new() }
    }

    /// Waits until `count` accounts of the lane are free and leases them, all or none.
    pub async fn lease(self: &Arc<Self>, lane: Lane, count: usize) -> Lease {
        loop {
            let returned = self.returned.notified();
            if let Some(indices) = self.take(lane, count) {
                return Lease { pool: self.clone(), indices };
            }
            returned.await;
        }
    }

    fn take(&self, lane: Lane, count: usize) -> Option<Vec<usize>> {
        let mut leased = self.leased.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = &self.lanes[lane as usize];
        let free: Vec<usize> = lane.iter().copied().filter(|index| !leased.contains(index)).take(count).collect();
        if free.len() < count {
            return None;
        }
        leased.extend(&free);
        Some(free)
    }
}

impl From<&AccountSlot> for Account {
    /// The account as the case that leases it sees it.
    fn from(slot: &AccountSlot) -> Account {
        Account {
            login: slot.login.clone(),
            password: slot.password.clone(),
            address: slot.address.clone(),
            token: slot.token.clone(),
            certificate: slot.certificate.clone(),
        }
    }
}

impl Lease {
    /// The leased accounts with their indices in the pool.
    pub fn accounts(&self) -> impl Iterator<Item = (usize, &AccountSlot)> {
        self.indices.iter().filter_map(|index| Some((*index, self.pool.slots.get(*index)?)))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leased = self.pool.leased.lock().unwrap_or_else(PoisonError::into_inner);
        for index in &self.indices {
            leased.remove(index);
        }
        drop(leased);
        self.pool.returned.notify_waiters();
    }
}
