//! The steps that bring a connection to its start state. They are not judged: a server that refuses one blocks the case.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::suite::{Protocol, StartState};

/// One step of getting ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Read until a reply decides.
    Await { want: Want, what: String },
    /// Send a line (without CRLF) and read until a reply decides.
    Send { line: Vec<u8>, want: Want, what: String },
    /// The TLS handshake.
    Tls,
}

/// Which reply decides a step, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// SMTP: a reply of this class (first digit).
    Smtp(u8),
    /// POP3: `+OK`.
    Pop3Ok,
    /// IMAP: `* OK` or `* PREAUTH`.
    ImapGreeting,
    /// IMAP: this tag and OK; untagged responses before it are passed over.
    ImapOk(String),
}

/// What a reply means for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Accepted,
    Refused,
    /// Not the reply that decides: read on.
    ReadOn,
}

impl Want {
    /// Judges the first line of a reply.
    pub fn decide(&self, raw: &[u8]) -> Decision {
        let verdict = |accepted| if accepted { Decision::Accepted } else { Decision::Refused };
        match self {
            Want::Smtp(class) => verdict(raw.first() == Some(class)),
            Want::Pop3Ok => verdict(raw.starts_with(b"+OK")),
            Want::ImapGreeting => verdict(starts_with(raw, b"* OK") || starts_with(raw, b"* PREAUTH")),
            Want::ImapOk(tag) => {
                let Some(status) = raw.strip_prefix(tag.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) else {
                    return if starts_with(raw, b"* BYE") || raw.starts_with(b"+") {
                        Decision::Refused
                    } else {
                        Decision::ReadOn
                    };
                };
                verdict(starts_with(status, b"OK"))
            }
        }
    }
}

fn starts_with(raw: &[u8], prefix: &[u8]) -> bool {
    raw.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Who logs in.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    pub login: &'a str,
    pub password: &'a str,
}

/// The steps from an open connection to `state`. `starttls`: go through STARTTLS on the way (not to `connected`, where nothing
/// may be said). `mailbox`: what to select.
pub fn steps(
    protocol: Protocol,
    lmtp: bool,
    state: StartState,
    starttls: bool,
    who: Option<Credentials<'_>>,
    mailbox: &str,
) -> Vec<Ready> {
    if state == StartState::Connected {
        return Vec::new();
    }
    match protocol {
        Protocol::Smtp => smtp(lmtp, state, starttls, who),
        Protocol::Pop3 => pop3(state, starttls, who),
        Protocol::Imap => imap(state, starttls, who, mailbox),
    }
}

fn send(line: impl Into<Vec<u8>>, want: Want, what: &str) -> Ready {
    Ready::Send { line: line.into(), want, what: what.to_owned() }
}

fn smtp(lmtp: bool, state: StartState, starttls: bool, who: Option<Credentials<'_>>) -> Vec<Ready> {
    let hello = if lmtp { "LHLO client.example" } else { "EHLO client.example" };
    let mut steps = vec![Ready::Await { want: Want::Smtp(b'2'), what: "the greeting".to_owned() }];
    if starttls {
        steps.push(send(hello, Want::Smtp(b'2'), "EHLO"));
        steps.push(send("STARTTLS", Want::Smtp(b'2'), "STARTTLS"));
        steps.push(Ready::Tls);
    }
    if state >= StartState::Ehlo {
        steps.push(send(hello, Want::Smtp(b'2'), "EHLO"));
    }
    if let (StartState::Authenticated, Some(who)) = (state, who) {
        let response = BASE64.encode(format!("\0{}\0{}", who.login, who.password));
        steps.push(send(format!("AUTH PLAIN {response}"), Want::Smtp(b'2'), "AUTH PLAIN"));
    }
    steps
}

fn pop3(state: StartState, starttls: bool, who: Option<Credentials<'_>>) -> Vec<Ready> {
    let mut steps = vec![Ready::Await { want: Want::Pop3Ok, what: "the greeting".to_owned() }];
    if starttls {
        steps.push(send("STLS", Want::Pop3Ok, "STLS"));
        steps.push(Ready::Tls);
    }
    if let (StartState::Authenticated, Some(who)) = (state, who) {
        steps.push(send(format!("USER {}", who.login), Want::Pop3Ok, "USER"));
        steps.push(send(format!("PASS {}", who.password), Want::Pop3Ok, "PASS"));
    }
    steps
}

fn imap(state: StartState, starttls: bool, who: Option<Credentials<'_>>, mailbox: &str) -> Vec<Ready> {
    let mut steps = vec![Ready::Await { want: Want::ImapGreeting, what: "the greeting".to_owned() }];
    let mut command = |tag: &str, text: String, what: &str| {
        steps.push(send(format!("{tag} {text}"), Want::ImapOk(tag.to_owned()), what));
    };
    if starttls {
        command("start0", "STARTTLS".to_owned(), "STARTTLS");
        steps.push(Ready::Tls);
    }
    let mut command = |tag: &str, text: String, what: &str| {
        steps.push(send(format!("{tag} {text}"), Want::ImapOk(tag.to_owned()), what));
    };
    if let (StartState::Authenticated | StartState::Selected, Some(who)) = (state, who) {
        command("start1", format!("LOGIN {} {}", quoted(who.login), quoted(who.password)), "LOGIN");
    }
    if state == StartState::Selected {
        command("start2", format!("SELECT {}", quoted(mailbox)), "SELECT");
    }
    steps
}

/// A quoted string (RFC 3501 §9).
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The size of the literal a line (with CRLF) announces at its end (RFC 3501 §4.3, RFC 7888): `{12}` or `{12+}`.
pub fn literal_size(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let open = line.iter().rposition(|b| *b == b'{')?;
    let digits = line.get(open + 1..)?;
    std::str::from_utf8(digits.strip_suffix(b"+").unwrap_or(digits)).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tagged_reply_decides() {
        let want = Want::ImapOk("a1".into());
        assert_eq!(want.decide(b"* CAPABILITY IMAP4rev1\r\n"), Decision::ReadOn);
        assert_eq!(want.decide(b"a1 ok done\r\n"), Decision::Accepted);
        assert_eq!(want.decide(b"a1 NO bad\r\n"), Decision::Refused);
        assert_eq!(want.decide(b"* BYE\r\n"), Decision::Refused);
    }

    #[test]
    fn starttls_comes_before_the_password() {
        let who = Some(Credentials { login: "a", password: "b" });
        let steps = steps(Protocol::Imap, false, StartState::Selected, true, who, "x");
        let tls = steps.iter().position(|s| *s == Ready::Tls).unwrap();
        let login = steps.iter().position(|s| matches!(s, Ready::Send { what, .. } if what == "LOGIN")).unwrap();
        assert!(tls < login && steps.len() == 5);
    }
}
