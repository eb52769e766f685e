//! SCRAM (RFC 5802, RFC 7677): client and server prove to each other that they know the password's keys, bound to the TLS
//! channel in the -PLUS forms.

mod message;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

pub(super) use message::saslname;
use message::{Binding, ClientFinal, ClientFirst};

use super::{Failure, Progress, Side, Surroundings};
use crate::accounts::scram::{HashFunction, ScramKeys};
use crate::accounts::{Account, saslprep};
use crate::faults::Fault;

/// Random octets of the server's part of the nonce.
const NONCE: usize = 18;

pub(super) struct Scram {
    function: HashFunction,
    plus: bool,
    awaited: Awaited,
}

/// The client's message that comes next.
enum Awaited {
    First,
    Final(Box<Proving>),
    /// Nothing, in answer to the server's signature.
    Acknowledgement(Arc<Account>),
    /// None: the exchange is over.
    Over,
}

/// What the client's last message is judged by.
struct Proving {
    /// `None`: nobody has this name, and no proof is right.
    account: Option<Arc<Account>>,
    keys: ScramKeys,
    authzid: String,
    /// What the client must send in `c=`: the GS2 header as it came, and the channel's data.
    binding: Vec<u8>,
    /// Both parts.
    nonce: String,
    /// client-first-message-bare "," server-first-message ","
    said: String,
}

impl Scram {
    pub fn new(function: HashFunction, plus: bool) -> Self {
        Self { function, plus, awaited: Awaited::First }
    }

    fn first(&self, message: &[u8], surroundings: &Surroundings) -> Result<(Proving, Vec<u8>), Failure> {
        let ignore_mandatory = surroundings.broken(Fault::SaslIgnoresMandatoryExtensions);
        let first = ClientFirst::parse(message, ignore_mandatory).ok_or(Failure::Malformed)?;
        let mut binding = first.header.as_bytes().to_vec();
        binding.extend(self.channel_data(&first.binding, surroundings)?);
        // "If the preparation of the username fails or results in an empty string, the server SHOULD abort the
        // authentication exchange" (RFC 5802 §5.1).
        let username = saslprep::strict(&first.username).ok_or(Failure::Malformed)?;
        let (account, keys) = surroundings.site.accounts.scram(&username, self.function);
        let own =
            if surroundings.broken(Fault::SaslRepeatsNonce) { "1".to_owned() } else { nonce().ok_or(Failure::Temporary)? };
        let nonce = format!("{}{own}", first.nonce);
        let salt = STANDARD.encode(&keys.salt);
        let answer = format!("r={nonce},s={salt},i={}", keys.iterations);
        let said = format!("{},{answer},", first.bare);
        let authzid = first.authzid.unwrap_or_default();
        Ok((Proving { account, keys, authzid, binding, nonce, said }, answer.into_bytes()))
    }

    /// What follows the GS2 header in `c=`. The flag must suit the mechanism and what was offered (RFC 5802 §6).
    fn channel_data(&self, binding: &Binding<'_>, surroundings: &Surroundings) -> Result<Vec<u8>, Failure> {
        let channel = &surroundings.channel;
        match binding {
            Binding::Used(kind) if self.plus => channel.binding(kind).map(<[u8]>::to_vec).ok_or(Failure::ChannelBinding),
            // RFC 5802 §5, RFC 5801 §5: a client that binds chooses the -PLUS form, and one that chooses it binds.
            Binding::Used(_) => Err(Failure::ChannelBinding),
            _ if self.plus => Err(Failure::ChannelBinding),
            // "If the flag is set to "y" and the server supports channel binding, the server MUST fail authentication":
            // someone took the -PLUS names out of our list.
            Binding::BelievedAbsent if channel.can_be_bound_to() && !surroundings.broken(Fault::SaslIgnoresDowngrade) => {
                Err(Failure::ChannelBinding)
            }
            Binding::BelievedAbsent | Binding::Unsupported => Ok(Vec::new()),
        }
    }
}

impl Proving {
    /// Verifies the client's proof and gives the server's (RFC 5802 §3):
    ///
    /// ```text
    /// ClientSignature := HMAC(StoredKey, AuthMessage)
    /// ClientKey       := ClientProof XOR ClientSignature
    /// ServerSignature := HMAC(ServerKey, AuthMessage)
    /// ```
    fn verify(&self, message: &[u8], surroundings: &Surroundings) -> Result<(Arc<Account>, Vec<u8>), Failure> {
        let ignore_mandatory = surroundings.broken(Fault::SaslIgnoresMandatoryExtensions);
        let last = ClientFinal::parse(message, ignore_mandatory).ok_or(Failure::Malformed)?;
        if last.nonce != self.nonce && !surroundings.broken(Fault::SaslAcceptsOtherNonce) {
            return Err(Failure::Credentials);
        }
        // "The server MUST always validate the client's "c=" field" (RFC 5802 §6).
        if last.binding != self.binding && !surroundings.broken(Fault::SaslIgnoresChannelBinding) {
            return Err(Failure::ChannelBinding);
        }
        let function = self.keys.function;
        let said = format!("{}{}", self.said, last.without_proof);
        let signature = function.hmac(&self.keys.stored_key, said.as_bytes());
        let key: Vec<u8> = last.proof.iter().zip(&signature).map(|(proof, signature)| proof ^ signature).collect();
        let right = last.proof.len() == function.size() && bool::from(function.hash(&key).ct_eq(&self.keys.stored_key));
        if !right && !surroundings.broken(Fault::SaslAcceptsAnyProof) {
            return Err(Failure::Credentials);
        }
        let account = surroundings.acting(self.account.clone().ok_or(Failure::Credentials)?, &self.authzid)?;
        let mut signature = function.hmac(&self.keys.server_key, said.as_bytes());
        if surroundings.broken(Fault::SaslWrongServerSignature) {
            signature.reverse();
        }
        Ok((account, format!("v={}", STANDARD.encode(signature)).into_bytes()))
    }
}

impl Side for Scram {
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        match std::mem::replace(&mut self.awaited, Awaited::Over) {
            Awaited::First => match self.first(message, surroundings) {
                Ok((proving, answer)) => {
                    self.awaited = Awaited::Final(Box::new(proving));
                    Progress::Challenge(answer)
                }
                Err(failure) => Progress::Done(Err(failure)),
            },
            // "A server implementation MAY conclude the SASL exchange with a failure without sending the
            // server-final-message" (RFC 5802 §5.1): no `e=`, which would cost one more round trip.
            Awaited::Final(proving) => match proving.verify(message, surroundings) {
                Ok((account, answer)) => {
                    self.awaited = Awaited::Acknowledgement(account);
                    Progress::Challenge(answer)
                }
                Err(failure) => Progress::Done(Err(failure)),
            },
            Awaited::Acknowledgement(account) if message.is_empty() => Progress::Done(Ok(account)),
            Awaited::Acknowledgement(_) | Awaited::Over => Progress::Done(Err(Failure::Malformed)),
        }
    }
}

/// The server's part of a nonce: printable, without a comma, never used before.
fn nonce() -> Option<String> {
    let mut random = [0; NONCE];
    getrandom::fill(&mut random).ok()?;
    Some(STANDARD.encode(random))
}

#[cfg(test)]
mod tests;
