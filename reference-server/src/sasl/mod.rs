//! SASL (RFC 4422), as SMTP, POP3 and IMAP share it: one file per mechanism.
//!
//! The protocols own the framing (`334 `, `+ `, base64, `*` to cancel); an [`Exchange`] sees decoded octets. None of the
//! three can send data with the outcome of an exchange (RFC 4954 §4, RFC 5034 §4, RFC 3501 §6.2.2), so what a mechanism has
//! to say at its end is one more challenge, which the client answers with nothing (RFC 4422 §3.6, §5).

mod cram_md5;
mod external;
mod login;
mod mechanism;
mod oauthbearer;
mod plain;
mod scram;
mod xoauth2;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use mechanism::Mechanism;

use crate::accounts::Account;
use crate::faults::Fault;
use crate::session::{Channel, Peer};
use crate::site::Site;

/// Why an exchange did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client's message is not one of the mechanism.
    Malformed,
    /// The user is unknown or the secret wrong; which of both is not told.
    Credentials,
    /// The user may not act for the authorization identity it asked for.
    Authorization,
    /// The channel binding is missing, of an unknown type or another channel's, or the offer of one was suppressed.
    ChannelBinding,
    /// The server cannot do it now.
    Temporary,
}

/// What the server does next.
#[derive(Debug)]
pub enum Progress {
    /// Sends this challenge, in base64.
    Challenge(Vec<u8>),
    /// The exchange is over.
    Done(Result<Arc<Account>, Failure>),
}

/// The server's side of a mechanism.
trait Side: Send {
    /// What the server says first, where the mechanism lets it.
    fn opening(&mut self, surroundings: &Surroundings) -> Option<Vec<u8>> {
        let _ = surroundings;
        None
    }

    /// Takes the client's next message, decoded.
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress;
}

/// What mechanisms work on: the accounts, and the channel they may be bound to.
struct Surroundings {
    site: Arc<Site>,
    channel: Arc<Channel>,
}

/// One authentication, from the client's choice of a mechanism on.
pub struct Exchange {
    mechanism: Mechanism,
    side: Box<dyn Side>,
    surroundings: Surroundings,
}

impl Exchange {
    /// An exchange that has not begun. Whether the mechanism is offered ([`Mechanism::offered`]) is the caller's to ask.
    pub fn new(mechanism: Mechanism, site: &Arc<Site>, peer: &Peer) -> Self {
        let surroundings = Surroundings { site: site.clone(), channel: peer.channel.clone() };
        Self { mechanism, side: mechanism.side(), surroundings }
    }

    /// Begins, with the initial response if the client sent one (an empty one is `Some(&[])`).
    pub fn start(&mut self, initial: Option<&[u8]>) -> Progress {
        match (self.side.opening(&self.surroundings), initial) {
            (Some(challenge), None) => Progress::Challenge(challenge),
            (None, None) => Progress::Challenge(Vec::new()),
            // RFC 4422 §3.3, RFC 4954 §4: where the server speaks first there is no initial response. Clients of LOGIN,
            // which has no RFC, send the user name in it, so it is taken.
            (Some(_), Some(_)) if self.mechanism != Mechanism::Login => Progress::Done(Err(Failure::Malformed)),
            (_, Some(message)) => self.answer(message),
        }
    }

    /// Takes the client's next message, decoded.
    pub fn answer(&mut self, message: &[u8]) -> Progress {
        self.side.message(message, &self.surroundings)
    }
}

impl Surroundings {
    fn broken(&self, fault: Fault) -> bool {
        self.site.faults.on(fault)
    }

    /// The account if it may act for the authorization identity: nobody may act for another here, so it is empty or a name
    /// of the account itself (RFC 4422 §3.4.1).
    fn acting(&self, account: Arc<Account>, authzid: &str) -> Result<Arc<Account>, Failure> {
        let oneself = authzid.is_empty() || self.site.accounts.login(authzid).is_some_and(|asked| asked.name() == account.name());
        if oneself { Ok(account) } else { Err(Failure::Authorization) }
    }
}

/// A challenge that was never used before, `<random.seconds@host>` (RFC 2195 §2; RFC 1939 §7 for APOP).
pub fn challenge(host: &str, unix: i64) -> String {
    let random = getrandom::u64().unwrap_or_else(|_| {
        // Without randomness of the system the hasher's keys still differ for each call.
        use std::hash::{BuildHasher, Hasher};
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    });
    format!("<{random}.{unix}@{host}>")
}

/// What a client sent as base64 (RFC 4648 §4, with padding and nothing else), or `None`.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// What an initial response says: `=` is the empty one (RFC 4954 §4, RFC 4959 §3, RFC 5034 §4).
pub fn decode_initial(text: &[u8]) -> Option<Vec<u8>> {
    if text == b"=" { Some(Vec::new()) } else { decode(text) }
}

/// A challenge as it is sent.
pub fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

#[cfg(test)]
mod tests;
