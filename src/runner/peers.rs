//! The peers of the target, leased to one case at a time. Mail that a case left in the server's queue is still on its way to that case's
//! peer when the case is over and must not come to the next: the peer that has rested longest goes first, and resting peers take
//! whatever comes and throw it away.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::protocol::smtp::client::{ClientFramer, Said};
use crate::protocol::smtp::usual::Peer;
use crate::protocol::{Framer as _, Limits, Parsed};
use crate::suite::Segments;
use crate::target::PeerSlot;
use crate::transport::{Connection, Listener};

/// All peers.
#[derive(Debug)]
pub struct Peers {
    /// Those that are free, the longest rested in front.
    free: Mutex<VecDeque<Free>>,
    returned: Notify,
}

/// A peer no case has, and what takes its mail meanwhile; a peer never leased gets none.
#[derive(Debug)]
struct Free {
    slot: PeerSlot,
    resting: Option<JoinHandle<()>>,
}

/// Peers in the hands of one case; given back when dropped.
#[derive(Debug)]
pub struct PeerLease {
    of: Arc<Peers>,
    slots: Vec<PeerSlot>,
}

impl Peers {
    pub fn new(slots: Vec<PeerSlot>) -> Peers {
        let free = slots.into_iter().map(|slot| Free { slot, resting: None }).collect();
        Peers { free: Mutex::new(free), returned: Notify::new() }
    }

    /// Waits until `count` peers are free and leases them, all or none. There must be as many.
    pub async fn lease(self: &Arc<Self>, count: usize) -> PeerLease {
        loop {
            let returned = self.returned.notified();
            tokio::pin!(returned);
            // From here on a return is heard, even one that comes while the free ones are counted.
            returned.as_mut().enable();
            if let Some(taken) = self.take(count) {
                let mut slots = Vec::with_capacity(count);
                for free in taken {
                    if let Some(resting) = free.resting {
                        // Its port is free again when the task is gone.
                        resting.abort();
                        let _ = resting.await;
                    }
                    slots.push(free.slot);
                }
                return PeerLease { of: self.clone(), slots };
            }
            returned.await;
        }
    }

    fn take(&self, count: usize) -> Option<Vec<Free>> {
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
        let runtime = tokio::runtime::Handle::try_current().ok();
        free.extend(self.slots.drain(..).map(|slot| {
            let resting = runtime.as_ref().map(|runtime| runtime.spawn(rest(slot.clone())));
            Free { slot, resting }
        }));
        drop(free);
        self.of.returned.notify_waiters();
    }
}

/// Takes the mail of a peer until it is aborted.
async fn rest(slot: PeerSlot) {
    // Where the port cannot be had there is nothing to take, and the next case will be told.
    let Ok(listener) = Listener::open(slot.address) else { return };
    let mut sessions = JoinSet::new();
    loop {
        let Ok(connection) = listener.accept().await else { return };
        while sessions.try_join_next().is_some() {}
        let domain = slot.domain.clone();
        sessions.spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, swallow(connection, domain)).await;
        });
    }
}

/// How long one connection may take to empty itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is offered, so that nothing comes back for want of it.
const OFFERED: [&str; 5] = ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];

/// Answers everything on one connection with yes.
async fn swallow(mut connection: Connection, domain: String) -> std::io::Result<()> {
    let capabilities = OFFERED.iter().map(|keyword| (*keyword).to_owned()).collect();
    let mut peer = Peer { domain, capabilities, ..Peer::default() };
    let mut framer = ClientFramer::new(Limits::default());
    let mut buffer = vec![0u8; 16 * 1024];
    let mut reply = peer.greeting();
    loop {
        let lines: Vec<u8> = reply.lines().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        framer.sent(&lines, false);
        connection.write(&lines, Segments::Whole).await?;
        if reply.starts_with("221") {
            return Ok(());
        }
        let said = loop {
            match framer.next().map(|reply| reply.parsed) {
                Some(Parsed::Client(Said::Message(message))) if !message.dotted => {}
                Some(Parsed::Client(said)) => break said,
                Some(_) => return Ok(()),
                None => match connection.read(&mut buffer).await? {
                    0 => return Ok(()),
                    count => framer.push(buffer.get(..count).unwrap_or_default()),
                },
            }
        };
        reply = peer.answer(&said);
        peer.answered(&said, &reply);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::transport::Reservation;

    #[tokio::test]
    async fn the_longest_rested_goes_first() {
        let reserved: Vec<Reservation> = (0..3).map(|_| Reservation::new(([127, 0, 0, 1], 0).into()).unwrap()).collect();
        let slots = reserved.iter().enumerate().map(|(n, r)| PeerSlot { domain: format!("peer{n}"), address: r.address });
        let peers = Arc::new(Peers::new(slots.collect()));
        let names = |lease: &PeerLease| lease.slots().iter().map(|slot| slot.domain.clone()).collect::<Vec<_>>();
        let first = peers.lease(1).await;
        assert_eq!(names(&first), ["peer0"]);
        drop(first);
        let both = peers.lease(2).await;
        assert_eq!(names(&both), ["peer1", "peer2"]);
        let waiting = tokio::spawn({
            let peers = peers.clone();
            async move { peers.lease(3).await.slots().len() }
        });
        tokio::task::yield_now().await;
        drop(both);
        assert_eq!(waiting.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_resting_peer_takes_what_comes_and_gives_its_port_back() {
        let reserved = Reservation::new(([127, 0, 0, 1], 0).into()).unwrap();
        let address = reserved.address;
        let peers = Arc::new(Peers::new(vec![PeerSlot { domain: "peer.example".into(), address }]));
        drop(peers.lease(1).await);
        let mut late = loop {
            match tokio::net::TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        late.write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@peer.example>\r\nDATA\r\n").await.unwrap();
        late.write_all(b"x\r\n.\r\nQUIT\r\n").await.unwrap();
        let mut said = String::new();
        late.read_to_string(&mut said).await.unwrap();
        let codes: Vec<&str> = said.lines().filter(|line| line.get(3..4) == Some(" ")).filter_map(|line| line.get(..3)).collect();
        assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
        let lease = peers.lease(1).await;
        assert!(Listener::open(lease.slots()[0].address).is_ok());
    }
}
