//! Connections that are open and have nothing to do: the next mail for their host takes them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::connection::Connection;
use super::hosts::Host;
use crate::config::SendingTls;

/// How long a host that could not be reached is tried after the others.
const DEAD: time::Duration = time::Duration::minutes(5);
/// The most dead hosts that are remembered.
const MOST_DEAD: usize = 10_000;

/// Idle connections, and hosts that could not be reached.
#[derive(Default)]
pub(super) struct Pool {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The oldest first.
    idle: Vec<(u64, Connection)>,
    next: u64,
    dead: HashMap<SocketAddr, OffsetDateTime>,
}

impl Pool {
    /// Keeps a connection; gives a number to ask for it by.
    pub fn park(&self, connection: Connection) -> u64 {
        let mut inner = self.lock();
        inner.next += 1;
        let number = inner.next;
        inner.idle.push((number, connection));
        number
    }

    /// A connection to this host that is secure enough.
    pub fn take(&self, host: &Host, tls: SendingTls) -> Option<Connection> {
        let mut inner = self.lock();
        // The youngest is the least likely to be closed.
        let fits = |(_, connection): &(u64, Connection)| {
            // The same address under another name has another certificate to show.
            connection.host.address == host.address
                && connection.fits(tls)
                && (tls != SendingTls::Required || connection.host.is(host))
        };
        let place = inner.idle.iter().rposition(fits)?;
        let mut connection = inner.idle.remove(place).1;
        connection.host = host.clone();
        Some(connection)
    }

    /// The connection of this number, if it is still here.
    pub fn expire(&self, number: u64) -> Option<Connection> {
        let mut inner = self.lock();
        let place = inner.idle.iter().position(|(other, _)| *other == number)?;
        Some(inner.idle.remove(place).1)
    }

    /// The connection that is here the longest, to make room.
    pub fn oldest(&self) -> Option<Connection> {
        let mut inner = self.lock();
        if inner.idle.is_empty() { None } else { Some(inner.idle.remove(0).1) }
    }

    /// All connections.
    pub fn all(&self) -> Vec<Connection> {
        self.lock().idle.drain(..).map(|(_, connection)| connection).collect()
    }

    /// Remembers whether a host could be reached.
    pub fn remember(&self, address: SocketAddr, reached: bool, now: OffsetDateTime) {
        let mut inner = self.lock();
        if reached {
            inner.dead.remove(&address);
            return;
        }
        if inner.dead.len() >= MOST_DEAD {
            inner.dead.retain(|_, until| *until > now);
        }
        if inner.dead.len() < MOST_DEAD {
            inner.dead.insert(address, now + DEAD);
        }
    }

    /// The hosts in the order in which to try them: those that could not be reached lately come last, and are not left
    /// out, as the others may be no better. Among the first that are as good as each other the one comes first to which a
    /// connection is open: `warm`, or an idle one.
    pub fn order(&self, hosts: Vec<Host>, warm: Option<&Host>, now: OffsetDateTime) -> Vec<Host> {
        let inner = self.lock();
        let is_dead = |host: &Host| inner.dead.get(&host.address).is_some_and(|until| *until > now);
        let (dead, mut order): (Vec<Host>, Vec<Host>) = hosts.into_iter().partition(is_dead);
        order.extend(dead);
        let open = |host: &Host| {
            warm.is_some_and(|warm| warm.is(host))
                || inner.idle.iter().any(|(_, connection)| connection.host.address == host.address)
        };
        let first = order.first().map(|host| host.level);
        if let Some(place) = order.iter().position(|host| Some(host.level) == first && !is_dead(host) && open(host)) {
            order.get_mut(..=place).unwrap_or_default().rotate_right(1);
        }
        order
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn host(name: &str, port: u16, level: usize) -> Host {
        Host { name: name.to_owned(), address: SocketAddr::from(([127, 0, 0, 1], port)), by_mx: true, level }
    }

    fn names(pool: &Pool, hosts: &[Host], warm: Option<&Host>, now: OffsetDateTime) -> String {
        pool.order(hosts.to_vec(), warm, now).into_iter().map(|host| host.name).collect()
    }

    #[test]
    fn a_dead_host_is_tried_after_the_others_for_a_while() {
        let (pool, now) = (Pool::default(), datetime!(2026-01-01 12:00 UTC));
        let hosts = vec![host("a", 1, 0), host("b", 2, 1), host("c", 3, 2)];
        let names = |now| names(&pool, &hosts, None, now);
        assert_eq!(names(now), "abc");
        pool.remember(hosts[0].address, false, now);
        assert_eq!(names(now), "bca");
        assert_eq!(names(now + time::Duration::minutes(6)), "abc");
        pool.remember(hosts[0].address, true, now);
        assert_eq!(names(now), "abc");
    }

    #[test]
    fn an_open_connection_counts_among_equals() {
        let (pool, now) = (Pool::default(), datetime!(2026-01-01 12:00 UTC));
        let hosts = vec![host("a", 1, 0), host("b", 2, 0), host("c", 3, 0), host("d", 4, 1)];
        let names = |warm: usize| names(&pool, &hosts, Some(&hosts[warm]), now);
        assert_eq!((names(0).as_str(), names(2).as_str()), ("abcd", "cabd"));
        assert_eq!(names(3), "abcd", "a less preferred server stays less preferred");
    }
}
