//! From flaws of an exchange to findings with places, and the fingerprint a baseline remembers a failure by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Engine;
use super::scope::Scope;
use crate::matching::Flaw;
use crate::outcome::{Finding, FindingKind};
use crate::suite::{ConnectionName, Expect, Span};

impl Engine {
    /// A finding without an expectation.
    pub(super) fn finding(&self, kind: FindingKind, span: Option<Span>, connection: &str, message: String) -> Finding {
        Finding {
            kind,
            message,
            span,
            expected: None,
            received: None,
            connection: connection.to_owned(),
            offset: None,
            hints: Vec::new(),
        }
    }

    /// A finding about the end (or life) of a connection.
    pub(super) fn connection_finding(&self, connection: &ConnectionName, span: Span, message: String) -> Finding {
        self.finding(FindingKind::Connection, Some(span), connection, message)
    }
}

/// Ties a flaw to its line in the file.
pub fn located(flaw: Flaw, expects: &[Expect], connection: &ConnectionName, fallback: Span) -> Finding {
    let line = flaw.expectation.and_then(|(index, line)| Some((expects.get(index)?, line)));
    let span = line.and_then(|(expect, line)| {
        let span = *expect.spans.get(line).or(expect.spans.last())?;
        let text = expect.pattern.lines.get(line)?;
        Some(match flaw.part {
            Some((start, length)) => {
                let characters =
                    |from: usize, to: usize| text.get(from..to.min(text.len())).map_or(0, |part| part.chars().count());
                Span { column: span.column + characters(0, start), length: characters(start, start + length).max(1), ..span }
            }
            None => span,
        })
    });
    Finding {
        kind: flaw.kind,
        message: flaw.message,
        span: span.or(Some(fallback)),
        expected: line.map(|(expect, _)| expect.pattern.lines.join("\n")),
        received: flaw.received.map(shortened),
        connection: connection.to_string(),
        offset: flaw.offset,
        hints: flaw.hints,
    }
}

/// What came, without the middle of what no one can read whole.
fn shortened(received: String) -> String {
    const KEPT: usize = 64 << 10;
    if received.len() <= 2 * KEPT {
        return received;
    }
    let head = received.get(..received.floor_char_boundary(KEPT)).unwrap_or_default();
    let tail = received.get(received.ceil_char_boundary(received.len() - KEPT)..).unwrap_or_default();
    format!("{head}… {} octets …{tail}", received.len() - head.len() - tail.len())
}

/// Names the way a case failed so that the next run's failure can be told to be the same: the kind, the expectation as written, and the
/// part of the reply that carries meaning. Values that change from run to run do not count.
pub fn fingerprint(finding: &Finding, scope: &Scope) -> String {
    let expected = finding.expected.as_deref().and_then(|text| text.lines().next()).unwrap_or_default();
    let received =
        finding.received.as_deref().and_then(|text| text.lines().next()).map(|line| meaning(line, scope)).unwrap_or_default();
    match (expected, received.as_str()) {
        ("", "") => format!("{}: {}", finding.kind.word(), digits_folded(&finding.message)),
        (expected, "") => format!("{}: {expected}", finding.kind.word()),
        (expected, received) => format!("{}: {expected} <- {received}", finding.kind.word()),
    }
}

/// The head of a reply without human-readable text, changing values and numbers.
fn meaning(line: &str, scope: &Scope) -> String {
    let mut line = line.to_owned();
    let environment = &scope.environment;
    for (name, value) in &environment.mailboxes {
        line = line.replace(value.as_str(), &format!("${{{name}}}"));
    }
    for (role, peer) in &environment.peers {
        line = line.replace(peer.domain.as_str(), &format!("${{{role}.domain}}"));
    }
    for (role, account) in &environment.accounts {
        line = line.replace(account.address.as_str(), &format!("${{{role}.address}}"));
    }
    line = line.replace(environment.unique.as_str(), "${unique}");
    let status = ["OK", "NO", "BAD", "BYE", "+OK", "-ERR"];
    let mut words: Vec<&str> = line.split(' ').collect();
    if let Some(at) = words.iter().take(2).position(|word| status.contains(word)) {
        // The status and the name of a response code; the text behind them is for people.
        let code = words
            .get(at + 1)
            .filter(|word| word.starts_with('['))
            .map(|word| if word.ends_with(']') { (*word).to_owned() } else { format!("{word}]") });
        let head = words.drain(..=at).collect::<Vec<_>>().join(" ");
        return [Some(head), code].into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    if words.first() == Some(&"+") {
        // A continuation request (RFC 3501 §7.5, RFC 5034 §4): what follows is for people, or a challenge that is new each time.
        return "+".to_owned();
    }
    let smtp = words.first().is_some_and(|word| word.len() >= 3 && word.bytes().take(3).all(|b| b.is_ascii_digit()));
    if smtp {
        let enhanced =
            words.get(1).filter(|word| word.split('.').count() == 3 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let code = words.first().and_then(|word| word.get(..3)).unwrap_or_default();
        return enhanced.map_or(code.to_owned(), |enhanced| format!("{code} {enhanced}"));
    }
    let folded = digits_folded(&line);
    folded.chars().take(80).collect()
}

/// Each run of digits as one `#`.
fn digits_folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (c.is_ascii_digit(), out.ends_with('#')) {
            (true, true) => {}
            (true, false) => out.push('#'),
            (false, _) => out.push(c),
        }
    }
    out
}

/// Passwords and tokens by their names: plain, inside SASL PLAIN, and tokens in any base64.
pub fn masked(bytes: &[u8], scope: &Scope) -> Vec<u8> {
    let mut shown = bytes.to_vec();
    for (role, account) in &scope.environment.accounts {
        let plain = scope.sasl_plain(role).map(|response| BASE64.encode(response)).unwrap_or_default();
        shown = replaced(shown, plain.as_bytes(), format!("${{sasl-plain:{role}}}").as_bytes());
        shown = replaced(shown, account.password.as_bytes(), format!("${{{role}.password}}").as_bytes());
        if let Some(token) = &account.token {
            let name = format!("${{{role}.token}}");
            shown = replaced(unwrapped(shown, token, &name), token.as_bytes(), name.as_bytes());
        }
    }
    shown
}

/// A last word that is base64 of something with the token in it, as suites write it: `${base64:…${alice.token}…}`.
fn unwrapped(bytes: Vec<u8>, token: &str, name: &str) -> Vec<u8> {
    let Some(line) = bytes.strip_suffix(b"\r\n").filter(|line| line.len() < 16 * 1024) else { return bytes };
    let (head, word) = line.split_at(line.iter().rposition(|b| *b == b' ').map_or(0, |blank| blank + 1));
    let holds = |text: &Vec<u8>| memchr::memmem::find(text, token.as_bytes()).is_some() && !text.contains(&b'\n');
    let Some(decoded) = BASE64.decode(word).ok().filter(holds) else { return bytes };
    [head, b"${base64:", &replaced(decoded, token.as_bytes(), name.as_bytes()), b"}\r\n"].concat()
}

fn replaced(bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    if from.is_empty() || memchr::memmem::find(&bytes, from).is_none() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some(at) = memchr::memmem::find(rest, from) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(to);
        rest = rest.get(at + from.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_hidden_in_base64() {
        let hidden = |text: &str| String::from_utf8(unwrapped(text.as_bytes().to_vec(), "t0ken", "${alice.token}")).unwrap();
        let response = BASE64.encode("n,,\u{1}auth=Bearer t0ken\u{1}\u{1}");
        let shown = "${base64:n,,\u{1}auth=Bearer ${alice.token}\u{1}\u{1}}\r\n";
        assert_eq!(hidden(&format!("{response}\r\n")), shown);
        assert_eq!(hidden(&format!("AUTH OAUTHBEARER {response}\r\n")), format!("AUTH OAUTHBEARER {shown}"));
        for other in ["", "\r\n", "AUTH OAUTHBEARER =\r\n", "C3RoaXM=\r\n", "t0ken\r\n"] {
            assert_eq!(hidden(other), other);
        }
    }
}
