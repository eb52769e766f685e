//! SCRAM: the examples of the RFCs, channel bindings, and clients that do not keep to it.

use super::super::tests::{over_tls, site};
use super::*;
use crate::session::{Channel, Peer};
use crate::site::Site;
use rstest::rstest;

const SHA1: HashFunction = HashFunction::Sha1;
const SHA256: HashFunction = HashFunction::Sha256;

/// What a client makes of the server's first message: its proof (RFC 5802 §3).
fn proof(function: HashFunction, password: &str, bare: &str, server_first: &str, without_proof: &str) -> Vec<u8> {
    let mut parts = server_first.split(',');
    let (_, salt, iterations) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
    let salt = STANDARD.decode(&salt[2..]).unwrap();
    let mut salted = vec![0; function.size()];
    let iterations = iterations[2..].parse().unwrap();
    match function {
        SHA1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password.as_bytes(), &salt, iterations, &mut salted),
        SHA256 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), &salt, iterations, &mut salted),
    }
    let key = function.hmac(&salted, b"Client Key");
    let said = format!("{bare},{server_first},{without_proof}");
    let signature = function.hmac(&function.hash(&key), said.as_bytes());
    key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect()
}

/// A client that says `first`, then what `last` makes of its nonce, with the right proof for the password.
struct Client<'a> {
    plus: bool,
    password: &'a str,
    first: &'a str,
    last: &'a dyn Fn(&str) -> String,
}

impl Client<'_> {
    fn plays(&self, site: &Arc<Site>, channel: Channel) -> Result<String, Failure> {
        let surroundings = Surroundings { site: site.clone(), channel: Arc::new(channel) };
        let mut scram = Scram::new(SHA256, self.plus);
        let server_first = match scram.message(self.first.as_bytes(), &surroundings) {
            Progress::Challenge(text) => String::from_utf8(text).unwrap(),
            Progress::Done(outcome) => return outcome.map(|_| "without a proof".to_owned()),
        };
        let nonce = server_first[2..].split(',').next().unwrap();
        let without_proof = (self.last)(nonce);
        let bare = self.first.splitn(3, ',').nth(2).unwrap();
        let proof = proof(SHA256, self.password, bare, &server_first, &without_proof);
        let last = format!("{without_proof},p={}", STANDARD.encode(proof));
        match scram.message(last.as_bytes(), &surroundings) {
            Progress::Challenge(text) => assert!(text.starts_with(b"v=")),
            Progress::Done(outcome) => return outcome.map(|_| "without a signature".to_owned()),
        }
        match scram.message(b"", &surroundings) {
            Progress::Done(outcome) => outcome.map(|account| account.name().to_owned()),
            Progress::Challenge(_) => panic!("one more challenge"),
        }
    }
}

fn alice() -> Result<String, Failure> {
    Ok("alice@example.org".into())
}

fn secured() -> Channel {
    Channel { server_end_point: Some(b"end point".to_vec()), exporter: Some(b"exporter".to_vec()), ..Channel::default() }
}

fn c(input: &str) -> String {
    STANDARD.encode(input)
}

/// The server's nonce and keys of the example, the client's messages as they stand in it.
#[rstest]
#[case(
    SHA1,
    "QSXCR+Q6sek8bf92",
    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "3rfcNHYJY1ZVvWVs7j",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
)]
#[case(
    SHA256,
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)]
fn the_examples_of_the_rfcs(
    #[case] function: HashFunction,
    #[case] salt: &str,
    #[case] first: &str,
    #[case] own_nonce: &str,
    #[case] last: &str,
    #[case] signature: &str,
) {
    let keys = ScramKeys::derive(function, b"pencil", STANDARD.decode(salt).unwrap(), 4096);
    let site = site(&["alice@example.org:x", "user@example.org:pencil"], &[]);
    let surroundings = Surroundings { site: site.clone(), channel: Arc::default() };
    let parsed = ClientFirst::parse(first.as_bytes(), false).unwrap();
    let nonce = format!("{}{own_nonce}", parsed.nonce);
    let answer = format!("r={nonce},s={salt},i=4096");
    let proving = Proving {
        account: site.accounts.login("user").cloned(),
        keys,
        authzid: String::new(),
        binding: parsed.header.as_bytes().to_vec(),
        nonce,
        said: format!("{},{answer},", parsed.bare),
    };
    let (account, answer) = proving.verify(last.as_bytes(), &surroundings).unwrap();
    assert_eq!((account.name(), String::from_utf8(answer).unwrap().as_str()), ("user@example.org", signature));
    let other = last.replace(",p=", ",z=1,p=");
    assert_eq!(proving.verify(other.as_bytes(), &surroundings).map(|_| ()), Err(Failure::Credentials));
}

#[rstest]
#[case(false, "n,,n=alice,r=x", "n,,", alice())]
#[case(false, "n,a=alice@example.org,n=alice,r=x", "n,a=alice@example.org,", alice())]
#[case(false, "n,,n=al\u{ad}ice,r=x,z=ignored", "n,,", alice())]
#[case(false, "n,a=bob,n=alice,r=x", "n,a=bob,", Err(Failure::Authorization))]
#[case(false, "n,,n=carol,r=x", "n,,", Err(Failure::Credentials))]
#[case(false, "n,,n=a=2Cb=3D,r=x", "n,,", Err(Failure::Credentials))]
#[case(false, "n,,n=\u{7},r=x", "n,,", Err(Failure::Malformed))]
#[case(false, "n,,n=alice,r=x", "y,,", Err(Failure::ChannelBinding))]
#[case(false, "n,,n=alice,r=x", "n,,exporter", Err(Failure::ChannelBinding))]
#[case(false, "y,,n=alice,r=x", "y,,", Err(Failure::ChannelBinding))]
#[case(false, "p=tls-exporter,,n=alice,r=x", "p=tls-exporter,,exporter", Err(Failure::ChannelBinding))]
#[case(true, "p=tls-exporter,,n=alice,r=x", "p=tls-exporter,,exporter", alice())]
#[case(true, "p=tls-server-end-point,,n=alice,r=x", "p=tls-server-end-point,,end point", alice())]
#[case(true, "p=tls-exporter,,n=alice,r=x", "p=tls-exporter,,end point", Err(Failure::ChannelBinding))]
#[case(true, "p=tls-exporter,,n=alice,r=x", "p=tls-exporter,,", Err(Failure::ChannelBinding))]
#[case(true, "p=tls-exporter,,n=alice,r=x", "n,,", Err(Failure::ChannelBinding))]
#[case(true, "p=tls-unique,,n=alice,r=x", "p=tls-unique,,", Err(Failure::ChannelBinding))]
#[case(true, "n,,n=alice,r=x", "n,,", Err(Failure::ChannelBinding))]
#[case(true, "y,,n=alice,r=x", "y,,", Err(Failure::ChannelBinding))]
fn under_tls(#[case] plus: bool, #[case] first: &str, #[case] input: &str, #[case] expected: Result<String, Failure>) {
    let site = site(&["alice@example.org:secret", "bob@example.org:word"], &[]);
    let client = Client { plus, password: "secret", first, last: &|nonce| format!("c={},r={nonce}", c(input)) };
    assert_eq!(client.plays(&site, secured()), expected);
}

#[test]
fn without_tls_a_client_may_think_that_there_is_no_binding() {
    let site = site(&["alice@example.org:secret"], &[]);
    let client =
        Client { plus: false, password: "secret", first: "y,,n=alice,r=x", last: &|nonce| format!("c={},r={nonce}", c("y,,")) };
    assert_eq!(client.plays(&site, Channel::default()), alice());
}

#[test]
fn accounts_of_every_kind() {
    let keys = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    let site = site(&[&format!("alice@example.org:{keys}"), "bob@example.org:\u{2168}", "\"a,b=c\"@example.org:word"], &[]);
    let plays = |password, first| {
        Client { plus: false, password, first, last: &|nonce| format!("c=biws,r={nonce}") }.plays(&site, Channel::default())
    };
    assert_eq!(plays("pencil", "n,,n=alice,r=x"), alice());
    assert_eq!(plays("Pencil", "n,,n=alice,r=x"), Err(Failure::Credentials));
    // The password is prepared (RFC 5802 §2.2: Normalize), so U+2168 is "IX".
    assert_eq!(plays("IX", "n,,n=bob,r=x"), Ok("bob@example.org".into()));
    assert_eq!(plays("word", "n,,n=\"a=2Cb=3Dc\"@example.org,r=x"), Ok("\"a,b=c\"@example.org".into()));
}

/// What each fault lets happen, and that it does not happen without it.
#[rstest]
#[case(Fault::SaslAcceptsAnyProof, "wrong", "n,,n=alice,r=x", &|nonce: &str| format!("c=biws,r={nonce}"))]
#[case(Fault::SaslAcceptsOtherNonce, "secret", "n,,n=alice,r=x", &|_: &str| "c=biws,r=other".to_owned())]
#[case(Fault::SaslIgnoresChannelBinding, "secret", "n,,n=alice,r=x", &|nonce: &str| format!("c={},r={nonce}", c("y,,")))]
#[case(Fault::SaslIgnoresDowngrade, "secret", "y,,n=alice,r=x", &|nonce: &str| format!("c={},r={nonce}", c("y,,")))]
#[case(Fault::SaslIgnoresMandatoryExtensions, "secret", "n,,m=x,n=alice,r=x", &|nonce: &str| format!("c=biws,r={nonce}"))]
#[case(Fault::SaslIgnoresMandatoryExtensions, "secret", "n,,n=alice,r=x", &|nonce: &str| format!("c=biws,r={nonce},m=x"))]
fn faults_let_in(#[case] fault: Fault, #[case] password: &str, #[case] first: &str, #[case] last: &dyn Fn(&str) -> String) {
    let plays = |faults: &[Fault]| {
        Client { plus: false, password, first, last }.plays(&site(&["alice@example.org:secret"], faults), secured())
    };
    assert_eq!(plays(&[fault]), alice());
    assert!(plays(&[]).is_err());
}

#[test]
fn nonces_never_repeat_and_nothing_follows_the_end() {
    let surroundings = Surroundings { site: site(&["alice@example.org:secret"], &[]), channel: Arc::default() };
    let first = || match Scram::new(SHA1, false).message(b"n,,n=alice,r=x", &surroundings) {
        Progress::Challenge(text) => String::from_utf8(text).unwrap(),
        Progress::Done(outcome) => panic!("{outcome:?}"),
    };
    let (one, other) = (first(), first());
    assert!(one.starts_with("r=x") && one != other && one.ends_with(",i=4096"), "{one}");
    let mut scram = Scram::new(SHA1, false);
    assert!(matches!(scram.message(b"nonsense", &surroundings), Progress::Done(Err(Failure::Malformed))));
    assert!(matches!(scram.message(b"n,,n=alice,r=x", &surroundings), Progress::Done(Err(Failure::Malformed))));
    let peer = over_tls(secured());
    assert!(super::super::Mechanism::Scram { function: SHA1, plus: true }.is_offered(&surroundings.site, &peer));
    assert!(!super::super::Mechanism::Scram { function: SHA1, plus: true }.is_offered(&surroundings.site, &Peer::loopback()));
}
