//! OAUTHBEARER (RFC 7628): a bearer token, in the clothes of HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Failure, Progress, Side, Surroundings};
use crate::accounts::Account;
use crate::faults::Fault;

/// Ends keys with their values, and the message (RFC 7628 §3.1).
const SEPARATOR: u8 = 1;

#[derive(Default)]
pub(super) struct OauthBearer {
    /// The error was told; the client's answer ends the exchange.
    refused: Option<Failure>,
}

impl Side for OauthBearer {
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        if let Some(failure) = self.refused {
            // "The client MUST then send either an additional client response consisting of a single %x01 […] or a SASL
            // abort message" (RFC 7628 §3.2.3). The exchange fails whatever comes.
            return Progress::Done(Err(if message == [SEPARATOR] { failure } else { Failure::Malformed }));
        }
        // "If sent as the first message from the client, the server MAY simply fail the authentication" (RFC 7628 §3.1).
        if message == [SEPARATOR] {
            return Progress::Done(Err(Failure::Malformed));
        }
        match verify(message, surroundings) {
            Ok(account) => Progress::Done(Ok(account)),
            Err(failure) if surroundings.broken(Fault::SaslNoOauthError) => Progress::Done(Err(failure)),
            Err(failure) => {
                self.refused = Some(failure);
                Progress::Challenge(error(failure).to_owned().into_bytes())
            }
        }
    }
}

/// The error result of RFC 7628 §3.2.2; the codes are those of RFC 6750 §3.1.
fn error(failure: Failure) -> &'static str {
    match failure {
        Failure::Malformed => r#"{"status":"invalid_request","schemes":"bearer"}"#,
        _ => r#"{"status":"invalid_token","schemes":"bearer"}"#,
    }
}

/// ```abnf
/// kvpair      = key "=" value %x01
/// client-resp = (gs2-header %x01 *kvpair %x01) / %x01          ; RFC 7628 §3.1
/// ```
fn verify(message: &[u8], surroundings: &Surroundings) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let (header, rest) = text.split_once('\u{1}').ok_or(Failure::Malformed)?;
    let pairs = rest.strip_suffix('\u{1}').ok_or(Failure::Malformed)?;
    let authzid = gs2_header(header)?;
    let mut authorization = None;
    for pair in pairs.split_terminator('\u{1}') {
        let (key, value) = pair.split_once('=').ok_or(Failure::Malformed)?;
        let sound = |c: char| c.is_ascii_graphic() || matches!(c, ' ' | '\t' | '\r' | '\n');
        if key.is_empty() || !key.bytes().all(|o| o.is_ascii_alphabetic()) || !value.chars().all(sound) {
            return Err(Failure::Malformed);
        }
        match key {
            "auth" if authorization.is_none() => authorization = Some(value),
            "auth" => return Err(Failure::Malformed),
            "host" if !is_own(value, surroundings) => return Err(Failure::Credentials),
            "port" if !is_port(value) => return Err(Failure::Malformed),
            // "Unknown key/value pairs MUST be ignored by the server" (RFC 7628 §3.1).
            _ => {}
        }
    }
    // Every pair has its separator: what is between the last one and the end of the message is nothing.
    if !pairs.is_empty() && !pairs.ends_with('\u{1}') {
        return Err(Failure::Malformed);
    }
    bearer(authorization.ok_or(Failure::Malformed)?, &authzid, surroundings)
}

/// The account of `Bearer token`; the name of the scheme ignores case (RFC 7628 §4).
pub(super) fn bearer(authorization: &str, authzid: &str, surroundings: &Surroundings) -> Result<Arc<Account>, Failure> {
    let accounts = &surroundings.site.accounts;
    let (scheme, token) = authorization.split_once(' ').ok_or(Failure::Credentials)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::Credentials);
    }
    if surroundings.broken(Fault::SaslAcceptsAnyToken) {
        return accounts.login(authzid).cloned().ok_or(Failure::Credentials);
    }
    let account = accounts.bearer(token.trim_matches(' ').as_bytes()).ok_or(Failure::Credentials)?;
    surroundings.acting(account, authzid)
}

/// The authorization identity of `("n" / "y") "," [ "a=" saslname ] ","` (RFC 5801 §4). The mechanism has no channel
/// binding, so `p=` fails, and a client that thinks the server has none (`y`) is right.
fn gs2_header(header: &str) -> Result<String, Failure> {
    let mut parts = header.split(',');
    let (Some(flag), Some(authzid), Some(""), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Failure::Malformed);
    };
    match flag {
        "n" | "y" => {}
        flag if flag.starts_with("p=") => return Err(Failure::ChannelBinding),
        _ => return Err(Failure::Malformed),
    }
    match authzid.strip_prefix("a=") {
        None if authzid.is_empty() => Ok(String::new()),
        None => Err(Failure::Malformed),
        Some(name) => super::scram::saslname(name).ok_or(Failure::Malformed),
    }
}

/// "Values […] that correspond to values known to the application server by some other mechanism […] MUST be validated to
/// match" (RFC 7628 §3.2): the server's names are its own, its domains', and those of the machine.
fn is_own(host: &str, surroundings: &Surroundings) -> bool {
    let site = &surroundings.site;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case(&site.host)
        || site.accounts.is_own_domain(host)
        || host.eq_ignore_ascii_case("localhost")
        || address.is_ok()
}

/// "A decimal positive integer string without leading zeros" (RFC 7628 §3.1).
fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|o| o.is_ascii_digit()) && text.parse::<u16>().is_ok()
}
