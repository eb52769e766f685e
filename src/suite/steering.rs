//! What a case can be known to get wrong about the servers it steers: names of servers and roles that its topology does not have, servers
//! started twice, a clock that does not move.

use std::collections::BTreeSet;

use super::form::SuiteYaml;
use super::model::{Action, Case, Span, Start, StartState, Step};
use super::problem::{Problem, did_you_mean};
use super::topology::{Control, DNS, Question, Switch, UNDER_TEST, Way};

/// Checks one case of a suite.
pub fn check(case: &Case, suite: &SuiteYaml, problems: &mut Vec<Problem>) {
    let named = suite.cases.iter().map(|at| &at.value).find(|yaml| yaml.id.line == case.line);
    // A topology that does not exist is told already; what its servers are nobody knows.
    let unknown = named.and_then(|yaml| yaml.topology.as_ref()).or(suite.topology.as_ref()).is_some() && case.topology.is_none();
    if unknown {
        return;
    }
    let id = Span { line: case.line, column: named.map_or(1, |yaml| yaml.id.column), length: 1 };
    let at = named.and_then(|yaml| yaml.server.as_ref()).or(suite.server.as_ref());
    let span = at.map_or(id, |at| Span { line: at.line, column: at.column, length: at.value.chars().count().max(1) });
    let mut check = Check { case, problems, off: BTreeSet::new() };
    check.start(&case.start, span);
    check.roles(id);
    check.walk(&case.setup);
    check.walk(&case.dialogue);
}

struct Check<'a> {
    case: &'a Case,
    problems: &'a mut Vec<Problem>,
    /// Servers that are off at this point.
    off: BTreeSet<String>,
}

impl Check<'_> {
    fn error(&mut self, span: Span, message: String, hint: impl Into<String>) {
        self.problems.push(Problem::error(&self.case.file, span, message).with_hint(hint));
    }

    fn walk(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.action {
                Action::Connect { start, .. } => self.start(start, step.span),
                Action::Control(control) => self.control(control, step.span),
                Action::Inquire(inquiry) => self.question(&inquiry.question, step.span),
                Action::Eventually { dialogue, .. } => {
                    if let Some(step) = dialogue.iter().find(|step| matches!(step.action, Action::Control(_))) {
                        let message = "what is repeated would be done to the servers again and again".to_owned();
                        self.error(step.span, message, "put it in front of the `eventually`");
                    }
                    self.walk(dialogue);
                }
                Action::When { dialogue, .. } => self.walk(dialogue),
                _ => {}
            }
        }
    }

    fn control(&mut self, control: &Control, span: Span) {
        match control {
            Control::Clock { server, .. } => {
                if let Some(server) = server {
                    self.server(server, span);
                }
            }
            Control::Queue { server: None, .. } => {}
            Control::Queue { server: Some(server), .. } => {
                self.server(server, span);
            }
            Control::Power { switch, server } => {
                let dns = server == DNS && self.case.topology.as_ref().is_some_and(|topology| topology.dns.is_some());
                if !dns && !self.server(server, span) {
                    return;
                }
                let on = !self.off.contains(server);
                match (switch, on) {
                    (Switch::Start, true) => {
                        self.error(span, format!("`{server}` is on already"), "all servers are on when a case starts")
                    }
                    (Switch::Stop | Switch::Kill | Switch::Restart, false) => {
                        self.error(
                            span,
                            format!("`{server}` is off already"),
                            format!("`server: {{start: {server}}}` brings it up"),
                        );
                    }
                    (Switch::Stop | Switch::Kill, true) => {
                        self.off.insert(server.clone());
                    }
                    (Switch::Start, false) => {
                        self.off.remove(server);
                    }
                    (Switch::Restart, true) => {}
                }
            }
            Control::Way { state, between: [one, other] } => {
                let known = self.server(one, span) && self.server(other, span);
                if known && one == other {
                    let example = format!("`server: {{{}: [crepes, hamburger]}}`", state.word());
                    self.error(span, format!("there is no way from `{one}` to itself"), example);
                }
                let topology = self.case.topology.as_deref();
                let way = topology.is_some_and(|topology| topology.leads(one, other) || topology.leads(other, one));
                if known && one != other && !way && *state != Way::Open {
                    let message = format!("there is no way between `{one}` and `{other}`");
                    self.error(span, message, "a way is there where one of the two has a route to the other");
                }
            }
        }
    }

    fn question(&mut self, question: &Question, span: Span) {
        let (from, to, connections, lines) = match question {
            Question::Overheard { from, to, connections, lines } => (from, to, connections, lines),
            Question::Queue { server, .. } => {
                if let Some(server) = server {
                    self.server(server, span);
                }
                return;
            }
        };
        if !self.server(from, span) || !self.server(to, span) {
            return;
        }
        if connections.is_none() && lines.is_empty() {
            let example = format!("`overheard: {{from: {from}, to: {to}, connections: 1, lines: {{'^MAIL FROM:': 2}}}}`");
            self.error(span, "nothing is asked: neither `connections` nor `lines` nor `some`".to_owned(), example);
        }
        let topology = self.case.topology.as_deref();
        if !topology.is_some_and(|topology| topology.leads(from, to)) {
            let hint = "a way is there where the one has a route to the other";
            self.error(span, format!("there is no way from `{from}` to `{to}`"), hint);
        }
    }

    fn start(&mut self, start: &Start, span: Span) {
        if let Some(server) = &start.server
            && !self.server(server, span)
        {
            return;
        }
        let Some(topology) = self.case.topology.clone() else { return };
        let logs_in = matches!(start.state, StartState::Authenticated | StartState::Selected);
        let Some(server) = topology.server(start.server.as_deref()).filter(|_| logs_in) else { return };
        if !server.accounts.contains(&start.role) {
            let accounts = match server.accounts.as_slice() {
                [] => "it has none".to_owned(),
                some => format!("its accounts are {}: `as: {}`", some.join(", "), some.first().map_or("", String::as_str)),
            };
            self.error(span, format!("`{}` has no account at `{}`", start.role, server.name), accounts);
        }
    }

    /// Whether there is a server with this name; tells if not.
    fn server(&mut self, name: &str, span: Span) -> bool {
        let Some(topology) = self.case.topology.clone() else {
            if name != UNDER_TEST {
                let message = format!("no server is named `{name}`: the case has no topology");
                let hint = format!("`topology: internet` brings several servers; the only one of this case is `{UNDER_TEST}`");
                self.error(span, message, hint);
            }
            return name == UNDER_TEST;
        };
        let names = || topology.servers.iter().map(|server| server.name.as_str());
        if names().any(|known| known == name) {
            return true;
        }
        let all = names().collect::<Vec<_>>().join(", ");
        let hint =
            did_you_mean(name, names()).map_or(format!("its servers are {all}"), |meant| format!("did you mean `{meant}`?"));
        self.error(span, format!("the topology `{}` has no server `{name}`", topology.name), hint);
        false
    }

    fn roles(&mut self, span: Span) {
        let Some(topology) = self.case.topology.clone() else { return };
        for role in self.case.roles.iter().filter(|role| topology.home(role).is_none()) {
            let accounts: Vec<&str> = topology.servers.iter().flat_map(|server| &server.accounts).map(String::as_str).collect();
            let message = format!("the topology `{}` has no account for `{role}`", topology.name);
            self.error(span, message, format!("it has accounts for {}", accounts.join(", ")));
        }
    }
}
