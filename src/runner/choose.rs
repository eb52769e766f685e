//! Which cases are played: by id, prefix or glob, by level and protocol, and by what the target has.

use std::sync::Arc;

use globset::GlobMatcher;

use crate::dialogue::Environment;
use crate::suite::roles::Needs;
use crate::suite::{Action, CapabilityNeed, Case, Level, Literals, Protocol, Start, StartState, Step, Transport};
use crate::target::{Target, baseline};

/// What the command line selects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids, id prefixes (whole parts) or globs; empty: all.
    pub patterns: Vec<String>,
    /// Ids or globs that are left out.
    pub skip: Vec<String>,
    /// Only these levels; empty: all.
    pub levels: Vec<Level>,
}

/// A pattern that selects nothing is a mistake of whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchesNothing(pub String);

/// Cases to play and how many were left out.
pub struct Chosen {
    pub cases: Vec<Arc<Case>>,
    pub deselected: usize,
}

enum Matcher {
    Prefix(String),
    Glob(GlobMatcher),
}

impl Matcher {
    fn new(pattern: &str) -> Result<Matcher, MatchesNothing> {
        if pattern.contains(['*', '?', '{']) {
            return baseline::glob(pattern).map(Matcher::Glob).map_err(|_| MatchesNothing(pattern.to_owned()));
        }
        Ok(Matcher::Prefix(pattern.trim_end_matches('/').to_owned()))
    }

    fn matches(&self, case: &Case) -> bool {
        match self {
            Matcher::Glob(glob) => glob.is_match(&case.id),
            Matcher::Prefix(prefix) => {
                // `smtp/rfc5321/4.5.2` also names the section `4.5.2-transparency`.
                case.name() == *prefix
                    || case.id.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-']))
            }
        }
    }
}

/// Chooses among all cases; every pattern must match at least one.
pub fn choose<'a>(all: impl Iterator<Item = &'a Arc<Case>>, selection: &Selection) -> Result<Chosen, MatchesNothing> {
    let all: Vec<&Arc<Case>> = all.collect();
    let matchers = |patterns: &[String]| {
        patterns
            .iter()
            .map(|pattern| {
                let matcher = Matcher::new(pattern)?;
                if all.iter().any(|case| matcher.matches(case)) { Ok(matcher) } else { Err(MatchesNothing(pattern.clone())) }
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let (wanted, unwanted) = (matchers(&selection.patterns)?, matchers(&selection.skip)?);
    let cases: Vec<Arc<Case>> = all
        .iter()
        .filter(|case| wanted.is_empty() || wanted.iter().any(|matcher| matcher.matches(case)))
        .filter(|case| !unwanted.iter().any(|matcher| matcher.matches(case)))
        .filter(|case| selection.levels.is_empty() || selection.levels.contains(&case.level))
        .map(|case| Arc::clone(case))
        .collect();
    Ok(Chosen { deselected: all.len() - cases.len(), cases })
}

/// Every start of a case: of the unnamed connection first, then of those it opens.
pub fn starts(case: &Case) -> Vec<&Start> {
    fn walk<'a>(steps: &'a [Step], found: &mut Vec<&'a Start>) {
        for step in steps {
            match &step.action {
                Action::Connect { start, .. } => found.push(start),
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => walk(dialogue, found),
                _ => {}
            }
        }
    }
    let mut found = vec![&case.start];
    walk(&case.setup, &mut found);
    walk(&case.dialogue, &mut found);
    found
}

/// Everything a case does to servers or asks them.
pub(super) fn steering(case: &Case) -> Vec<&Action> {
    fn walk<'a>(steps: &'a [Step], found: &mut Vec<&'a Action>) {
        for step in steps {
            match &step.action {
                Action::Control(_) | Action::Inquire(_) => found.push(&step.action),
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => walk(dialogue, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&case.setup, &mut found);
    walk(&case.dialogue, &mut found);
    found
}

/// A control that the target lacks.
fn missing_control(case: &Case, target: &Target) -> Option<String> {
    steering(case).into_iter().find_map(|action| match action {
        Action::Control(control) => Some(control.name()).filter(|name| !target.controls.contains_key(name)),
        Action::Inquire(inquiry) => Some(inquiry.question.name().to_owned()),
        _ => None,
    })
}

/// Whether the case asks for something that is announced under TLS.
pub fn asks_under_tls(case: &Case) -> bool {
    asks(case, |name| name.starts_with("tls:") || name.contains(":tls:"))
}

/// Whether the case asks for something that another service announces.
pub fn asks_a_service(case: &Case) -> bool {
    asks(case, |name| name.starts_with("submission:") || name.starts_with("lmtp:"))
}

fn asks(case: &Case, wanted: impl Fn(&str) -> bool + Copy) -> bool {
    fn walk(steps: &[Step], wanted: impl Fn(&str) -> bool + Copy) -> bool {
        steps.iter().any(|step| match &step.action {
            Action::When { capability, dialogue } => wanted(&capability.name) || walk(dialogue, wanted),
            Action::Eventually { dialogue, .. } => walk(dialogue, wanted),
            _ => false,
        })
    }
    case.requires.iter().any(|need| wanted(&need.name)) || walk(&case.setup, wanted) || walk(&case.dialogue, wanted)
}

/// Whether the case does a TLS handshake of its own.
fn upgrades(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Tls { .. } => true,
        Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => upgrades(dialogue),
        _ => false,
    })
}

/// What says that a server takes literals it was not asked for (RFC 7888 §3 and §4, RFC 9051 §4.3).
const LITERALS_WITHOUT_WAITING: [&str; 3] = ["LITERAL+", "LITERAL-", "IMAP4rev2"];

fn announces(environment: &Environment, name: &str) -> bool {
    environment.offers(Protocol::Imap, &CapabilityNeed { name: name.to_owned(), present: true })
}

/// Why this target cannot play the case; `None` if it can.
pub fn impossible(case: &Case, target: &Target, environment: &Environment) -> Option<String> {
    if let Some(topology) = case.topology.as_ref().filter(|_| target.kind.is_none()) {
        return Some(format!("this journey brings its own servers (topology `{}`)", topology.name));
    }
    if !target.protocols.contains(&case.start.protocol) {
        return Some(format!("{} is not under test on this target", case.start.protocol));
    }
    for start in starts(case) {
        let service = start.service.as_deref().unwrap_or(start.protocol.name());
        if target.endpoint(start.protocol, start.service.as_deref(), false).is_none() {
            return Some(format!("the target has no endpoint `{service}`"));
        }
    }
    let service = case.start.service.as_deref();
    match case.variant.transport {
        Some(Transport::Tls) if target.endpoint(case.start.protocol, service, true).is_none() => {
            return Some(format!("the target has no TLS endpoint for {}", case.start.protocol));
        }
        Some(Transport::StartTls) if !target.has_starttls(case.start.protocol, service) => {
            return Some(format!("the target offers no STARTTLS for {}", case.start.protocol));
        }
        _ => {}
    }
    if upgrades(&case.dialogue) && !target.has_starttls(case.start.protocol, service) {
        return Some(format!("the target offers no STARTTLS for {}", case.start.protocol));
    }
    let needs = Needs::of(case);
    if needs.shared_mailbox && target.shared_mailbox.is_none() {
        return Some("the target has no `shared-mailbox:`".to_owned());
    }
    if needs.token && !target.accounts.iter().all(|account| account.token.is_some()) {
        return Some("the target's accounts have no `token:`".to_owned());
    }
    if needs.certificate && !target.accounts.iter().all(|account| account.certificate.is_some()) {
        return Some("the target's accounts have no `client-certificate:`".to_owned());
    }
    if let Some(need) = case.requires.iter().find(|need| !environment.offers(case.start.protocol, need)) {
        return Some(if need.present { format!("needs {}", need.name) } else { format!("needs a server without {}", need.name) });
    }
    if case.variant.literals == Some(Literals::Plus) && !LITERALS_WITHOUT_WAITING.iter().any(|name| announces(environment, name))
    {
        return Some("needs LITERAL+ or LITERAL-".to_owned());
    }
    let missing = missing_control(case, target).filter(|_| target.kind.is_none());
    if let Some(control) = missing {
        return Some(format!("the target has no control `{control}`"));
    }
    if case.topology.is_none() && case.roles.len() > target.accounts.len() {
        return Some(format!("needs {} accounts, the target has {}", case.roles.len(), target.accounts.len()));
    }
    let logs_in = |start: &&Start| start.protocol == Protocol::Smtp && start.state == StartState::Authenticated;
    let by_smtp = environment.capabilities.get(&Protocol::Smtp);
    let auth = CapabilityNeed { name: "AUTH".to_owned(), present: true };
    if starts(case).iter().any(|start| logs_in(start) && start.service.is_none())
        && by_smtp.is_some()
        && !environment.offers(Protocol::Smtp, &auth)
    {
        return Some("the target offers no AUTH for smtp".to_owned());
    }
    if case.peers.len() > target.peers.len() {
        return Some(match target.peers.len() {
            0 => "the target has no `peers:`, domains whose mail it sends to us".to_owned(),
            there => format!("needs {} peers, the target has {there}", case.peers.len()),
        });
    }
    let by_imap = target.endpoint(Protocol::Imap, None, false).is_some();
    if !case.mailboxes.is_empty() && !by_imap {
        return Some("the target has no IMAP endpoint to fill mailboxes by".to_owned());
    }
    if case.maildrop.is_some() && !by_imap && target.maildrop.is_none() {
        return Some("the target has neither an IMAP endpoint nor `maildrop:` commands to fill a maildrop by".to_owned());
    }
    if case.maildrop.is_some() && !target.accounts.iter().any(|account| account.disposable) {
        return Some("it would empty an INBOX, and no account of the target says `disposable: true`".to_owned());
    }
    None
}
