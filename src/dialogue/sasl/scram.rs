//! SCRAM from the client's side (RFC 5802, RFC 7677). Its messages may be written by the suite, in which case they are what
//! they are; the proof is always that of what was said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::mechanism::Answer;

/// No password is hashed more often than this: a server that asks for more keeps its clients busy for seconds.
const MOST_ITERATIONS: u32 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
}

/// The client's side of an exchange.
#[derive(Debug)]
pub struct Scram {
    hash: Hash,
    first: Vec<u8>,
    password: Vec<u8>,
    bindings: Vec<(&'static str, Vec<u8>)>,
    awaited: Awaited,
    server_first: Vec<u8>,
    /// What the server must sign with, once the proof is made.
    signature: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The empty challenge that asks for the first message.
    Invitation,
    ServerFirst,
    ServerFinal,
    Outcome,
}

impl Scram {
    /// `None`: no such mechanism.
    pub fn new(mechanism: &str, first: Vec<u8>, password: Vec<u8>, bindings: Vec<(&'static str, Vec<u8>)>) -> Option<Scram> {
        let hash = match mechanism.strip_suffix("-PLUS").unwrap_or(mechanism) {
            "SCRAM-SHA-1" => Hash::Sha1,
            "SCRAM-SHA-256" => Hash::Sha256,
            _ => return None,
        };
        let awaited = Awaited::Invitation;
        Some(Scram { hash, first, password, bindings, awaited, server_first: Vec::new(), signature: Vec::new() })
    }

    /// What is answered to a challenge.
    pub fn answer(&mut self, challenge: &[u8]) -> Answer {
        let wrong = |why: &str| Answer::Wrong(format!("{why}: `{}`", crate::transcript::visible(challenge)));
        match self.awaited {
            Awaited::Invitation if challenge.is_empty() => {
                self.awaited = Awaited::ServerFirst;
                Answer::Say(self.first.clone())
            }
            Awaited::Invitation => wrong("the client speaks first in SCRAM, so the first challenge is empty"),
            Awaited::ServerFirst => match self.nonce_of(challenge) {
                Ok(nonce) => {
                    self.awaited = Awaited::ServerFinal;
                    self.server_first = challenge.to_vec();
                    let without_proof = format!("c={},r={nonce}", BASE64.encode(self.binding_input())).into_bytes();
                    Answer::Last { nonce, without_proof }
                }
                Err(why) => wrong(why),
            },
            Awaited::ServerFinal => {
                self.awaited = Awaited::Outcome;
                let text = challenge.split(|b| *b == b',').next().unwrap_or_default();
                let Some(verifier) = text.strip_prefix(b"v=") else {
                    return match text.strip_prefix(b"e=") {
                        Some(error) => Answer::Refused(format!("the server refused: {}", crate::transcript::visible(error))),
                        None => wrong("the server's last message begins with neither v= nor e="),
                    };
                };
                // "If the two are different, the client MUST consider the authentication exchange to be unsuccessful"
                // (RFC 5802 §5).
                if BASE64.decode(verifier).ok().as_ref() == Some(&self.signature) {
                    Answer::Say(Vec::new())
                } else {
                    Answer::Refused("the server's signature is wrong: it does not know the password's keys".to_owned())
                }
            }
            Awaited::Outcome => Answer::Wrong("the server asks for more than the mechanism has".to_owned()),
        }
    }

    /// The last message, with the proof of what stands before it, unless it brings one.
    pub fn prove(&mut self, without_proof: Vec<u8>) -> Vec<u8> {
        if memchr::memmem::find(&without_proof, b",p=").is_some() {
            return without_proof;
        }
        let said = [self.bare(), b",", &self.server_first, b",", &without_proof].concat();
        let (salt, iterations) = salt_and_iterations(&self.server_first).unwrap_or_default();
        let salted = self.hash.hi(&normalized(&self.password), &salt, iterations);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let client_signature = self.hash.hmac(&self.hash.digest(&client_key), &said);
        self.signature = self.hash.hmac(&self.hash.hmac(&salted, b"Server Key"), &said);
        let proof: Vec<u8> = client_key.iter().zip(client_signature).map(|(key, signature)| key ^ signature).collect();
        [&without_proof[..], b",p=", BASE64.encode(proof).as_bytes()].concat()
    }

    /// Whether the server has proved itself.
    pub fn finish(&self) -> Result<(), String> {
        match self.awaited {
            Awaited::Outcome => Ok(()),
            _ => Err("the server accepts the client without having sent its signature (v=)".to_owned()),
        }
    }

    /// Both parts of the nonce; the error says what is wrong with the server's first message.
    fn nonce_of(&self, challenge: &[u8]) -> Result<String, &'static str> {
        let text = std::str::from_utf8(challenge).map_err(|_| "the server's first message is not UTF-8")?;
        let nonce = text.split(',').next().and_then(|part| part.strip_prefix("r=")).ok_or("it does not begin with r=")?;
        let own = self.bare().split(|b| *b == b',').find_map(|part| part.strip_prefix(b"r=")).unwrap_or_default();
        // "The client MUST verify that the initial part of the nonce used in subsequent messages is the same as the nonce it
        // initially specified" (RFC 5802 §5.1).
        if !nonce.as_bytes().starts_with(own) {
            return Err("the nonce does not begin with the client's");
        }
        if nonce.len() == own.len() {
            return Err("the server adds nothing to the nonce");
        }
        if !nonce.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("the nonce is not printable");
        }
        match salt_and_iterations(challenge) {
            None => Err("salt and iteration count are not s=base64,i=number"),
            Some((_, iterations)) if iterations > MOST_ITERATIONS => Err("no client hashes a password so often"),
            Some(_) => Ok(nonce.to_owned()),
        }
    }

    /// Where the GS2 header ends, its two commas included.
    fn header_end(&self) -> usize {
        let commas = self.first.iter().enumerate().filter(|(_, b)| **b == b',').map(|(at, _)| at + 1);
        commas.take(2).last().unwrap_or(0)
    }

    fn bare(&self) -> &[u8] {
        self.first.get(self.header_end()..).unwrap_or_default()
    }

    /// `cbind-input = gs2-header [ cbind-data ]`
    fn binding_input(&self) -> Vec<u8> {
        let header = self.first.get(..self.header_end()).unwrap_or_default();
        let name = header.strip_prefix(b"p=").and_then(|rest| rest.split(|b| *b == b',').next());
        let data = self.bindings.iter().find(|(known, _)| Some(known.as_bytes()) == name);
        [header, data.map_or(&[][..], |(_, data)| data)].concat()
    }
}

impl Hash {
    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(octets).to_vec(),
            Hash::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], octets: &[u8]) -> Vec<u8> {
        let made = match self {
            Hash::Sha1 => Hmac::<Sha1>::new_from_slice(key).map(|mac| mac.chain_update(octets).finalize().into_bytes().to_vec()),
            Hash::Sha256 => {
                Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(octets).finalize().into_bytes().to_vec())
            }
        };
        // A key may have any length, so there is no error.
        made.unwrap_or_default()
    }

    /// `Hi(str, salt, i)` is PBKDF2 with HMAC and one block (RFC 5802 §2.2).
    fn hi(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Hash::Sha1 => pbkdf2::pbkdf2_hmac_array::<Sha1, 20>(password, salt, iterations).to_vec(),
            Hash::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
        }
    }
}

/// `Normalize(str)`: SASLprep (RFC 4013); what cannot be prepared is sent as it is.
fn normalized(password: &[u8]) -> Vec<u8> {
    let prepared = std::str::from_utf8(password).ok().and_then(|text| stringprep::saslprep(text).ok());
    prepared.map_or_else(|| password.to_vec(), |text| text.into_owned().into_bytes())
}

/// `"r=" nonce "," "s=" base64 "," "i=" posit-number ["," extensions]`
fn salt_and_iterations(server_first: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut parts = std::str::from_utf8(server_first).ok()?.split(',').skip(1);
    let salt = BASE64.decode(parts.next()?.strip_prefix("s=")?).ok()?;
    let digits = parts.next()?.strip_prefix("i=")?;
    let sound = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    Some((salt, digits.parse().ok().filter(|_| sound)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays an exchange of an RFC with its password; gives the last message.
    fn last(mechanism: &str, first: &str, server_first: &str, server_final: &str) -> (String, Answer) {
        let mut scram = Scram::new(mechanism, first.as_bytes().to_vec(), b"pencil".to_vec(), Vec::new()).unwrap();
        assert_eq!(scram.answer(b""), Answer::Say(first.as_bytes().to_vec()));
        let Answer::Last { without_proof, .. } = scram.answer(server_first.as_bytes()) else { panic!() };
        assert!(scram.finish().is_err());
        let last = String::from_utf8(scram.prove(without_proof)).unwrap();
        let answer = scram.answer(server_final.as_bytes());
        assert!(scram.finish().is_ok());
        (last, answer)
    }

    #[test]
    fn the_examples_of_the_rfcs() {
        // RFC 5802 §5.
        let (nonce, salt) = ("fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92");
        let first = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL";
        let server_first = format!("r={nonce},s={salt},i=4096");
        let (told, answer) = last("SCRAM-SHA-1", first, &server_first, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
        assert_eq!(told, format!("c=biws,r={nonce},p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="));
        assert_eq!(answer, Answer::Say(Vec::new()));
        let (_, answer) = last("SCRAM-SHA-1", first, &server_first, "v=rmF9pqV8S7suAoZWja4dJRkFsKR=");
        assert!(matches!(answer, Answer::Refused(why) if why.contains("signature")));
        let (_, answer) = last("SCRAM-SHA-1", first, &server_first, "e=other-error");
        assert!(matches!(answer, Answer::Refused(why) if why.contains("other-error")));
        // RFC 7677 §3.
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let server_first = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let signature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        let (told, answer) = last("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", &server_first, signature);
        assert_eq!(told, format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert_eq!(answer, Answer::Say(Vec::new()));
    }

    #[test]
    fn servers_that_break_the_grammar_are_told() {
        for (server_first, why) in [
            ("r=other,s=AAAA,i=4096", "begin with the client's"),
            ("r=xy,s=AAAA,i=4096", "adds nothing"),
            ("m=z,r=xyz,s=AAAA,i=4096", "r="),
            ("r=xyz,s=A,i=4096", "salt and iteration"),
            ("r=xyz,i=4096,s=AAAA", "salt and iteration"),
            ("r=xyz,s=AAAA,i=0", "salt and iteration"),
            ("r=xyz,s=AAAA,i=+1", "salt and iteration"),
            ("r=xyz,s=AAAA,i=4000000000", "so often"),
        ] {
            let mut scram = Scram::new("SCRAM-SHA-1", b"n,,n=u,r=xy".to_vec(), Vec::new(), Vec::new()).unwrap();
            scram.answer(b"");
            let answer = scram.answer(server_first.as_bytes());
            assert!(matches!(&answer, Answer::Wrong(told) if told.contains(why)), "{server_first}: {answer:?}");
        }
    }

    #[test]
    fn the_channel_is_bound_to() {
        let bindings = vec![("tls-exporter", b"key".to_vec()), ("tls-server-end-point", b"hash".to_vec())];
        let input = |first: &str| {
            Scram::new("SCRAM-SHA-256-PLUS", first.as_bytes().to_vec(), Vec::new(), bindings.clone()).unwrap().binding_input()
        };
        assert_eq!(input("p=tls-exporter,,n=u,r=x"), b"p=tls-exporter,,key");
        assert_eq!(input("p=tls-server-end-point,a=u,n=u,r=x"), b"p=tls-server-end-point,a=u,hash");
        assert_eq!(input("p=tls-unique,,n=u,r=x"), b"p=tls-unique,,");
        assert_eq!(input("y,,n=u,r=x"), b"y,,");
        assert_eq!(input("nonsense"), b"");
    }
}
