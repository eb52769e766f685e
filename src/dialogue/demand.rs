//! What the engine and who plays it say to each other: what is to be done next, and in the end what came of the case.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

#[cfg(doc)]
use super::Engine;
use crate::outcome::{Finding, Verdict};
use crate::suite::topology::{Control, Question};
use crate::suite::{Certificate, ConnectionName, Protocol, Segments};
use crate::transcript::Transcript;

/// What the engine wants done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Demand {
    /// Open a connection; answered by [`Engine::opened`] or [`Engine::open_failed`].
    /// `server`: one of the topology; `None`: its first, or the server under test.
    Open { connection: ConnectionName, protocol: Protocol, service: Option<String>, server: Option<String>, implicit_tls: bool },
    /// Write these bytes. No answer; a connection that breaks is told by [`Engine::closed`].
    Write { connection: ConnectionName, bytes: Vec<u8>, segments: Segments },
    /// Compress what is written and decompress what is read, or cease to. No answer.
    Compress { connection: ConnectionName, active: bool },
    /// TLS handshake as client, after `inject` was written in clear; answered by [`Engine::secured`] or [`Engine::tls_failed`].
    /// `certificate` is what the client shows of itself: PEM, chain and key.
    StartTls { connection: ConnectionName, inject: Vec<u8>, certificate: Option<Arc<str>> },
    /// TLS handshake as server, with this certificate for this domain; answered like [`Demand::StartTls`].
    AcceptTls { connection: ConnectionName, certificate: Certificate, domain: String },
    /// Listen at a peer's address; [`Engine::abandon`] if that cannot be.
    Listen { peer: String, address: SocketAddr },
    /// Listen no more at a peer's address.
    Refuse { peer: String },
    /// Write no more; go on reading.
    HalfClose { connection: ConnectionName },
    /// Close with RST.
    Reset { connection: ConnectionName },
    /// Close.
    Close { connection: ConnectionName },
    /// Steer the target; answered by [`Engine::controlled`].
    Control(Control),
    /// Ask the servers of the case; answered by [`Engine::answered`].
    Ask(Question),
    /// Wait for bytes or an end of any connection until this instant (since the case started); answered by
    /// [`Engine::received`], [`Engine::closed`] or [`Engine::deadline_passed`].
    Read { until: Duration },
    /// The same, and for a connection to a peer, which is answered by [`Engine::accepted`].
    Accept { connection: ConnectionName, peer: String, until: Duration },
    /// The case is over; call [`Engine::finish`].
    Finished,
}

/// How a case ended, before baseline and snapshot have their say.
#[derive(Clone, Debug)]
pub struct Played {
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub findings: Vec<Finding>,
    pub transcript: Transcript,
    pub captures: Vec<(String, Vec<u8>)>,
    pub fingerprint: Option<String>,
    pub duration: Duration,
}
