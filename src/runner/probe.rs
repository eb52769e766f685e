//! The sanity probe: does the target answer at all, may we log in, and what does it announce? Played by the engine like any case.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::choose;
use super::drive::Driver;
use crate::dialogue::{Account, Engine, Environment};
use crate::outcome::{TargetFacts, Verdict};
use crate::protocol::Limits;
use crate::suite::{Case, Fixtures, Protocol, Start, StartState, Transport, inline};
use crate::target::Target;
use crate::transcript::{What, visible};

/// What is said in each state, and where the capabilities are in the answer.
struct Question {
    state: StartState,
    lines: &'static str,
    transport: Option<Transport>,
    service: Option<&'static str>,
}

/// Services beside a protocol's own that may announce something else, with the protocol and the words that ask them.
const SERVICES: [(&str, Protocol, &str); 2] = [
    ("submission", Protocol::Smtp, "C: EHLO client.example\nS: 250\n"),
    // RFC 2033 §4.1: LHLO takes the place of EHLO.
    ("lmtp", Protocol::Smtp, "C: LHLO client.example\nS: 250\n"),
];

fn questions(protocol: Protocol, accounts: bool) -> Vec<Question> {
    let (lines, login): (&'static str, bool) = match protocol {
        Protocol::Smtp => ("C: EHLO client.example\nS: 250\n", false),
        Protocol::Pop3 => ("C: CAPA\nS: +OK|-ERR\n", true),
        Protocol::Imap => ("C: p1 CAPABILITY\nS: p1 OK\n", true),
    };
    let mut questions = vec![Question { state: StartState::Greeted, lines, transport: None, service: None }];
    if login && accounts {
        questions.push(Question { state: StartState::Authenticated, lines, transport: None, service: None });
    }
    questions
}

/// Asks every protocol that has an endpoint. The error is one clear message.
pub async fn probe(driver: &Driver<'_>, stop: &watch::Receiver<bool>) -> Result<TargetFacts, String> {
    let target = driver.target;
    let mut facts = TargetFacts { name: target.name.clone(), description: target.description.clone(), ..TargetFacts::default() };
    for protocol in Protocol::ALL {
        if target.endpoint(protocol, None, false).is_none() {
            if target.protocols.contains(&protocol) {
                return Err(format!(
                    "{protocol} is under test and has no endpoint; add `{protocol}: {{port: …}}` to the target's endpoints"
                ));
            }
            continue;
        }
        let mut announced: Vec<String> = Vec::new();
        for question in questions(protocol, !target.accounts.is_empty()) {
            let (greeting, capabilities) = ask(driver, stop, protocol, &question).await?;
            if protocol == Protocol::Pop3 && has_timestamp(&greeting) && !announced.iter().any(|known| known == "APOP") {
                // RFC 1939 §7: a server that implements APOP shows it by a timestamp in its greeting, and CAPA has no word for it.
                announced.push("APOP".to_owned());
            }
            facts.greetings.entry(protocol).or_insert(greeting);
            for capability in capabilities {
                // RFC 3501 §7.2.1: LOGINDISABLED is about LOGIN, which is over after login; some servers then list it.
                let too_late = question.state == StartState::Authenticated && capability.eq_ignore_ascii_case("LOGINDISABLED");
                if !too_late && !announced.contains(&capability) && !ignored(target, &capability) {
                    announced.push(capability);
                }
            }
        }
        facts.capabilities.insert(protocol, announced);
    }
    Ok(facts)
}

/// Asks every protocol, and what else these cases want to know.
pub async fn probe_for<'c>(
    driver: &Driver<'_>,
    stop: &watch::Receiver<bool>,
    cases: impl Iterator<Item = &'c Case> + Clone,
) -> Result<TargetFacts, String> {
    let mut facts = probe(driver, stop).await?;
    if cases.clone().any(choose::asks_under_tls) {
        probe_under_tls(driver, stop, &mut facts).await;
    }
    if cases.clone().any(choose::asks_a_service) {
        probe_services(driver, stop, &mut facts).await;
    }
    Ok(facts)
}

/// Asks again under TLS, where cases want to know. Nothing is announced where the target has none, or none that works: that is
/// for the suites to judge.
async fn probe_under_tls(driver: &Driver<'_>, stop: &watch::Receiver<bool>, facts: &mut TargetFacts) {
    for protocol in Protocol::ALL {
        let announced = under_tls(driver, stop, protocol).await;
        facts.secured_capabilities.insert(protocol, announced);
    }
}

/// Asks the services that cases want to know of, each by its own greeting word. Nothing is announced where the target has none, or
/// none that answers: that is for the suites to judge.
async fn probe_services(driver: &Driver<'_>, stop: &watch::Receiver<bool>, facts: &mut TargetFacts) {
    let target = driver.target;
    for (service, protocol, lines) in SERVICES {
        if target.endpoint(protocol, Some(service), false).is_none() {
            continue;
        }
        let question = Question { state: StartState::Greeted, lines, transport: None, service: Some(service) };
        let announced = ask(driver, stop, protocol, &question).await.map(|(_, announced)| announced).unwrap_or_default();
        let counted = announced.into_iter().filter(|capability| !ignored(target, capability)).collect();
        facts.service_capabilities.insert(service.to_owned(), counted);
    }
}

async fn under_tls(driver: &Driver<'_>, stop: &watch::Receiver<bool>, protocol: Protocol) -> Vec<String> {
    let target = driver.target;
    let transport = if target.endpoint(protocol, None, true).is_some() {
        Transport::Tls
    } else if target.has_starttls(protocol, None) {
        Transport::StartTls
    } else {
        return Vec::new();
    };
    let Some(question) = questions(protocol, false).into_iter().next() else { return Vec::new() };
    let question = Question { transport: Some(transport), ..question };
    let announced = ask(driver, stop, protocol, &question).await.map(|(_, announced)| announced).unwrap_or_default();
    announced.into_iter().filter(|capability| !ignored(target, capability)).collect()
}

fn ignored(target: &Target, capability: &str) -> bool {
    let keyword = capability.split_whitespace().next().unwrap_or_default();
    target.ignored_capabilities.iter().any(|name| name.eq_ignore_ascii_case(keyword) || name.eq_ignore_ascii_case(capability))
}

/// The environment of a probe: the first account as every role it needs.
pub fn bare_environment(target: &Target, facts: &TargetFacts) -> Environment {
    let account = target.accounts.first().map(Account::from);
    Environment {
        accounts: account.map(|account| BTreeMap::from([("alice".to_owned(), account)])).unwrap_or_default(),
        peers: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        private_prefix: String::new(),
        domain: target.domain.clone(),
        shared_mailbox: target.shared_mailbox.clone(),
        unique: "probe".to_owned(),
        fixtures: Arc::new(Fixtures::new()),
        capabilities: facts.capabilities.clone(),
        secured_capabilities: facts.secured_capabilities.clone(),
        service_capabilities: facts.service_capabilities.clone(),
        step_timeout: target.timeouts.step,
        limits: Limits::default(),
    }
}

async fn ask(
    driver: &Driver<'_>,
    stop: &watch::Receiver<bool>,
    protocol: Protocol,
    question: &Question,
) -> Result<(String, Vec<String>), String> {
    let target = driver.target;
    let service = question.service.map(str::to_owned);
    let start = Start { protocol, service, state: question.state, role: "alice".to_owned(), mailbox: None, server: None };
    let timeout = target.timeouts.step * 2 + target.timeouts.connect;
    let mut case = inline::case("sanity", start, question.lines, timeout)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    case.variant.transport = question.transport;
    let environment = bare_environment(target, &TargetFacts::default());
    let played = driver.drive(Engine::new(Arc::new(case), environment, false), stop.clone()).await;
    let place = target.endpoint(protocol, question.service, false).map(|(address, _)| address.to_string()).unwrap_or_default();
    if played.verdict != Verdict::Passed {
        let finding = played.findings.first().map(|finding| {
            let hints = finding.hints.iter().map(|hint| format!("; {hint}")).collect::<String>();
            format!("{}{hints}", finding.message)
        });
        let why = played.reason.or(finding).unwrap_or_default();
        return Err(format!("{protocol} at {place}: {why}"));
    }
    let replies: Vec<&Vec<u8>> = played
        .transcript
        .entries
        .iter()
        .filter_map(|entry| if let What::Received(bytes) = &entry.what { Some(bytes) } else { None })
        .collect();
    let greeting = replies.first().map(|bytes| visible(bytes.trim_ascii_end())).unwrap_or_default();
    Ok((greeting, replies.iter().flat_map(|bytes| capabilities(protocol, bytes)).collect()))
}

/// `<process-id.clock@hostname>` in a POP3 greeting.
fn has_timestamp(greeting: &str) -> bool {
    greeting.split_once('<').and_then(|(_, rest)| rest.split_once('>')).is_some_and(|(inside, _)| inside.contains('@'))
}

/// What a reply announces: EHLO keywords with their parameters (RFC 5321 §4.1.1.1), CAPA lines (RFC 2449 §5), IMAP capabilities (RFC 3501 §7.2.1).
fn capabilities(protocol: Protocol, reply: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(reply);
    let mut lines = text.split("\r\n");
    match protocol {
        Protocol::Smtp => {
            lines.skip(1).filter_map(|line| line.strip_prefix("250").and_then(|rest| rest.get(1..))).map(str::to_owned).collect()
        }
        // A list, even an empty one, shows that there is CAPA, which a list need not name.
        Protocol::Pop3 if text.starts_with("+OK") && text.ends_with("\r\n.\r\n") => {
            let listed = lines.skip(1).take_while(|line| *line != ".").map(str::to_owned);
            listed.chain(["CAPA".to_owned()]).collect()
        }
        Protocol::Pop3 => Vec::new(),
        Protocol::Imap => {
            let line = lines.next().unwrap_or_default();
            let list = line.get(..13).filter(|head| head.eq_ignore_ascii_case("* CAPABILITY ")).and_then(|_| line.get(13..));
            list.map(|list| list.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_read() {
        assert_eq!(
            capabilities(Protocol::Smtp, b"250-x\r\n250-SIZE 10\r\n250 AUTH PLAIN LOGIN\r\n"),
            ["SIZE 10", "AUTH PLAIN LOGIN"]
        );
        assert_eq!(capabilities(Protocol::Pop3, b"+OK\r\nTOP\r\nSASL PLAIN\r\n.\r\n"), ["TOP", "SASL PLAIN", "CAPA"]);
        assert_eq!(capabilities(Protocol::Imap, b"* CAPABILITY IMAP4rev1 IDLE\r\n"), ["IMAP4rev1", "IDLE"]);
        assert!(capabilities(Protocol::Imap, b"p1 OK\r\n").is_empty());
    }
}
