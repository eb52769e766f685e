//! From the YAML of a suite to its cases: defaults of the file, axes, dialogues, roles.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::duration;
use super::form::{CaseYaml, LiteralsYaml, ProtocolYaml, SeedYaml, SegmentsYaml, StartYaml, SuiteYaml, TransportYaml, VaryYaml};
use super::model::*;
use super::problem::{Problem, did_you_mean};
use super::steps;
use super::topology::Topology;
use super::yaml::At;

/// What building needs to know of the file and the library.
pub struct Context<'a> {
    pub file: &'a Arc<str>,
    pub source: &'a Arc<str>,
    /// What the ids of the file's cases start with.
    pub prefix: &'a str,
    pub requirements: &'a BTreeMap<String, Arc<Requirement>>,
    pub topologies: &'a BTreeMap<String, Arc<Topology>>,
}

/// How long a case may take unless it says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All cases of a suite, one for each point of their axes.
pub fn cases(context: &Context<'_>, suite: &SuiteYaml, problems: &mut Vec<Problem>) -> Vec<Case> {
    let mut cases = Vec::new();
    for at in &suite.cases {
        let case = one(context, suite, &at.value, problems);
        let vary = at.value.vary.as_ref().or(suite.vary.as_ref());
        for variant in variants(vary) {
            cases.push(Case { variant, ..case.clone() });
        }
    }
    if suite.cases.is_empty() {
        problems.push(Problem::warning(context.file, point(1, 1), "the suite has no cases"));
    }
    cases
}

fn one(context: &Context<'_>, suite: &SuiteYaml, case: &CaseYaml, problems: &mut Vec<Problem>) -> Case {
    let file = context.file;
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if case.id.value.is_empty() || !case.id.value.chars().all(name) {
        let message = format!("`{}` is no id: lower-case letters, digits and hyphens make one", case.id.value);
        problems.push(Problem::error(file, whole(&case.id), message));
    }
    let start = Start {
        protocol: suite.protocol.into(),
        service: case.service.clone().or_else(|| suite.service.clone()),
        state: case.start.as_ref().or(suite.start.as_ref()).map_or(StartState::Greeted, |at| at.value.into()),
        role: case.role.as_ref().or(suite.role.as_ref()).map_or("alice".to_owned(), |at| at.value.clone()),
        mailbox: None,
        server: case.server.as_ref().or(suite.server.as_ref()).map(|at| at.value.clone()),
    };
    let topology = topology(context, case.topology.as_ref().or(suite.topology.as_ref()), problems);
    if let Err(message) = legal_start(&start) {
        let at = case.start.as_ref().or(suite.start.as_ref());
        problems.push(Problem::error(file, at.map_or(whole(&case.id), |at| point(at.line, at.column)), message));
    }
    let requirements = covered(context, case, problems);
    let level = case.level.or(suite.level).map(Level::from);
    let level = level.or_else(|| requirements.iter().map(|r| r.level).max()).unwrap_or(Level::Must);
    let timeout = case.timeout.as_ref().or(suite.timeout.as_ref()).map_or(TIMEOUT, |at| {
        duration::parse(&at.value).unwrap_or_else(|message| {
            problems.push(Problem::error(file, point(at.line, at.column), message));
            TIMEOUT
        })
    });
    let mut opened = steps::Opened::new(start.clone());
    let setup = case.setup.as_ref().or(suite.setup.as_ref());
    let mut reader = steps::Reader { file, source: context.source, opened: &mut opened, problems };
    let setup = setup.map_or(Vec::new(), |at| reader.dialogue(at));
    let dialogue = reader.dialogue(&case.dialogue);
    let mailboxes = case.mailboxes.as_ref().or(suite.mailboxes.as_ref());
    let mut built = Case {
        id: format!("{}/{}", context.prefix, case.id.value),
        variant: Variant::default(),
        file: file.clone(),
        line: case.id.line,
        title: case.title.value.clone(),
        spec: case.spec.as_ref().unwrap_or(&suite.spec).value.clone(),
        level,
        requirements,
        requires: suite.requires.iter().chain(&case.requires).map(|at| need(&at.value)).collect(),
        start,
        mailboxes: mailboxes
            .map(|boxes| {
                boxes
                    .iter()
                    .map(|(name, seeds)| MailboxSeed { variable: name.clone(), messages: seeds.iter().map(seed).collect() })
                    .collect()
            })
            .unwrap_or_default(),
        maildrop: case.maildrop.as_ref().or(suite.maildrop.as_ref()).map(|seeds| seeds.iter().map(seed).collect()),
        setup,
        dialogue,
        timeout,
        note: case.note.clone().or_else(|| suite.note.clone()),
        roles: Vec::new(),
        peers: Vec::new(),
        topology,
    };
    built.roles = super::roles::of(&built);
    built.peers = super::roles::peers(&built);
    built
}

fn topology(context: &Context<'_>, named: Option<&At<String>>, problems: &mut Vec<Problem>) -> Option<Arc<Topology>> {
    let at = named?;
    let found = context.topologies.get(&at.value).cloned();
    if found.is_none() {
        let problem = Problem::error(context.file, whole(at), format!("there is no topology `{}`", at.value));
        problems.push(match did_you_mean(&at.value, context.topologies.keys().map(String::as_str)) {
            Some(meant) => problem.with_hint(format!("did you mean `{meant}`?")),
            None => problem.with_hint(format!("a topology is a file fixtures/topologies/{}.yaml", at.value)),
        });
    }
    found
}

fn covered(context: &Context<'_>, case: &CaseYaml, problems: &mut Vec<Problem>) -> Vec<Arc<Requirement>> {
    if case.covers.is_empty() {
        let problem =
            Problem::error(context.file, whole(&case.id), format!("the case `{}` covers no requirement", case.id.value));
        problems.push(problem.with_hint("name the sentence it rests on: `covers: [rfc5321/4.5.2/dot-stuffing]`"));
    }
    let mut found = Vec::new();
    for at in &case.covers {
        match context.requirements.get(&at.value) {
            Some(requirement) => found.push(requirement.clone()),
            None => {
                let problem = Problem::error(context.file, whole(at), format!("no requirement has the id `{}`", at.value));
                problems.push(match did_you_mean(&at.value, context.requirements.keys().map(String::as_str)) {
                    Some(meant) => problem.with_hint(format!("did you mean `{meant}`?")),
                    None => problem.with_hint("add the sentence to suites/requirements/"),
                });
            }
        }
    }
    found
}

/// Whether the protocol has the state.
pub fn legal_start(start: &Start) -> Result<(), String> {
    match (start.protocol, start.state) {
        (_, StartState::Connected | StartState::Greeted | StartState::Authenticated) => Ok(()),
        (Protocol::Smtp, StartState::Ehlo) | (Protocol::Imap, StartState::Selected) => Ok(()),
        (protocol, StartState::Ehlo) => Err(format!("`start: ehlo` is a state of smtp, not of {protocol}")),
        (protocol, StartState::Selected) => Err(format!("`start: selected` is a state of imap, not of {protocol}")),
    }
}

/// A capability as written in `requires:`.
pub fn need(text: &str) -> CapabilityNeed {
    match text.strip_prefix('!') {
        Some(name) => CapabilityNeed { name: name.trim().to_owned(), present: false },
        None => CapabilityNeed { name: text.trim().to_owned(), present: true },
    }
}

fn seed(at: &At<SeedYaml>) -> SeedMessage {
    let place = |text: &str| Span { line: at.line, column: at.column, length: text.chars().count().max(1) };
    match &at.value {
        SeedYaml::Name(fixture) => SeedMessage { fixture: fixture.clone(), flags: Vec::new(), date: None, span: place(fixture) },
        SeedYaml::Full(full) => {
            SeedMessage { fixture: full.message.clone(), flags: full.flags.clone(), date: full.date.clone(), span: place("") }
        }
    }
}

/// All combinations of the axes.
fn variants(vary: Option<&VaryYaml>) -> Vec<Variant> {
    fn axis<Y: Copy, M>(values: &[Y], convert: fn(Y) -> M) -> Vec<Option<M>> {
        if values.is_empty() { vec![None] } else { values.iter().map(|v| Some(convert(*v))).collect() }
    }
    let none = VaryYaml::default();
    let vary = vary.unwrap_or(&none);
    let mut all = Vec::new();
    for transport in axis(&vary.transport, Transport::from) {
        for segments in axis(&vary.segments, Segments::from) {
            for literals in axis(&vary.literals, Literals::from) {
                all.push(Variant { transport, segments, literals });
            }
        }
    }
    all
}

/// A place without a known length.
pub fn point(line: usize, column: usize) -> Span {
    Span { line, column, length: 1 }
}

/// The place of a one-line text.
pub fn whole(at: &At<String>) -> Span {
    Span { line: at.line, column: at.column, length: at.value.chars().count().max(1) }
}

impl From<ProtocolYaml> for Protocol {
    fn from(protocol: ProtocolYaml) -> Protocol {
        match protocol {
            ProtocolYaml::Smtp => Protocol::Smtp,
            ProtocolYaml::Pop3 => Protocol::Pop3,
            ProtocolYaml::Imap => Protocol::Imap,
        }
    }
}

impl From<StartYaml> for StartState {
    fn from(start: StartYaml) -> StartState {
        match start {
            StartYaml::Connected => StartState::Connected,
            StartYaml::Greeted => StartState::Greeted,
            StartYaml::Ehlo => StartState::Ehlo,
            StartYaml::Authenticated => StartState::Authenticated,
            StartYaml::Selected => StartState::Selected,
        }
    }
}

impl From<TransportYaml> for Transport {
    fn from(transport: TransportYaml) -> Transport {
        match transport {
            TransportYaml::Plain => Transport::Plain,
            TransportYaml::Starttls => Transport::StartTls,
            TransportYaml::Tls => Transport::Tls,
        }
    }
}

impl From<SegmentsYaml> for Segments {
    fn from(segments: SegmentsYaml) -> Segments {
        match segments {
            SegmentsYaml::Whole => Segments::Whole,
            SegmentsYaml::Bytewise => Segments::Bytewise,
        }
    }
}

impl From<LiteralsYaml> for Literals {
    fn from(literals: LiteralsYaml) -> Literals {
        match literals {
            LiteralsYaml::Sync => Literals::Sync,
            LiteralsYaml::Plus => Literals::Plus,
        }
    }
}
