//! URLs that authorize: their tokens, and who may use them (RFC 4467). The mechanism is INTERNAL.

use super::context::{Context, refusal};
use super::response::Status;
use super::url::{Access, Proof, Server, Url};
use super::url_content::Content;
use crate::accounts::Account;
use crate::faults::Fault;
use crate::store::Mailbox;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The only mechanism.
pub const MECHANISM: &str = "INTERNAL";

/// What tokens begin with: "the server SHOULD incorporate some means of identifying the token generation algorithm within the
/// token" (RFC 4467 §2.4.1).
const ALGORITHM: &str = "01";

/// The octets of an access key: 256 bits (RFC 4467 §2.2 wants at least 128).
pub const KEY: usize = 32;

/// A key nobody can guess.
pub fn new_key() -> Result<Vec<u8>, Status> {
    let mut key = vec![0; KEY];
    getrandom::fill(&mut key).map_err(|_| Status::no(None, "There is no randomness to make a key of"))?;
    Ok(key)
}

/// The token of a URL that ends with its access identifier.
pub fn token(rump: &str, key: &[u8]) -> String {
    let mut token = ALGORITHM.to_owned();
    // A key of any length will do for HMAC.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(rump.as_bytes());
        token.extend(mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")));
    }
    token
}

impl Context {
    /// The account that owns the mailbox of an absolute URL, if the URL is of this server.
    pub fn url_owner(&self, server: &Server) -> Option<&Arc<Account>> {
        let here = server.host.eq_ignore_ascii_case(&self.site.host) || self.site.accounts.is_own_domain(&server.host);
        self.site.accounts.login(server.user.as_deref()?).filter(|_| here)
    }

    /// What an authorized URL names; `None` "if the URL is invalid for any reason (including validation failure)"
    /// (RFC 4467 §8).
    pub fn url_content(&self, text: &str) -> Result<Option<Content>, Status> {
        let Ok(url) = Url::parse(text) else { return Ok(None) };
        let (Some(server), Some(access), Some(proof)) = (&url.server, &url.access, &url.proof) else { return Ok(None) };
        let owner = self.url_owner(server);
        let mailbox = owner.zip(url.mailbox.as_ref()).map(|(owner, name)| self.store.mailbox(owner.name(), name));
        let mailbox = mailbox.and_then(Result::ok).filter(|mailbox| mailbox.selectable);
        if !self.proves(owner, mailbox.as_ref(), proof)? || !self.may_use(access) {
            return Ok(None);
        }
        // "After that date and time, the URL has expired, and server implementations MUST reject the URL" (RFC 4467 §3).
        if url.expire.is_some_and(|expire| self.site.clock.now() > expire) && !self.faults().on(Fault::ImapUrlNeverExpires) {
            return Ok(None);
        }
        match mailbox {
            Some(mailbox) => Content::find(&self.store, &mailbox, &url).map_err(refusal),
            None => Ok(None),
        }
    }

    /// Whether the token is right. Without a mailbox or a key the same work is done with a plausible key: "This prevents timing
    /// attacks aimed at identifying mailbox names" (RFC 4467 §6).
    fn proves(&self, owner: Option<&Arc<Account>>, mailbox: Option<&Mailbox>, proof: &Proof) -> Result<bool, Status> {
        let key = match owner.zip(mailbox) {
            Some((owner, mailbox)) => self.store.url_key(owner.name(), mailbox.id).map_err(refusal)?,
            None => None,
        };
        let known = key.is_some() && proof.mechanism == MECHANISM;
        let right = token(&proof.rump, &key.unwrap_or_else(|| vec![0; KEY]));
        let same = bool::from(right.as_bytes().ct_eq(proof.token.to_ascii_lowercase().as_bytes()));
        Ok(known && (same || self.faults().on(Fault::ImapUrlAcceptsAnyToken)))
    }

    /// Whether this session is one of those the URL is for (RFC 4467 §3). Nobody is a submission server here.
    fn may_use(&self, access: &Access) -> bool {
        match access {
            Access::Submit(_) => false,
            Access::User(_) if self.faults().on(Fault::ImapUrlForAnyUser) => true,
            Access::User(user) => {
                let named = self.site.accounts.login(user);
                named.zip(self.account.as_ref()).is_some_and(|(named, account)| named.name() == account.name())
            }
            Access::AuthUser | Access::Anonymous => self.account.is_some(),
        }
    }
}
