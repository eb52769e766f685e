//! The mechanisms by name, and which of them may be used on a connection.

use super::{Side, cram_md5, external, login, oauthbearer, plain, scram, xoauth2};
use crate::accounts::scram::HashFunction;
use crate::session::Peer;
use crate::site::Site;

/// A mechanism this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Never specified, widely spoken.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 5802 and RFC 7677; `plus` is the form that is bound to the TLS channel.
    Scram { function: HashFunction, plus: bool },
    /// RFC 7628.
    OauthBearer,
    /// Its older sibling, never specified.
    Xoauth2,
    /// RFC 4422 appendix A: the certificate of the TLS client.
    External,
}

impl Mechanism {
    /// All of them, in the order they are announced in.
    pub const ALL: [Mechanism; 10] = [
        Mechanism::Plain,
        Mechanism::Login,
        Mechanism::CramMd5,
        Mechanism::Scram { function: HashFunction::Sha1, plus: false },
        Mechanism::Scram { function: HashFunction::Sha256, plus: false },
        Mechanism::Scram { function: HashFunction::Sha1, plus: true },
        Mechanism::Scram { function: HashFunction::Sha256, plus: true },
        Mechanism::OauthBearer,
        Mechanism::Xoauth2,
        Mechanism::External,
    ];

    /// Those that may be used now.
    pub fn offered(site: &Site, peer: &Peer) -> Vec<Mechanism> {
        Self::ALL.into_iter().filter(|mechanism| mechanism.is_offered(site, peer)).collect()
    }

    /// Whether it may be used now: some account can do it, and the connection suits it.
    pub fn is_offered(self, site: &Site, peer: &Peer) -> bool {
        let possible = match self {
            Mechanism::Plain | Mechanism::Login => true,
            Mechanism::CramMd5 => site.accounts.shares_secrets(),
            // RFC 5802 §6: a server that supports channel binding announces both forms.
            Mechanism::Scram { function, plus } => {
                site.accounts.does_scram(function) && (!plus || peer.channel.can_be_bound_to())
            }
            Mechanism::OauthBearer | Mechanism::Xoauth2 => site.accounts.has_tokens(),
            Mechanism::External => !peer.channel.client.is_empty(),
        };
        possible && (!self.is_plaintext() || peer.tls || peer.plaintext_auth)
    }

    /// The name of the IANA registry of SASL mechanisms.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::Scram { function, plus: false } => function.name(),
            Mechanism::Scram { function: HashFunction::Sha1, plus: true } => "SCRAM-SHA-1-PLUS",
            Mechanism::Scram { function: HashFunction::Sha256, plus: true } => "SCRAM-SHA-256-PLUS",
            Mechanism::OauthBearer => "OAUTHBEARER",
            Mechanism::Xoauth2 => "XOAUTH2",
            Mechanism::External => "EXTERNAL",
        }
    }

    /// Finds a mechanism by its name, whatever the case (RFC 4422 §3.1 writes them in upper case).
    pub fn named(name: &str) -> Option<Mechanism> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Whether the mechanism sends the secret itself, which asks for TLS or a loopback client: RFC 4616 §6, RFC 7628 §3.
    pub fn is_plaintext(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login | Mechanism::OauthBearer | Mechanism::Xoauth2)
    }

    /// Whether the client speaks first, and may so send an initial response (RFC 4954 §4, RFC 4959, RFC 5034 §4).
    pub fn client_first(self) -> bool {
        !matches!(self, Mechanism::Login | Mechanism::CramMd5)
    }

    /// Whether a client may send an initial response: LOGIN has no RFC that forbids it, and clients do.
    pub fn takes_initial_response(self) -> bool {
        self.client_first() || self == Mechanism::Login
    }

    pub(super) fn side(self) -> Box<dyn Side> {
        match self {
            Mechanism::Plain => Box::new(plain::Plain),
            Mechanism::Login => Box::<login::Login>::default(),
            Mechanism::CramMd5 => Box::<cram_md5::CramMd5>::default(),
            Mechanism::Scram { function, plus } => Box::new(scram::Scram::new(function, plus)),
            Mechanism::OauthBearer => Box::<oauthbearer::OauthBearer>::default(),
            Mechanism::Xoauth2 => Box::<xoauth2::Xoauth2>::default(),
            Mechanism::External => Box::new(external::External),
        }
    }
}
