//! Which accounts and peers a case needs: the roles it names, in the order of their first use.

use super::model::{Action, Case, PEERS, RawPiece, RawTemplate, Start, StartState, Step};
use super::template::{Hole, Template};

/// The roles a suite may name. A fixed set keeps `${box.x}` and the like from being taken for roles.
pub const ROLES: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// The roles of a case. A role counts when a value of it is used or when a connection logs in as it.
pub fn of(case: &Case) -> Vec<String> {
    let mut roles = Vec::new();
    if case.maildrop.is_some() || !case.mailboxes.is_empty() {
        add(&mut roles, "alice");
    }
    from_start(&case.start, &mut roles);
    walk(&case.setup, &mut roles);
    walk(&case.dialogue, &mut roles);
    roles.retain(|name| ROLES.contains(&name.as_str()));
    roles
}

/// The peers of a case. A peer counts when its domain is used or when something is said of connections to it.
pub fn peers(case: &Case) -> Vec<String> {
    let mut peers = Vec::new();
    walk(&case.setup, &mut peers);
    walk(&case.dialogue, &mut peers);
    peers.retain(|name| PEERS.contains(&name.as_str()));
    peers
}

fn add(roles: &mut Vec<String>, role: &str) {
    if !roles.iter().any(|known| known == role) {
        roles.push(role.to_owned());
    }
}

fn from_start(start: &Start, roles: &mut Vec<String>) {
    if matches!(start.state, StartState::Authenticated | StartState::Selected) {
        add(roles, &start.role);
    }
}

/// Accounts and peers alike; who asks keeps the one or the other.
fn walk(steps: &[Step], roles: &mut Vec<String>) {
    for step in steps {
        match &step.action {
            Action::Exchange(exchange) => {
                for hole in exchange.sends.iter().flat_map(|send| send.template.holes()) {
                    from_hole(hole, roles);
                }
                for hole in exchange.expects.iter().flat_map(|expect| expect.pattern.holes()) {
                    from_hole(hole.1, roles);
                }
            }
            Action::Raw { bytes, .. } => from_raw(bytes, roles),
            Action::Tls { inject, role, .. } => {
                if let Some(bytes) = inject {
                    from_raw(bytes, roles);
                }
                if let Some(role) = role {
                    add(roles, role);
                }
            }
            Action::Connect { start, .. } => from_start(start, roles),
            Action::Refuse { peer } | Action::Unvisited { peer, .. } => add(roles, peer),
            Action::Accept { peer, serve, .. } => {
                add(roles, peer);
                let Some(serve) = serve else { continue };
                let replies = serve.rules.iter().flat_map(|rule| &rule.replies);
                for template in serve.greeting.iter().chain(&serve.capabilities).chain(replies) {
                    template.holes().for_each(|hole| from_hole(hole, roles));
                }
                for rule in &serve.rules {
                    rule.pattern.holes().for_each(|hole| from_hole(hole.1, roles));
                }
            }
            Action::Authenticate { asked, .. } => {
                add(roles, &asked.role);
                for bytes in asked.templates() {
                    from_raw(bytes, roles);
                }
            }
            Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => walk(dialogue, roles),
            _ => {}
        }
    }
}

/// What a case needs of the target besides accounts with a password: a bearer token, a certificate for TLS, a mailbox of nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub token: bool,
    pub certificate: bool,
    pub shared_mailbox: bool,
}

impl Needs {
    /// The needs of a case.
    pub fn of(case: &Case) -> Needs {
        let mut needs = Needs::default();
        needs.walk(&case.setup);
        needs.walk(&case.dialogue);
        needs
    }

    fn walk(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.action {
                Action::Exchange(exchange) => {
                    let sent: Vec<&Hole> = exchange.sends.iter().flat_map(|send| send.template.holes()).collect();
                    self.token |= sent.iter().any(|hole| names_token(hole));
                    self.shared_mailbox |= sent.iter().any(|hole| hole.name == "shared-mailbox");
                }
                Action::Raw { bytes, .. } => self.raw(bytes),
                Action::Tls { role, .. } => self.certificate |= role.is_some(),
                Action::Authenticate { asked, .. } => {
                    self.token |= matches!(asked.mechanism.as_str(), "OAUTHBEARER" | "XOAUTH2") && asked.first.is_none();
                    asked.templates().for_each(|bytes| self.raw(bytes));
                }
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => self.walk(dialogue),
                _ => {}
            }
        }
    }

    fn raw(&mut self, raw: &RawTemplate) {
        self.token |= raw.0.iter().any(|piece| matches!(piece, RawPiece::Hole(hole) if names_token(hole)));
    }
}

/// `${alice.token}`, also inside `${base64:…}`.
fn names_token(hole: &Hole) -> bool {
    let inside = || hole.argument.as_deref().and_then(|argument| Template::parse(argument).ok());
    hole.name.ends_with(".token") || inside().is_some_and(|inner| inner.holes().any(names_token))
}

fn from_raw(raw: &RawTemplate, roles: &mut Vec<String>) {
    for piece in &raw.0 {
        if let RawPiece::Hole(hole) = piece {
            from_hole(hole, roles);
        }
    }
}

/// `${bob.login}`, `${sasl-plain:bob}`, and what stands inside `${base64:…}`.
fn from_hole(hole: &Hole, roles: &mut Vec<String>) {
    let role = match (hole.name.as_str(), &hole.argument) {
        ("sasl-plain", Some(role)) => Some(role.as_str()),
        (name, _) => name.split_once('.').map(|(role, _)| role),
    };
    if let Some(role) = role.filter(|role| ROLES.contains(role) || PEERS.contains(role)) {
        add(roles, role);
    }
    if let Some(Ok(inner)) = hole.argument.as_deref().map(Template::parse) {
        for hole in inner.holes() {
            from_hole(hole, roles);
        }
    }
}
