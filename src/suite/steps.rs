//! From the YAML of a dialogue to steps: blocks and actions in order, with the connections that are open at each point.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::block::{self, Kind, Line, NOT_OPEN};
use super::build::{legal_start, need, point};
use super::duration;
use super::form::{
    ActionYaml, AuthenticateExpectYaml, AuthenticateYaml, ClockYaml, DialogueYaml, OverheardYaml, QueueYaml, RawYaml,
    ServerActionYaml, SilenceYaml, StepYaml, TlsExpectYaml, WaitYaml,
};
use super::model::*;
use super::problem::Problem;
use super::roles::ROLES;
use super::template::{Piece, Template};
use super::topology::{Control, Counted, Inquiry, Question, QueueAct, Selection, Switch, Way};
use super::yaml::At;

/// How far a clock is moved at most.
const FARTHEST: Duration = Duration::from_secs(3650 * 86_400);

/// The connections opened so far in a case, by us or by the server under test; the unnamed one is open from the start.
#[derive(Clone, Debug)]
pub struct Opened {
    pub(super) kinds: BTreeMap<String, Kind>,
    first: Start,
}

impl Opened {
    /// Only the unnamed connection.
    pub fn new(first: Start) -> Opened {
        Opened { kinds: BTreeMap::from([(String::new(), Kind::Opened(first.protocol))]), first }
    }

    /// A connection that the server under test opens.
    pub fn accept(&mut self, name: &str, served: bool) {
        self.kinds.insert(name.to_owned(), Kind::Accepted { served });
    }
}

/// Reads dialogues of one case.
pub struct Reader<'a> {
    pub file: &'a Arc<str>,
    pub source: &'a Arc<str>,
    pub opened: &'a mut Opened,
    pub problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// The steps of a dialogue, in order.
    pub fn dialogue(&mut self, at: &At<DialogueYaml>) -> Vec<Step> {
        match &at.value {
            DialogueYaml::Block(text) => self.block(text, at.line, at.column),
            DialogueYaml::Steps(items) => {
                let mut steps = Vec::new();
                for item in items {
                    match &item.value {
                        StepYaml::Block(text) => steps.extend(self.block(text, item.line, item.column)),
                        StepYaml::Action(action) => {
                            let span = point(item.line, item.column);
                            steps.extend(self.action(action, span).map(|action| Step { span, action }));
                        }
                    }
                }
                join_answers(&mut steps);
                steps
            }
        }
    }

    fn block(&mut self, text: &str, line: usize, column: usize) -> Vec<Step> {
        let lines = placed(self.source, text, line, column);
        let kinds = &self.opened.kinds;
        block::exchanges(self.file, &lines, &|name| kinds.get(name).copied(), self.problems)
    }

    fn action(&mut self, action: &ActionYaml, span: Span) -> Option<Action> {
        Some(match action {
            ActionYaml::Raw(RawYaml::Bytes(bytes)) => {
                Action::Raw { on: self.connection("", span), bytes: self.raw(bytes, span)? }
            }
            ActionYaml::Raw(RawYaml::Full(full)) => {
                Action::Raw { on: self.connection(&full.on, span), bytes: self.raw(&full.bytes, span)? }
            }
            ActionYaml::Connect(connect) => {
                let start = Start {
                    protocol: connect.protocol.map_or(self.opened.first.protocol, Protocol::from),
                    service: connect.service.clone(),
                    state: connect.start.map_or(StartState::Greeted, StartState::from),
                    role: connect.role.clone().unwrap_or_else(|| "alice".to_owned()),
                    mailbox: connect.mailbox.clone(),
                    server: connect.server.clone().or_else(|| self.opened.first.server.clone()),
                };
                if let Err(message) = legal_start(&start) {
                    self.problems.push(Problem::error(self.file, span, message));
                }
                if connect.name.is_empty() {
                    let problem = Problem::error(self.file, span, "`connect` needs a name");
                    self.problems
                        .push(problem.with_hint("the unnamed connection is open from the start; `reconnect:` opens it again"));
                }
                self.opened.kinds.insert(connect.name.clone(), Kind::Opened(start.protocol));
                Action::Connect { name: Arc::from(connect.name.as_str()), start }
            }
            ActionYaml::Accept(accept) => self.accept(accept, span)?,
            ActionYaml::Serve(serve) => self.serve(serve, span)?,
            ActionYaml::Refuse(peer) => Action::Refuse { peer: self.peer(&peer.value, span)? },
            ActionYaml::Reconnect(reconnect) => {
                let reconnect = reconnect.clone().unwrap_or_default();
                Action::Reconnect { on: self.own(&reconnect.on, "reconnect", span), start: reconnect.start.map(StartState::from) }
            }
            ActionYaml::Close(on) => Action::Close { on: self.connection(&on.clone().unwrap_or_default().on, span) },
            ActionYaml::Reset(on) => Action::Reset { on: self.connection(&on.clone().unwrap_or_default().on, span) },
            ActionYaml::Compress(compress) => {
                let compress = compress.clone().unwrap_or_default();
                Action::Compress { on: self.own(&compress.on, "compress", span), active: !compress.end }
            }
            ActionYaml::Tls(tls) => {
                let tls = tls.clone().unwrap_or_default();
                let inject = match &tls.inject {
                    Some(bytes) => Some(self.raw(bytes, span)?),
                    None => None,
                };
                self.tls_side(&tls, span);
                Action::Tls {
                    on: self.connection(&tls.on, span),
                    inject,
                    certificate: tls.certificate.map_or(Certificate::default(), Certificate::from),
                    role: tls.role.inspect(|role| self.role(role, span)),
                    expect: match tls.expect {
                        None | Some(TlsExpectYaml::Established) => Handshake::Established,
                        Some(TlsExpectYaml::Refused) => Handshake::Refused,
                        Some(TlsExpectYaml::Either) => Handshake::Either,
                    },
                }
            }
            ActionYaml::Authenticate(auth) => Action::Authenticate {
                on: self.own(&auth.on, "authenticate", span),
                asked: Box::new(self.authentication(auth, span)),
            },
            ActionYaml::Closed(closed) => {
                let closed = closed.clone().unwrap_or_default();
                let within = closed.within.as_deref().unwrap_or("5s");
                Action::Closed { on: self.connection(&closed.on, span), within: self.duration(within, span) }
            }
            ActionYaml::Silence(SilenceYaml::For(lasting)) => {
                Action::Silence { on: self.connection("", span), lasting: self.duration(lasting, span) }
            }
            ActionYaml::Silence(SilenceYaml::Full(full)) if full.at.is_some() => {
                let peer = self.peer(full.at.as_deref().unwrap_or_default(), span)?;
                Action::Unvisited { peer, lasting: self.duration(&full.lasting, span) }
            }
            ActionYaml::Silence(SilenceYaml::Full(full)) => {
                Action::Silence { on: self.connection(&full.on, span), lasting: self.duration(&full.lasting, span) }
            }
            ActionYaml::Wait(WaitYaml::Full(full)) => Action::Wait(self.duration(&full.lasting, span)),
            ActionYaml::Wait(WaitYaml::For(lasting)) => {
                let problem = Problem::warning(self.file, span, "`wait` makes every run as slow as the slowest server");
                self.problems.push(problem.with_hint("prefer `eventually: {within: …, dialogue: …}` or an `S:` line that waits; or say `wait: {for: …, because: …}`"));
                Action::Wait(self.duration(lasting, span))
            }
            ActionYaml::Eventually(eventually) => {
                let within = self.duration(&eventually.within, span);
                Action::Eventually { within, dialogue: self.dialogue(&eventually.dialogue) }
            }
            ActionYaml::When(when) => {
                Action::When { capability: need(&when.capability), dialogue: self.dialogue(&when.dialogue) }
            }
            ActionYaml::Clock(clock) => {
                let (server, by) = match clock {
                    ClockYaml::All(by) => (None, by),
                    ClockYaml::One(of) => (Some(of.server.clone()), &of.by),
                };
                Action::Control(Control::Clock { server, by: self.moved(by, span)? })
            }
            ActionYaml::Overheard(overheard) => Action::Inquire(self.overheard(overheard, span)?),
            ActionYaml::Queue(queue) => self.queue(queue, span)?,
            ActionYaml::Server(action) => {
                let power = |switch, server: &String| Control::Power { switch, server: server.clone() };
                let way = |state, between: &[String; 2]| Control::Way { state, between: between.clone() };
                Action::Control(match action {
                    ServerActionYaml::Start(server) => power(Switch::Start, server),
                    ServerActionYaml::Stop(server) => power(Switch::Stop, server),
                    ServerActionYaml::Restart(server) => power(Switch::Restart, server),
                    ServerActionYaml::Kill(server) => power(Switch::Kill, server),
                    ServerActionYaml::Disconnect(between) => way(Way::Cut, between),
                    ServerActionYaml::Stall(between) => way(Way::Stalled, between),
                    ServerActionYaml::Reconnect(between) => way(Way::Open, between),
                })
            }
        })
    }

    fn authentication(&mut self, auth: &AuthenticateYaml, span: Span) -> Authentication {
        let mechanism = auth.mechanism.to_ascii_uppercase();
        if !MECHANISMS.contains(&mechanism.as_str()) {
            let problem = Problem::error(self.file, span, format!("no SASL mechanism `{}` is known here", auth.mechanism));
            let hint = format!("there are {}; write others out with `C:` and `S:` lines", MECHANISMS.join(", "));
            self.problems.push(problem.with_hint(hint));
        }
        if auth.client_final.is_some() && !mechanism.starts_with("SCRAM-") {
            self.problems.push(Problem::error(self.file, span, "`client-final` is a message of SCRAM"));
        }
        if auth.client_first.is_some() && matches!(mechanism.as_str(), "LOGIN" | "CRAM-MD5") {
            self.problems.push(Problem::error(self.file, span, format!("the server speaks first in {mechanism}")));
        }
        if let Some(binding) = auth.binding.as_deref()
            && !(mechanism.ends_with("-PLUS") && ["tls-exporter", "tls-server-end-point"].contains(&binding))
        {
            let problem = Problem::error(self.file, span, format!("`binding: {binding}` binds nothing here"));
            self.problems.push(problem.with_hint("tls-exporter and tls-server-end-point do, in the -PLUS mechanisms"));
        }
        let mut template = |text: &Option<String>| text.as_ref().and_then(|text| self.raw(text, span));
        let (password, authorize_as) = (template(&auth.password), template(&auth.authorize_as));
        let (first, last) = (template(&auth.client_first), template(&auth.client_final));
        let role = auth.role.clone().unwrap_or_else(|| "alice".to_owned());
        self.role(&role, span);
        let refused = auth.expect == Some(AuthenticateExpectYaml::Refused);
        Authentication { role, mechanism, binding: auth.binding.clone(), password, authorize_as, first, last, refused }
    }

    fn role(&mut self, role: &str, span: Span) {
        if !ROLES.contains(&role) {
            let problem = Problem::error(self.file, span, format!("`{role}` is no role"));
            self.problems.push(problem.with_hint(format!("roles are {}", ROLES.join(", "))));
        }
    }

    pub(super) fn connection(&mut self, name: &str, span: Span) -> ConnectionName {
        if !self.opened.kinds.contains_key(name) {
            let problem = Problem::error(self.file, span, format!("no connection is named `{name}` here"));
            self.problems.push(problem.with_hint(NOT_OPEN));
        }
        Arc::from(name)
    }

    pub(super) fn duration(&mut self, text: &str, span: Span) -> Duration {
        duration::parse(text).unwrap_or_else(|message| {
            self.problems.push(Problem::error(self.file, span, message));
            Duration::ZERO
        })
    }

    fn overheard(&mut self, yaml: &OverheardYaml, span: Span) -> Option<Inquiry> {
        let mut lines = Vec::new();
        let counted = yaml.lines.iter().map(|(expression, times)| (expression, Some(*times)));
        for (expression, times) in counted.chain(yaml.some.iter().map(|expression| (expression, None))) {
            match Regex::new(expression) {
                Ok(line) => lines.push(Counted { line, times }),
                Err(error) => {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    let message = format!("`{expression}` is no regular expression: {why}");
                    self.problems.push(Problem::error(self.file, span, message));
                    return None;
                }
            }
        }
        let within = self.duration(yaml.within.as_deref().unwrap_or("5s"), span);
        let (from, to) = (yaml.from.clone(), yaml.to.clone());
        Some(Inquiry { question: Question::Overheard { from, to, connections: yaml.connections, lines }, within })
    }

    fn queue(&mut self, yaml: &QueueYaml, span: Span) -> Option<Action> {
        let acts = [
            (QueueAct::Flush, &yaml.flush),
            (QueueAct::Hold, &yaml.hold),
            (QueueAct::Release, &yaml.release),
            (QueueAct::Delete, &yaml.delete),
        ];
        let mut acts = acts.into_iter().filter_map(|(act, what)| Some((act, what.as_ref()?)));
        let asks = yaml.recipients.is_some() || yaml.attempts.is_some();
        let server = yaml.server.clone();
        match (acts.next(), acts.next(), asks) {
            (Some((act, what)), None, false) => {
                let what = if what == "all" { Selection::All } else { Selection::Domain(what.to_ascii_lowercase()) };
                Some(Action::Control(Control::Queue { server, act, what }))
            }
            (None, _, true) => {
                let within = self.duration(yaml.within.as_deref().unwrap_or("5s"), span);
                let question = Question::Queue { server, recipients: yaml.recipients, attempts: yaml.attempts };
                Some(Action::Inquire(Inquiry { question, within }))
            }
            _ => {
                let problem = Problem::error(self.file, span, "`queue` does one thing or asks for what waits");
                self.problems
                    .push(problem.with_hint("`queue: {server: crepes, flush: all}` or `queue: {server: crepes, recipients: 1}`"));
                None
            }
        }
    }

    /// How far a clock is moved.
    fn moved(&mut self, text: &str, span: Span) -> Option<Duration> {
        let by = duration::parse(text).and_then(|by| match by {
            // Dates end with the year 9999, and no mail waits that long.
            by if by.is_zero() || by > FARTHEST => Err("a clock is moved forward, by ten years at most".to_owned()),
            by => Ok(by),
        });
        by.map_err(|message| self.problems.push(Problem::error(self.file, span, message).with_hint("`clock: +30m`"))).ok()
    }

    fn raw(&mut self, text: &str, span: Span) -> Option<RawTemplate> {
        let template = Template::parse(text).map_err(|error| error.message);
        let pieces = template.and_then(|template| {
            let mut pieces = Vec::new();
            for piece in template.pieces {
                pieces.push(match piece {
                    Piece::Text(text) => RawPiece::Bytes(unescape(&text)?),
                    Piece::Hole(hole) => RawPiece::Hole(hole),
                });
            }
            Ok(pieces)
        });
        match pieces {
            Ok(pieces) => Some(RawTemplate(pieces)),
            Err(message) => {
                self.problems.push(Problem::error(self.file, span, message));
                None
            }
        }
    }
}

/// An exchange whose `S` lines stand in a later block, behind an action on or lines of another connection, is not waited for.
fn join_answers(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let Some((Step { action: Action::Exchange(sent), .. }, later)) =
            steps.get_mut(index..).and_then(<[Step]>::split_first_mut)
        else {
            continue;
        };
        if sent.expects.is_empty() && !sent.sends.is_empty() {
            let next = later.iter().find_map(|step| match &step.action {
                Action::Exchange(exchange) if exchange.on == sent.on => Some(exchange.sends.is_empty()),
                action if touches(action, &sent.on) => Some(false),
                _ => None,
            });
            sent.answered_later |= next == Some(true);
        }
    }
}

/// Whether an action other than an exchange uses the connection.
fn touches(action: &Action, connection: &ConnectionName) -> bool {
    match action {
        Action::Raw { on, .. }
        | Action::Reconnect { on, .. }
        | Action::Close { on }
        | Action::Reset { on }
        | Action::Compress { on, .. }
        | Action::Tls { on, .. }
        | Action::Authenticate { on, .. }
        | Action::Closed { on, .. }
        | Action::Silence { on, .. } => on == connection,
        Action::Eventually { .. } | Action::When { .. } => true,
        Action::Exchange(_)
        | Action::Connect { .. }
        | Action::Accept { .. }
        | Action::Refuse { .. }
        | Action::Unvisited { .. }
        | Action::Wait(_)
        | Action::Control(_)
        | Action::Inquire(_) => false,
    }
}

/// Undoes `\r \n \0 \t \\ \xHH`.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        match chars.next() {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('0') => out.push(0),
            Some('t') => out.push(b'\t'),
            Some('\\') => out.push(b'\\'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                let octet = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                out.push(octet.ok_or_else(|| format!("`\\x{digits}` is no octet; two hexadecimal digits follow `\\x`"))?);
            }
            other => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(format!("`\\{other}` is no escape; `\\r \\n \\0 \\t \\\\ \\xHH` are"));
            }
        }
    }
    Ok(out)
}

/// The lines of a block scalar with their places in the file. The YAML parser says where the scalar's content starts;
/// blank lines before it and the indentation are found in the source.
fn placed<'a>(source: &str, text: &'a str, line: usize, column: usize) -> Vec<Line<'a>> {
    let source: Vec<&str> = source.lines().collect();
    let wanted: Vec<&str> = text.lines().collect();
    let first = wanted.iter().position(|l| !l.trim().is_empty()).unwrap_or(0);
    let target = wanted.get(first).map_or("", |l| l.trim());
    let found = (line.saturating_sub(1)..source.len())
        .take(wanted.len() + 3)
        .find(|at| source.get(*at).is_some_and(|l| l.trim() == target));
    wanted
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let at = found.map(|found| (found + index).saturating_sub(first));
            let shown =
                at.and_then(|at| source.get(at)).and_then(|l| l.find(text.trim_end()).map(|byte| l[..byte].chars().count()));
            match (at, shown) {
                (Some(at), Some(before)) => Line { text, line: at + 1, column: before + 1 },
                // A folded or quoted scalar: the place of the whole is the best there is.
                _ => Line { text, line, column },
            }
        })
        .collect()
}
