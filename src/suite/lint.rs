//! What a case can be known to get wrong before it is played: names without values, captures without use, tags sent twice or never,
//! forbidden lines that nothing could ever break, fixtures that do not exist.

use std::collections::{BTreeMap, BTreeSet};

use super::model::*;
use super::problem::{Problem, did_you_mean};
use super::relative;
use super::roles::ROLES;
use super::template::{Hole, Template};
use super::values::VALUE_NAMES;

/// Checks one case.
pub fn check(case: &Case, fixtures: &Fixtures, problems: &mut Vec<Problem>) {
    let mut lint =
        Lint { case, fixtures, problems, captures: BTreeMap::new(), tags: BTreeMap::new(), words: BTreeSet::new(), raw: false };
    lint.seeds();
    lint.walk(&case.setup, false);
    // A set-up shared by a file may learn more than each of its cases needs.
    lint.captures.values_mut().for_each(|(_, used)| *used = true);
    lint.walk(&case.dialogue, false);
    lint.unused();
}

struct Lint<'a> {
    case: &'a Case,
    fixtures: &'a Fixtures,
    problems: &'a mut Vec<Problem>,
    /// Name → where it was first bound, and whether it was used since.
    captures: BTreeMap<String, (Span, bool)>,
    /// Connection → tags sent on it.
    tags: BTreeMap<ConnectionName, BTreeSet<String>>,
    /// First words of all lines sent: what an awaited tag may be.
    words: BTreeSet<String>,
    /// `raw:` was used: tags may have been sent that are not known here.
    raw: bool,
}

/// Narrowings of a capture; any other argument belongs to a value.
const NARROWINGS: [&str; 5] = ["number", "atom", "date", "base64", "modseq"];

impl Lint<'_> {
    fn error(&mut self, span: Span, message: String, hint: Option<String>) {
        let problem = Problem::error(&self.case.file, span, message);
        self.problems.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    fn warn(&mut self, span: Span, message: String) {
        self.problems.push(Problem::warning(&self.case.file, span, message));
    }

    fn seeds(&mut self) {
        let case = self.case;
        let seeded = case.mailboxes.iter().flat_map(|mailbox| &mailbox.messages);
        for seed in seeded.chain(case.maildrop.iter().flatten()) {
            self.fixture(&seed.fixture, seed.span);
        }
    }

    fn fixture(&mut self, name: &str, span: Span) {
        if !self.fixtures.contains_key(name) {
            let hint =
                did_you_mean(name, self.fixtures.keys().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
            let hint = hint.or_else(|| Some(format!("a fixture is a file fixtures/messages/{name}.eml")));
            self.error(span, format!("there is no fixture `{name}`"), hint);
        }
    }

    fn walk(&mut self, steps: &[Step], repeated: bool) {
        for step in steps {
            match &step.action {
                Action::Exchange(exchange) => self.exchange(exchange, step.span, repeated),
                Action::Raw { bytes, on } => {
                    self.raw(bytes, step.span);
                    self.tags.remove(on);
                    self.raw = true;
                }
                Action::Tls { inject: Some(bytes), .. } => self.raw(bytes, step.span),
                Action::Accept { serve: Some(serve), .. } => self.serve(serve, step.span),
                Action::Authenticate { asked, .. } => self.authentication(asked, step.span),
                Action::Reconnect { on, .. } => {
                    self.tags.remove(on);
                }
                Action::Eventually { dialogue, .. } => self.walk(dialogue, true),
                Action::When { dialogue, .. } => self.walk(dialogue, repeated),
                _ => {}
            }
        }
    }

    /// Rules compare and answer; they capture nothing.
    fn serve(&mut self, serve: &Serve, span: Span) {
        for rule in &serve.rules {
            for (_, hole) in rule.pattern.holes() {
                self.compared(hole, span, Necessity::MustNot);
            }
        }
        let replies = serve.rules.iter().flat_map(|rule| &rule.replies);
        for hole in serve.greeting.iter().chain(&serve.capabilities).chain(replies).flat_map(Template::holes) {
            self.used(hole, span);
        }
    }

    fn raw(&mut self, bytes: &RawTemplate, span: Span) {
        for piece in &bytes.0 {
            if let RawPiece::Hole(hole) = piece {
                self.used(hole, span);
            }
        }
    }

    /// In SCRAM's last message `${nonce}` is what the server sent.
    fn authentication(&mut self, asked: &Authentication, span: Span) {
        for bytes in asked.templates().filter(|bytes| Some(*bytes) != asked.last.as_ref()) {
            self.raw(bytes, span);
        }
        if let Some(last) = &asked.last {
            let hidden = self.captures.insert("nonce".to_owned(), (span, true));
            self.raw(last, span);
            match hidden {
                Some(hidden) => self.captures.insert("nonce".to_owned(), hidden),
                None => self.captures.remove("nonce"),
            };
        }
    }

    fn exchange(&mut self, exchange: &Exchange, span: Span, repeated: bool) {
        for send in &exchange.sends {
            for hole in send.template.holes() {
                self.used(hole, hole_span(send.span, &send.template.text, hole));
            }
        }
        self.relative_numbers(exchange);
        if self.protocol(&exchange.on) == Some(Protocol::Imap) {
            self.sent_tags(exchange, repeated);
            self.awaited_tags(exchange);
        }
        for expect in &exchange.expects {
            for (line, hole) in expect.pattern.holes() {
                let at = expect.spans.get(line).copied().unwrap_or(span);
                let text = expect.pattern.lines.get(line).map_or("", String::as_str);
                self.compared(hole, hole_span(at, text, hole), expect.necessity);
            }
        }
        let awaits = exchange.expects.iter().any(|expect| expect.necessity == Necessity::Must);
        let forbids = exchange.expects.iter().find(|expect| expect.necessity == Necessity::MustNot);
        if let Some(forbidden) =
            forbids.filter(|_| !awaits && (exchange.sends.is_empty() || self.protocol(&exchange.on) != Some(Protocol::Imap)))
        {
            let span = forbidden.spans.first().copied().unwrap_or(span);
            let hint = "the exchange is over before anything is read; add the line that ends it, or use `silence:`".to_owned();
            let letter = if self.is_accepted(&exchange.on) { 'C' } else { 'S' };
            self.error(span, format!("this `{letter}!` can never be reached"), Some(hint));
        }
    }

    /// Whether the server under test opens the connection.
    fn is_accepted(&self, on: &ConnectionName) -> bool {
        fn find(steps: &[Step], on: &ConnectionName) -> bool {
            steps.iter().any(|step| match &step.action {
                Action::Accept { name, .. } => name == on,
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => find(dialogue, on),
                _ => false,
            })
        }
        find(&self.case.setup, on) || find(&self.case.dialogue, on)
    }

    fn protocol(&self, on: &ConnectionName) -> Option<Protocol> {
        fn find(steps: &[Step], on: &ConnectionName) -> Option<Protocol> {
            steps.iter().find_map(|step| match &step.action {
                Action::Connect { name, start } if name == on => Some(start.protocol),
                Action::Accept { name, .. } if name == on => Some(Protocol::Smtp),
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => find(dialogue, on),
                _ => None,
            })
        }
        if on.is_empty() {
            Some(self.case.start.protocol)
        } else {
            find(&self.case.setup, on).or_else(|| find(&self.case.dialogue, on))
        }
    }

    /// `$2` is a message of an IMAP mailbox and of nothing else.
    fn relative_numbers(&mut self, exchange: &Exchange) {
        let protocol = self.protocol(&exchange.on);
        let mut literal = false;
        for send in &exchange.sends {
            for found in relative::find(&send.template) {
                let Some(number) = found.relative.number.filter(|number| *number == 0 || protocol != Some(Protocol::Imap)) else {
                    continue;
                };
                let span = part_span(send.span, &send.template.text, found.offset, found.relative.length);
                match protocol {
                    Some(Protocol::Imap) if literal => {}
                    Some(Protocol::Imap) => {
                        self.error(span, "a message sequence number counts from 1 and has 32 bits".into(), None)
                    }
                    _ => self.not_relative(span, number),
                }
            }
            literal = send.template.text.ends_with('}');
        }
        if protocol == Some(Protocol::Imap) {
            return;
        }
        // A reply's first line is its status; what stands below may be text of any kind.
        for expect in &exchange.expects {
            let (Some(line), Some(span)) = (expect.pattern.lines.first(), expect.spans.first()) else { continue };
            let Ok(template) = Template::parse(line) else { continue };
            for found in relative::find(&template) {
                let Some(number) = found.relative.number else { continue };
                self.not_relative(part_span(*span, line, found.offset, found.relative.length), number);
            }
        }
    }

    fn not_relative(&mut self, span: Span, number: u32) {
        let hint =
            format!("message numbers change in IMAP only: write the number; `${{upper:${number}}}` is a literal `${number}`");
        self.error(span, format!("`${number}` stands for a message of an IMAP mailbox"), Some(hint));
    }

    /// A tag that stands twice is a slip; a tag that is awaited but was never sent would only time out.
    fn sent_tags(&mut self, exchange: &Exchange, repeated: bool) {
        let mut literal = false;
        for (index, send) in exchange.sends.iter().enumerate() {
            let text = send.template.text.as_str();
            // After a continuation request or in a hand-made literal the first word is no tag; words that are answered are.
            let word = text.split(' ').next().unwrap_or_default();
            self.words.insert(word.to_owned());
            let answered = exchange.expects.iter().any(|expect| expect.pattern.tag().as_deref() == Some(word));
            let is_tag = !word.is_empty() && !literal && (answered || (index == 0 && exchange.answered_later));
            literal = text.ends_with('}') && text.contains('{') && !text.ends_with("${");
            if is_tag && !word.contains("${") {
                let fresh = self.tags.entry(exchange.on.clone()).or_default().insert(word.to_owned());
                if !fresh && !repeated {
                    self.error(
                        Span { length: word.chars().count(), ..send.span },
                        format!("the tag `{word}` is used twice on this connection"),
                        Some("a client gives each command a tag of its own (RFC 3501 §2.2.1)".to_owned()),
                    );
                }
            }
        }
    }

    /// A tag that nothing sent would only time out.
    fn awaited_tags(&mut self, exchange: &Exchange) {
        for expect in exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must) {
            let Some(tag) = expect.pattern.tag().filter(|tag| !self.raw && !self.words.contains(tag) && !tag.contains('$'))
            else {
                continue;
            };
            let span = expect.spans.first().copied().unwrap_or_default();
            let hint = did_you_mean(&tag, self.words.iter().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
            self.error(Span { length: tag.chars().count(), ..span }, format!("no command with the tag `{tag}` was sent"), hint);
        }
    }

    /// A name that is sent must have a value.
    fn used(&mut self, hole: &Hole, span: Span) {
        if let Some((_, used)) = self.captures.get_mut(&hole.name) {
            *used = true;
            return;
        }
        if !self.known(hole, span) {
            let mut names: Vec<&str> = self.captures.keys().map(String::as_str).collect();
            names.extend(VALUE_NAMES);
            names.extend(self.case.mailboxes.iter().map(|mailbox| mailbox.variable.as_str()));
            names.extend(["alice.login", "alice.password", "alice.address", "peer.domain"]);
            let hint = did_you_mean(&hole.name, names).map(|meant| format!("did you mean `${{{meant}}}`?"));
            let hint =
                hint.unwrap_or_else(|| "capture it in an `S:` line above, or see the values in suites/README.md".to_owned());
            self.error(span, format!("`${{{}}}` has no value here", hole.name), Some(hint));
        }
    }

    /// A name in a pattern is compared if it has a value, and captured if not.
    fn compared(&mut self, hole: &Hole, span: Span, necessity: Necessity) {
        if hole.name == "_" || hole.name == "*" {
            return;
        }
        if let Some((_, used)) = self.captures.get_mut(&hole.name) {
            *used = true;
            return;
        }
        if self.known(hole, span) || necessity == Necessity::MustNot {
            return;
        }
        let narrowed = hole.argument.as_deref().is_none_or(|argument| {
            NARROWINGS.contains(&argument) || argument.starts_with('/') || argument.starts_with("base64:/")
        });
        if narrowed {
            self.captures.insert(hole.name.clone(), (span, false));
        }
    }

    /// Whether a hole is a value of the environment; a value with a wrong argument is reported here and counts as known.
    fn known(&mut self, hole: &Hole, span: Span) -> bool {
        let argument = hole.argument.as_deref();
        match hole.name.as_str() {
            "literal" | "message" | "size" => match argument {
                None => self.error(span, format!("`${{{}}}` needs a fixture: `${{{}:plain}}`", hole.name, hole.name), None),
                Some(text) if text.starts_with('"') => {}
                Some(fixture) => self.fixture(fixture, span),
            },
            "base64" | "md5" | "upper" => match argument.map(Template::parse) {
                Some(Ok(inner)) => {
                    for hole in inner.holes() {
                        self.used(hole, span);
                    }
                }
                _ => self.error(span, format!("`${{{}:…}}` needs a text", hole.name), None),
            },
            "sasl-plain" => {
                if !argument.is_some_and(|role| ROLES.contains(&role)) {
                    self.error(
                        span,
                        "`${sasl-plain:…}` needs a role".to_owned(),
                        Some(format!("roles are {}", ROLES.join(", "))),
                    );
                }
            }
            "repeat" => {
                let counted =
                    argument.and_then(|argument| argument.split_once(':')).and_then(|(count, _)| count.parse::<usize>().ok());
                if counted.is_none() {
                    self.error(span, "`${repeat:…}` needs a count and a text: `${repeat:1000:x}`".to_owned(), None);
                }
            }
            name => {
                let role = name.split_once('.').is_some_and(|(role, field)| {
                    ROLES.contains(&role) && ["login", "password", "address", "local-part", "token"].contains(&field)
                });
                let mailbox = self.case.mailboxes.iter().any(|mailbox| mailbox.variable == name);
                let peer = name.split_once('.').is_some_and(|(peer, field)| PEERS.contains(&peer) && field == "domain");
                return role
                    || peer
                    || mailbox
                    || VALUE_NAMES.contains(&name)
                    || name.strip_prefix("new.").is_some_and(|rest| !rest.is_empty());
            }
        }
        true
    }

    fn unused(&mut self) {
        let unused: Vec<(String, Span)> =
            self.captures.iter().filter(|(_, (_, used))| !used).map(|(name, (span, _))| (name.clone(), *span)).collect();
        for (name, span) in unused {
            self.warn(span, format!("`${{{name}}}` is captured and never used; write `${{_}}` if its value does not matter"));
        }
    }
}

/// The place of a hole in a line.
fn hole_span(line: Span, text: &str, hole: &Hole) -> Span {
    part_span(line, text, hole.offset, hole.length)
}

/// The place of a part of a line, given in bytes.
fn part_span(line: Span, text: &str, offset: usize, length: usize) -> Span {
    let characters = |part: Option<&str>| part.map_or(0, |part| part.chars().count());
    let before = characters(text.get(..offset));
    Span { column: line.column + before, length: characters(text.get(offset..offset + length)).max(1), ..line }
}
