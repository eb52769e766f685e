//! What the engine writes, and what it writes down of that and of everything it hears.

use std::sync::Arc;

use super::{Demand, Doing, Engine, finding};
use crate::suite::{ConnectionName, Party};
use crate::transcript::{Entry, What};

impl Engine {
    pub(super) fn record(&mut self, connection: &str, tls: bool, what: What) {
        let preparing = matches!(self.doing, Doing::Preparing(_) | Doing::Opening(_)) || self.program.in_setup();
        let (what, left_out) = match what {
            What::Sent(bytes) => shortened(bytes, What::Sent),
            What::Received(bytes) => shortened(bytes, What::Received),
            event => (event, 0),
        };
        let party = self.party(connection);
        let repeated = self.program.repeated_until().is_some();
        let mut push = |what| {
            let (at, connection) = (self.now, Arc::from(connection));
            self.transcript.entries.push(Entry { at, connection, tls, preparing, repeated, party, what });
        };
        push(what);
        if left_out > 0 {
            push(What::Event(format!("{left_out} more octets are left out here")));
        }
    }

    /// Who is at the other end.
    pub(super) fn party(&self, connection: &str) -> Party {
        self.connections.get(connection).map_or(Party::Server, |state| state.party)
    }

    pub(super) fn note(&mut self, connection: &ConnectionName, text: String) {
        let tls = self.connections.get(connection).is_some_and(|state| state.tls);
        self.record(connection, tls, What::Event(text));
    }

    /// Writes bytes and records them with secrets masked.
    pub(super) fn write(&mut self, connection: &ConnectionName, bytes: Vec<u8>) {
        let tls = self.connections.get(connection).is_some_and(|state| state.tls);
        let shown = finding::masked(&bytes, &self.scope);
        self.record(connection, tls, What::Sent(shown));
        let segments = self.case.variant.segments.unwrap_or_default();
        self.demands.push_back(Demand::Write { connection: connection.clone(), bytes, segments });
    }
}

/// Octets of one write or reply that a transcript keeps.
const KEPT: usize = 1 << 20;

/// The octets a transcript keeps, and how many it leaves out.
fn shortened(mut bytes: Vec<u8>, what: fn(Vec<u8>) -> What) -> (What, usize) {
    let left_out = bytes.len().saturating_sub(KEPT);
    bytes.truncate(KEPT);
    bytes.shrink_to_fit();
    (what(bytes), left_out)
}
