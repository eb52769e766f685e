//! The holes of a pattern, `${name:narrowing}`, after compiling.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64_TEXT;
use regex::bytes::{Regex, RegexBuilder};

use super::PatternError;
use super::nearest::nearest;
use crate::suite::template::Hole;

/// A compiled hole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub hole: Hole,
    pub kind: SlotKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum SlotKind {
    /// `${name}`: a known value, or a capture.
    Named(Narrowing),
    /// `${literal:plain}`: always looked up, argument and all.
    Function,
    /// `${_}`: one value, not kept.
    One(Narrowing),
    /// `${*}`: the rest.
    Rest,
}

/// What a capture may hold.
#[derive(Clone, Debug)]
pub(super) enum Narrowing {
    Open,
    Number,
    Atom,
    Date,
    Base64,
    /// A mod-sequence (RFC 7162 §3.1), greater than the one held before.
    Modseq,
    /// `/.{n}/`: any n octets, which no automaton need be built for.
    Octets(usize),
    Regex(Regex),
    /// `base64:/regex/`: base64 of what the expression matches.
    Encoded(Regex),
}

impl PartialEq for Narrowing {
    fn eq(&self, other: &Narrowing) -> bool {
        match (self, other) {
            (Narrowing::Octets(a), Narrowing::Octets(b)) => a == b,
            (Narrowing::Regex(a), Narrowing::Regex(b)) | (Narrowing::Encoded(a), Narrowing::Encoded(b)) => {
                a.as_str() == b.as_str()
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Names that are functions of their argument (suites/README.md, "Values for sending").
const FUNCTIONS: [&str; 8] = ["literal", "message", "size", "base64", "md5", "upper", "repeat", "sasl-plain"];
/// Functions whose argument is free text, so that even `number` is one.
const OF_TEXT: [&str; 5] = ["literal", "base64", "md5", "upper", "repeat"];
const NARROWINGS: [&str; 5] = ["number", "atom", "date", "base64", "modseq"];

impl Slot {
    pub fn compile(hole: &Hole) -> Result<Slot, PatternError> {
        let fail = |message: String| PatternError { line: 0, offset: hole.offset, message };
        let name = hole.name.as_str();
        let argument = hole.argument.as_deref();
        let narrows =
            |argument: &str| NARROWINGS.contains(&argument) || argument.starts_with('/') || argument.starts_with("base64:/");
        let is_function =
            FUNCTIONS.contains(&name) && argument.is_some_and(|argument| OF_TEXT.contains(&name) || !narrows(argument));
        let kind = match (name, argument) {
            _ if is_function => SlotKind::Function,
            ("*", None) => SlotKind::Rest,
            ("*", Some(_)) => return Err(fail("`${*}` is the rest of the line and takes no narrowing".into())),
            ("_", argument) => SlotKind::One(Narrowing::compile(argument).map_err(fail)?),
            (_, argument) => SlotKind::Named(Narrowing::compile(argument).map_err(fail)?),
        };
        Ok(Slot { hole: hole.clone(), kind })
    }

    pub fn is_rest(&self) -> bool {
        self.kind == SlotKind::Rest
    }

    /// As written.
    pub fn text(&self) -> String {
        match &self.hole.argument {
            Some(argument) => format!("${{{}:{argument}}}", self.hole.name),
            None => format!("${{{}}}", self.hole.name),
        }
    }
}

impl Narrowing {
    fn compile(argument: Option<&str>) -> Result<Narrowing, String> {
        let argument = match argument {
            None => return Ok(Narrowing::Open),
            Some("number") => return Ok(Narrowing::Number),
            Some("atom") => return Ok(Narrowing::Atom),
            Some("date") => return Ok(Narrowing::Date),
            Some("base64") => return Ok(Narrowing::Base64),
            Some("modseq") => return Ok(Narrowing::Modseq),
            Some(argument) => argument,
        };
        let (encoded, argument) = match argument.strip_prefix("base64:") {
            Some(argument) => (true, argument),
            None => (false, argument),
        };
        if let Some(expression) = argument.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            let octets = expression.strip_prefix(".{").and_then(|rest| rest.strip_suffix('}'));
            if let Some(octets) = octets.and_then(|digits| digits.parse().ok()).filter(|_| !encoded) {
                return Ok(Narrowing::Octets(octets));
            }
            let kind = if encoded { Narrowing::Encoded } else { Narrowing::Regex };
            return whole(expression).map(kind).map_err(|error| {
                let detail = error.to_string();
                let reason = detail.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
                format!("`/{expression}/` is not a regular expression: {reason}")
            });
        }
        let hint = nearest(argument, NARROWINGS).map(|near| format!("; did you mean `:{near}`?")).unwrap_or_default();
        Err(format!(
            "`:{argument}` narrows nothing: `:number`, `:atom`, `:date`, `:base64`, `:modseq`, `:/regex/` and `:base64:/regex/` do{hint}"
        ))
    }

    /// Whether these octets, all of them, are of the kind.
    pub fn accepts(&self, octets: &[u8]) -> bool {
        match self {
            Narrowing::Open => true,
            Narrowing::Number => !octets.is_empty() && octets.iter().all(u8::is_ascii_digit),
            Narrowing::Atom => !octets.is_empty() && octets.iter().all(|b| b.is_ascii_graphic() && !b"(){%*\"".contains(b)),
            Narrowing::Date => DATE.is_match(octets),
            Narrowing::Base64 => octets.len().is_multiple_of(4) && BASE64.is_match(octets),
            // RFC 7162 §7: `mod-sequence-value`, a positive number of 63 bits.
            Narrowing::Modseq => {
                let digits = octets.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(octets).ok()).flatten();
                digits.and_then(|digits| digits.parse().ok()).is_some_and(|value: i64| value > 0)
            }
            Narrowing::Octets(count) => octets.len() == *count,
            Narrowing::Regex(expression) => expression.is_match(octets),
            Narrowing::Encoded(expression) => BASE64_TEXT.decode(octets).is_ok_and(|text| expression.is_match(&text)),
        }
    }

    /// What a value should have been: `a number`.
    pub fn noun(&self) -> &'static str {
        match self {
            Narrowing::Open => "a value",
            Narrowing::Number => "a number",
            Narrowing::Atom => "an atom",
            Narrowing::Date => "a date",
            Narrowing::Base64 => "base64",
            Narrowing::Modseq => "a mod-sequence",
            Narrowing::Octets(_) => "so many octets",
            Narrowing::Regex(_) => "what the regular expression matches",
            Narrowing::Encoded(_) => "base64 of what the regular expression matches",
        }
    }
}

/// An expression over octets that has to match the whole value; a dot is any octet.
fn whole(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\A(?:{expression})\z")).unicode(false).dot_matches_new_line(true).build()
}

/// `date-time` and `date` of IMAP (RFC 9051 §9), and `date-time` of a message (RFC 5322 §3.3).
#[allow(clippy::expect_used)]
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    const MONTH: &str = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
    whole(&format!(
        "[ 0-9]?[0-9]-{MONTH}-[0-9]{{4}}( [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} [+-][0-9]{{4}})?\
         |((?i:mon|tue|wed|thu|fri|sat|sun), )?[0-9]{{1,2}} {MONTH} [0-9]{{4}} [0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})? ([+-][0-9]{{4}}|[A-Z]{{1,3}})"
    ))
    .expect("a constant expression")
});

#[allow(clippy::expect_used)]
static BASE64: LazyLock<Regex> = LazyLock::new(|| whole("[A-Za-z0-9+/]*={0,2}").expect("a constant expression"));
