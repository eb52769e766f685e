//! Accepts connections and drives a session on each: the only place of the server that owns client sockets.
//!
//! It knows nothing of any protocol. One task per connection; a session that panics takes its connection down and
//! nothing else; stopping says good-bye to everyone and waits for it.

mod channel;
mod connection;
mod deflate;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use connection::Caller;

use crate::clock::Clock;
use crate::config::{Limits, PlaintextAuth};
use crate::session::{Bell, Peer, Session};
use crate::stop::Stop;

/// Makes the session of a new connection.
pub(crate) type NewSession = Arc<dyn Fn(Peer) -> Box<dyn Session> + Send + Sync>;

/// How long connections may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// One endpoint and what is spoken there.
pub(crate) struct Listener {
    pub socket: TcpListener,
    pub implicit_tls: bool,
    pub new_session: NewSession,
    pub shared: Arc<Shared>,
}

/// What all endpoints of a server share.
pub(crate) struct Shared {
    pub tls: TlsAcceptor,
    /// The `tls-server-end-point` channel binding: a hash of the server's certificate.
    pub server_end_point: Option<Vec<u8>>,
    pub plaintext_auth: PlaintextAuth,
    pub room: Room,
    /// What the patience with clients is measured by.
    pub clock: Clock,
}

impl Listener {
    /// Accepts until told to stop, and then until every connection is over.
    pub async fn serve(self, stop: Stop) {
        let mut connections = JoinSet::new();
        let mut stopped = stop.clone();
        loop {
            tokio::select! {
                () = stopped.wait() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((socket, address)) => {
                        let place = Place::take(&self.shared, address.ip());
                        let caller = Caller { socket, peer: self.peer(address), place };
                        connections.spawn(caller.serve(self.new_session.clone(), self.shared.clone(), stop.clone()));
                    }
                    Err(error) => {
                        // Out of file descriptors, or a client that was gone already: others may have better luck soon.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(ended) = connections.join_next(), if !connections.is_empty() => report(ended),
            }
        }
        drop(self.socket);
        let end = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
        };
        if tokio::time::timeout(GRACE, end).await.is_err() {
            connections.shutdown().await;
        }
    }

    fn peer(&self, address: SocketAddr) -> Peer {
        let plaintext_auth = self.shared.plaintext_auth.allows(address.ip());
        Peer { address, tls: self.implicit_tls, plaintext_auth, channel: Arc::default(), bell: Bell::default() }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a session failed; its connection was dropped");
    }
}

/// Counts connections against the limits.
pub(crate) struct Room {
    total: usize,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; free again when dropped.
struct Place {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Room {
    pub fn new(limits: &Limits) -> Self {
        Self { total: limits.connections, per_address: limits.connections_per_address, taken: Mutex::default() }
    }
}

impl Place {
    /// A place for a client from this address, unless all are taken.
    fn take(shared: &Arc<Shared>, address: IpAddr) -> Option<Place> {
        let room = &shared.room;
        let mut taken = room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= room.total || taken.get(&address).is_some_and(|n| *n >= room.per_address) {
            return None;
        }
        *taken.entry(address).or_default() += 1;
        Some(Place { shared: shared.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}
