//! SASL, as SMTP, POP3 and IMAP share it: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195).
//!
//! The protocols own the framing (`334 `, `+ `, base64, `*` to cancel); an [`Exchange`] sees decoded octets.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use crate::accounts::{Account, Accounts};

/// A mechanism this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    Login,
    CramMd5,
}

impl Mechanism {
    /// What may be offered now: a password travels as it is only where that is allowed.
    pub fn offered(plaintext: bool, accounts: &Accounts) -> Vec<Mechanism> {
        let mut offered = Vec::new();
        if plaintext {
            offered.extend([Mechanism::Plain, Mechanism::Login]);
        }
        if accounts.shares_secrets() {
            offered.push(Mechanism::CramMd5);
        }
        offered
    }

    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::CramMd5 => "CRAM-MD5",
        }
    }

    /// Finds a mechanism by its name, whatever the case (RFC 4422 §3.1 writes them in upper case).
    pub fn named(name: &str) -> Option<Mechanism> {
        [Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5].into_iter().find(|m| m.name().eq_ignore_ascii_case(name))
    }

    /// Whether the mechanism sends the password itself, which asks for TLS or a loopback client.
    pub fn is_plaintext(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login)
    }

    /// Whether the client speaks first, and may so send an initial response (RFC 4954 §4, RFC 4959, RFC 5034 §4).
    pub fn client_first(self) -> bool {
        self == Mechanism::Plain
    }
}

/// Why an exchange did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client's message is not one of the mechanism.
    Malformed,
    /// The user is unknown or the password wrong; which of both is not told.
    Credentials,
    /// The user may not act for the authorization identity it asked for.
    Authorization,
}

/// What the server does next.
#[derive(Debug)]
pub enum Progress {
    /// Sends this challenge, in base64.
    Challenge(Vec<u8>),
    /// The exchange is over.
    Done(Result<Arc<Account>, Failure>),
}

/// One authentication, from the client's choice of a mechanism on.
#[derive(Debug)]
pub struct Exchange {
    awaited: Awaited,
}

#[derive(Debug)]
enum Awaited {
    PlainStart,
    PlainMessage,
    LoginStart,
    LoginUser,
    LoginPassword { user: String },
    CramStart { challenge: String },
    CramDigest { challenge: String },
}

impl Exchange {
    /// `challenge` is a fresh `<…@host>` as [`challenge`] makes it; only CRAM-MD5 uses it.
    pub fn new(mechanism: Mechanism, challenge: String) -> Self {
        let awaited = match mechanism {
            Mechanism::Plain => Awaited::PlainStart,
            Mechanism::Login => Awaited::LoginStart,
            Mechanism::CramMd5 => Awaited::CramStart { challenge },
        };
        Self { awaited }
    }

    /// Begins, with the initial response if the client sent one (an empty one is `Some(&[])`).
    pub fn start(&mut self, initial: Option<&[u8]>, accounts: &Accounts) -> Progress {
        match (std::mem::replace(&mut self.awaited, Awaited::PlainMessage), initial) {
            (Awaited::PlainStart, None) => Progress::Challenge(Vec::new()),
            // LOGIN has no RFC; clients send the user name as initial response, so it is taken.
            (Awaited::LoginStart, None) => {
                self.awaited = Awaited::LoginUser;
                Progress::Challenge(b"Username:".to_vec())
            }
            (Awaited::LoginStart, Some(user)) => {
                self.awaited = Awaited::LoginUser;
                self.answer(user, accounts)
            }
            (Awaited::CramStart { challenge }, None) => {
                let shown = challenge.clone().into_bytes();
                self.awaited = Awaited::CramDigest { challenge };
                Progress::Challenge(shown)
            }
            // RFC 4954 §4: a mechanism where the server speaks first has no initial response.
            (Awaited::CramStart { .. }, Some(_)) => Progress::Done(Err(Failure::Malformed)),
            (awaited, initial) => {
                self.awaited = if matches!(awaited, Awaited::PlainStart) { Awaited::PlainMessage } else { awaited };
                self.answer(initial.unwrap_or_default(), accounts)
            }
        }
    }

    /// Takes the client's next message, decoded.
    pub fn answer(&mut self, message: &[u8], accounts: &Accounts) -> Progress {
        let done = match &mut self.awaited {
            Awaited::LoginUser => match std::str::from_utf8(message) {
                Ok(user) if !user.is_empty() => {
                    self.awaited = Awaited::LoginPassword { user: user.to_owned() };
                    return Progress::Challenge(b"Password:".to_vec());
                }
                _ => Err(Failure::Malformed),
            },
            Awaited::LoginPassword { user } => accounts.verify(user, message).ok_or(Failure::Credentials),
            Awaited::CramDigest { challenge } => cram_md5(challenge, message, accounts),
            _ => plain(message, accounts),
        };
        Progress::Done(done)
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 §2).
fn plain(message: &[u8], accounts: &Accounts) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let parts: Vec<&str> = text.split('\0').collect();
    let [authzid, authcid, password] = parts.as_slice() else { return Err(Failure::Malformed) };
    if authcid.is_empty() || password.is_empty() {
        return Err(Failure::Malformed);
    }
    let account = accounts.verify(authcid, password.as_bytes()).ok_or(Failure::Credentials)?;
    // RFC 4616 §2: an authorization identity is another's only for who may act for them; here nobody may.
    let oneself = authzid.is_empty() || accounts.login(authzid).is_some_and(|asked| asked.name() == account.name());
    if oneself { Ok(account) } else { Err(Failure::Authorization) }
}

/// `user SP digest`, the digest in lower-case hexadecimal (RFC 2195 §2).
fn cram_md5(challenge: &str, message: &[u8], accounts: &Accounts) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let (user, digest) = text.rsplit_once(' ').ok_or(Failure::Malformed)?;
    if digest.len() != 32 || !digest.bytes().all(|o| matches!(o, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Failure::Malformed);
    }
    let account = accounts.login(user).ok_or(Failure::Credentials)?;
    let secret = account.shared_secret().ok_or(Failure::Credentials)?;
    let mut right = Hmac::<Md5>::new_from_slice(secret.as_bytes()).map_err(|_| Failure::Credentials)?;
    right.update(challenge.as_bytes());
    let given: Vec<u8> = digest.as_bytes().chunks(2).filter_map(hexadecimal).collect();
    right.verify_slice(&given).map(|()| account.clone()).map_err(|_| Failure::Credentials)
}

fn hexadecimal(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
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
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        let given = ["alice@example.org:secret", "tim@example.org:tanstaaftanstaaf"].map(|text| text.parse().unwrap());
        Accounts::new(&["example.org".into()], &given).unwrap()
    }

    /// Plays the messages and gives the challenges and the outcome.
    fn play(mechanism: Mechanism, initial: Option<&[u8]>, messages: &[&[u8]]) -> (Vec<String>, Result<String, Failure>) {
        let accounts = accounts();
        let mut exchange = Exchange::new(mechanism, "<1896.697170952@postoffice.reston.mci.net>".into());
        let (mut challenges, mut messages) = (Vec::new(), messages.iter());
        let mut progress = exchange.start(initial, &accounts);
        loop {
            match progress {
                Progress::Challenge(text) => challenges.push(String::from_utf8(text).unwrap()),
                Progress::Done(outcome) => return (challenges, outcome.map(|account| account.name().to_owned())),
            }
            progress = exchange.answer(messages.next().unwrap(), &accounts);
        }
    }

    #[test]
    fn plain_takes_an_initial_response_or_a_challenge() {
        let alice = Ok("alice@example.org".to_owned());
        assert_eq!(play(Mechanism::Plain, Some(b"\0alice\0secret"), &[]), (vec![], alice.clone()));
        assert_eq!(play(Mechanism::Plain, None, &[b"\0alice\0secret"]), (vec!["".into()], alice.clone()));
        assert_eq!(play(Mechanism::Plain, Some(b"alice@example.org\0alice\0secret"), &[]).1, alice);
        assert_eq!(play(Mechanism::Plain, Some(b"tim\0alice\0secret"), &[]).1, Err(Failure::Authorization));
        assert_eq!(play(Mechanism::Plain, Some(b"\0alice\0wrong"), &[]).1, Err(Failure::Credentials));
        for malformed in [&b""[..], b"alice", b"\0alice", b"\0\0secret", b"\0alice\0", b"\0a\0b\0c", b"\0a\0\xff"] {
            assert_eq!(play(Mechanism::Plain, Some(malformed), &[]).1, Err(Failure::Malformed));
        }
    }

    #[test]
    fn login_asks_for_user_and_password() {
        let (challenges, outcome) = play(Mechanism::Login, None, &[b"alice", b"secret"]);
        assert_eq!(challenges, ["Username:", "Password:"]);
        assert_eq!(outcome, Ok("alice@example.org".into()));
        assert_eq!(play(Mechanism::Login, Some(b"alice"), &[b"wrong"]).1, Err(Failure::Credentials));
    }

    #[test]
    fn cram_md5_gives_the_digest_of_the_rfc() {
        // The example of RFC 2195 §2.
        let right = b"tim b913a602c7eda7a495b4e6e7334d3890";
        assert_eq!(play(Mechanism::CramMd5, None, &[right]).1, Ok("tim@example.org".into()));
        let wrong = b"tim b913a602c7eda7a495b4e6e7334d3891";
        assert_eq!(play(Mechanism::CramMd5, None, &[wrong]).1, Err(Failure::Credentials));
        assert_eq!(play(Mechanism::CramMd5, None, &[b"tim"]).1, Err(Failure::Malformed));
        assert_eq!(play(Mechanism::CramMd5, Some(right), &[]).1, Err(Failure::Malformed));
    }

    #[test]
    fn base64_is_strict() {
        assert_eq!(decode(b"AGE="), Some(b"\0a".to_vec()));
        assert_eq!(decode_initial(b"="), Some(Vec::new()));
        for wrong in [&b"AGE"[..], b"A GE=", b"=", b"AGE=x", b"*"] {
            assert_eq!(decode(wrong), None);
        }
    }
}
