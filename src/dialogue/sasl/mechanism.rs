//! The mechanisms from the client's side: what is answered to each challenge.

use std::collections::VecDeque;

use hmac::{Hmac, KeyInit, Mac};

use super::super::render;
use super::super::scope::Scope;
use super::scram::Scram;
use crate::suite::{Authentication, RawTemplate};

/// What a client does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Say(Vec<u8>),
    /// SCRAM's last message, which the suite may write in another way: what the proof is put behind ([`Side::prove`]), and
    /// the nonce of both sides.
    Last {
        nonce: String,
        without_proof: Vec<u8>,
    },
    /// The server tells in a challenge why it is going to refuse.
    Refused(String),
    /// The challenge is not one of the mechanism.
    Wrong(String),
}

/// One mechanism under way.
#[derive(Debug)]
pub enum Side {
    /// The same whatever the challenges are: PLAIN, LOGIN, EXTERNAL.
    Fixed(VecDeque<Vec<u8>>),
    /// RFC 2195 §2: login, a blank, and the HMAC-MD5 of the challenge in hexadecimal.
    CramMd5 {
        login: Vec<u8>,
        password: Vec<u8>,
    },
    /// OAUTHBEARER and XOAUTH2: the token, and what answers the error.
    Bearer {
        first: Option<Vec<u8>>,
        dummy: &'static [u8],
        told: bool,
    },
    Scram(Box<Scram>),
}

impl Side {
    /// The client's side of what a suite asks for. The error says which value is missing.
    pub fn new(asked: &Authentication, scope: &Scope, bindings: Vec<(&'static str, Vec<u8>)>) -> Result<Side, String> {
        let role = &asked.role;
        let account =
            scope.environment.accounts.get(role).ok_or_else(|| format!("no account is leased for the role `{role}`"))?;
        let written = |template: &Option<RawTemplate>| {
            template.as_ref().map(|template| render::raw(template, scope).map_err(|unknown| unknown.message)).transpose()
        };
        let password = written(&asked.password)?.unwrap_or_else(|| account.password.clone().into_bytes());
        let authorize_as = written(&asked.authorize_as)?.unwrap_or_default();
        let first = written(&asked.first)?;
        let login = account.login.clone().into_bytes();
        let token = || account.token.clone().ok_or_else(|| format!("the account of `{role}` has no `token:` in the target file"));
        Ok(match asked.mechanism.as_str() {
            "PLAIN" => Side::fixed([first.unwrap_or_else(|| [&authorize_as[..], b"\0", &login, b"\0", &password].concat())]),
            "LOGIN" => Side::fixed([login, password]),
            "EXTERNAL" => Side::fixed([first.unwrap_or(authorize_as)]),
            "CRAM-MD5" => Side::CramMd5 { login, password },
            "OAUTHBEARER" => {
                let identity = if authorize_as.is_empty() { login } else { authorize_as };
                let first = match first {
                    Some(first) => first,
                    None => [b"n,a=", &saslname(&identity)[..], b",\x01auth=Bearer ", token()?.as_bytes(), b"\x01\x01"].concat(),
                };
                Side::Bearer { first: Some(first), dummy: b"\x01", told: false }
            }
            "XOAUTH2" => {
                let identity = if authorize_as.is_empty() { login } else { authorize_as };
                let first = match first {
                    Some(first) => first,
                    None => [b"user=", &identity[..], b"\x01auth=Bearer ", token()?.as_bytes(), b"\x01\x01"].concat(),
                };
                Side::Bearer { first: Some(first), dummy: b"", told: false }
            }
            mechanism => {
                let nonce = format!("{}{}", scope.environment.unique, scope.captures.len());
                let usual = |plus: bool| {
                    let kind = asked.binding.as_deref().or(bindings.first().map(|(name, _)| *name)).unwrap_or("tls-exporter");
                    let flag = if plus { format!("p={kind}") } else { "n".to_owned() };
                    let identity =
                        if authorize_as.is_empty() { Vec::new() } else { [b"a=", &saslname(&authorize_as)[..]].concat() };
                    [flag.as_bytes(), b",", &identity, b",n=", &saslname(&login), b",r=", nonce.as_bytes()].concat()
                };
                let first = first.unwrap_or_else(|| usual(mechanism.ends_with("-PLUS")));
                let scram = Scram::new(mechanism, first, password, bindings).ok_or("no such mechanism")?;
                Side::Scram(Box::new(scram))
            }
        })
    }

    fn fixed<const N: usize>(answers: [Vec<u8>; N]) -> Side {
        Side::Fixed(answers.into())
    }

    /// What is answered to a challenge.
    pub fn answer(&mut self, challenge: &[u8]) -> Answer {
        let more = || Answer::Wrong("the server asks for more than the mechanism has".to_owned());
        match self {
            Side::Fixed(answers) => answers.pop_front().map_or_else(more, Answer::Say),
            Side::CramMd5 { login, password } => Answer::Say(cram_md5(login, password, challenge)),
            Side::Bearer { first, dummy, told } => match first.take() {
                Some(first) if challenge.is_empty() => Answer::Say(first),
                Some(_) => {
                    Answer::Wrong("the mechanism begins with the client's message, so the first challenge is empty".into())
                }
                None if !*told => {
                    *told = true;
                    // RFC 7628 §3.2.3: the dummy is what lets the server finish; whoever expects a refusal sends it, too.
                    Answer::Say(dummy.to_vec())
                }
                None => more(),
            },
            Side::Scram(scram) => scram.answer(challenge),
        }
    }

    /// SCRAM's last message, with the proof of what stands before it.
    pub fn prove(&mut self, without_proof: Vec<u8>) -> Vec<u8> {
        match self {
            Side::Scram(scram) => scram.prove(without_proof),
            _ => without_proof,
        }
    }

    /// Whether the server may say that it is over and well; the error says what it owes.
    pub fn finish(&self) -> Result<(), String> {
        match self {
            Side::Scram(scram) => scram.finish(),
            Side::Bearer { told: true, .. } => Err("the server accepts a token after it has told an error".to_owned()),
            Side::Fixed(answers) if !answers.is_empty() => Err("the server is content before it has heard everything".to_owned()),
            _ => Ok(()),
        }
    }
}

/// RFC 5801 §4: `,` and `=` are written otherwise in names.
fn saslname(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for octet in name {
        match octet {
            b',' => out.extend_from_slice(b"=2C"),
            b'=' => out.extend_from_slice(b"=3D"),
            octet => out.push(*octet),
        }
    }
    out
}

fn cram_md5(login: &[u8], password: &[u8], challenge: &[u8]) -> Vec<u8> {
    let digest = Hmac::<md5::Md5>::new_from_slice(password)
        .map(|mac| mac.chain_update(challenge).finalize().into_bytes().to_vec())
        .unwrap_or_default();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    [login, b" ", hex.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cram_md5_gives_the_digest_of_the_rfc() {
        // RFC 2195 §2.
        let answer = cram_md5(b"tim", b"tanstaaftanstaaf", b"<1896.697170952@postoffice.reston.mci.net>");
        assert_eq!(answer, b"tim b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn names_are_written_as_gs2_has_them() {
        assert_eq!(saslname(b"a,b=c"), b"a=2Cb=3Dc");
    }

    #[test]
    fn an_error_is_answered_and_then_nothing_is_right() {
        let mut side = Side::Bearer { first: Some(b"n,,".to_vec()), dummy: b"\x01", told: false };
        assert_eq!(side.answer(b""), Answer::Say(b"n,,".to_vec()));
        assert!(side.finish().is_ok());
        assert_eq!(side.answer(b"{}"), Answer::Say(b"\x01".to_vec()));
        assert!(side.finish().is_err());
        assert!(matches!(side.answer(b""), Answer::Wrong(_)));
    }
}
