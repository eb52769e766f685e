//! The form of suite files: what may stand where, as types the YAML reader fills and the JSON Schema is made of.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::yaml::At;
use text_or_map::text_or_map;

mod action;
mod peer;
mod text_or_map;

pub use action::*;
pub use peer::{AcceptYaml, CertificateYaml, RepliesYaml, ReplyYaml, ServeYaml};

/// `smtp`, `pop3` or `imap`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolYaml {
    Smtp,
    Pop3,
    Imap,
}

/// How binding the requirement is (RFC 2119).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LevelYaml {
    Must,
    Should,
    May,
}

/// The state the connection is brought to before the first line.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartYaml {
    /// Nothing read yet: the dialogue's first line is the greeting.
    Connected,
    /// The greeting was read.
    Greeted,
    /// SMTP: EHLO was answered.
    Ehlo,
    /// Logged in.
    Authenticated,
    /// IMAP: a mailbox is selected.
    Selected,
}

/// A suite: one section of one RFC, or one journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
#[schemars(title = "mailspec suite")]
pub struct SuiteYaml {
    /// The section the cases rest on: `RFC 5321 §4.5.2`.
    pub spec: At<String>,
    /// The protocol of the unnamed connection.
    pub protocol: ProtocolYaml,
    /// A word on the whole file, for readers.
    pub note: Option<String>,
    pub start: Option<At<StartYaml>>,
    /// The role that logs in; default `alice`.
    #[serde(rename = "as")]
    pub role: Option<At<String>>,
    /// The servers the cases bring with them: a file of `fixtures/topologies/`.
    pub topology: Option<At<String>>,
    /// The server of the topology the unnamed connection goes to; default its first.
    pub server: Option<At<String>>,
    /// `submission` or `lmtp`; default the protocol's own port.
    pub service: Option<String>,
    /// Capabilities as announced; `!NAME` asks for absence.
    #[serde(default)]
    pub requires: Vec<At<String>>,
    /// Private IMAP mailboxes and the fixtures they hold.
    pub mailboxes: Option<BTreeMap<String, Vec<At<SeedYaml>>>>,
    /// What INBOX of role `alice` holds when a case starts.
    pub maildrop: Option<Vec<At<SeedYaml>>>,
    pub level: Option<LevelYaml>,
    /// Played before the dialogue and not judged.
    pub setup: Option<At<DialogueYaml>>,
    pub vary: Option<VaryYaml>,
    /// For a whole case: `30s`.
    pub timeout: Option<At<String>>,
    pub cases: Vec<At<CaseYaml>>,
}

/// One case: one thing that must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub struct CaseYaml {
    /// Lower-case letters, digits and hyphens; permanent.
    pub id: At<String>,
    /// One sentence: what must hold.
    pub title: At<String>,
    /// Ids of the requirements catalogue.
    #[serde(default)]
    pub covers: Vec<At<String>>,
    pub dialogue: At<DialogueYaml>,
    /// Why; shown by `mailspec explain`.
    pub note: Option<String>,
    pub spec: Option<At<String>>,
    pub start: Option<At<StartYaml>>,
    #[serde(rename = "as")]
    pub role: Option<At<String>>,
    pub topology: Option<At<String>>,
    pub server: Option<At<String>>,
    pub service: Option<String>,
    #[serde(default)]
    pub requires: Vec<At<String>>,
    pub mailboxes: Option<BTreeMap<String, Vec<At<SeedYaml>>>>,
    pub maildrop: Option<Vec<At<SeedYaml>>>,
    pub level: Option<LevelYaml>,
    pub setup: Option<At<DialogueYaml>>,
    pub vary: Option<VaryYaml>,
    pub timeout: Option<At<String>>,
}

/// A dialogue: a block of lines, or a list of blocks and actions.
#[derive(Clone, Debug)]
pub enum DialogueYaml {
    Block(String),
    Steps(Vec<At<StepYaml>>),
}

/// An item of a dialogue's list.
#[derive(Clone, Debug)]
pub enum StepYaml {
    Block(String),
    Action(Box<ActionYaml>),
}

/// The message of a seeded mailbox: a fixture's name, or a map with flags and date.
#[derive(Clone, Debug)]
pub enum SeedYaml {
    Name(String),
    Full(SeedFullYaml),
}

/// A seeded message with flags and internal date.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedFullYaml {
    pub message: String,
    #[serde(default)]
    pub flags: Vec<String>,
    /// IMAP date-time: `17-Jul-1996 02:44:25 -0700`.
    pub date: Option<String>,
}

/// Axes; the case runs once for each combination.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaryYaml {
    #[serde(default)]
    pub transport: Vec<TransportYaml>,
    #[serde(default)]
    pub segments: Vec<SegmentsYaml>,
    #[serde(default)]
    pub literals: Vec<LiteralsYaml>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportYaml {
    Plain,
    Starttls,
    Tls,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SegmentsYaml {
    Whole,
    Bytewise,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiteralsYaml {
    Sync,
    Plus,
}

/// The catalogue of one RFC.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mailspec requirements")]
pub struct RequirementsYaml {
    pub rfc: u32,
    pub title: String,
    pub requirements: Vec<At<RequirementYaml>>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementYaml {
    /// Section and name: `4.5.2/dot-stuffing`.
    pub id: At<String>,
    pub level: LevelYaml,
    /// The sentence, word by word.
    pub quote: At<String>,
    pub note: Option<String>,
    /// Why no case can tell whether a server keeps to it.
    pub untested: Option<String>,
}

text_or_map!(StepYaml, Block, Action(ActionYaml), "a block of lines or an action", Box::new);
text_or_map!(SeedYaml, Name, Full(SeedFullYaml), "a fixture's name or {message, flags, date}", std::convert::identity);

impl<'de> Deserialize<'de> for DialogueYaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Dialogue;
        impl<'de> Visitor<'de> for Dialogue {
            type Value = DialogueYaml;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a block of lines, or a list of blocks and actions")
            }
            fn visit_str<E>(self, text: &str) -> Result<DialogueYaml, E> {
                Ok(DialogueYaml::Block(text.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<DialogueYaml, A::Error> {
                let mut steps = Vec::new();
                while let Some(step) = items.next_element()? {
                    steps.push(step);
                }
                Ok(DialogueYaml::Steps(steps))
            }
        }
        deserializer.deserialize_any(Dialogue)
    }
}

impl JsonSchema for DialogueYaml {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dialogue".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let block = String::json_schema(generator);
        let step = generator.subschema_for::<StepYaml>();
        schemars::json_schema!({ "anyOf": [block, { "type": "array", "items": step }] })
    }
}

/// The JSON Schema of a kind of file, for editors: `suites/schema.json`.
pub fn schema<T: JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::yaml::read;
    use super::*;

    const SUITE: &str = "spec: RFC 1939 §5\nprotocol: pop3\ncases:\n  - id: a\n    title: t\n    dialogue:\n      - |\n        C: NOOP\n        S: +OK\n      - reconnect:\n      - raw: \"x\"\n      - silence: 300ms\n  - id: b\n    title: u\n    dialogue: |\n      C: QUIT\n";

    #[test]
    fn places_are_kept() {
        let suite: SuiteYaml = read(SUITE).unwrap();
        let case = &suite.cases[0].value;
        assert_eq!((case.id.line, case.id.column), (4, 9));
        let DialogueYaml::Steps(steps) = &case.dialogue.value else { panic!() };
        assert_eq!(steps.iter().map(|s| (s.line, s.column)).collect::<Vec<_>>(), [(8, 9), (10, 9), (11, 9), (12, 9)]);
        assert_eq!(suite.cases[1].value.dialogue.line, 16);
    }

    #[test]
    fn an_unknown_key_is_refused_where_it_stands() {
        let error = read::<SuiteYaml>(&SUITE.replace("title: u", "titel: u")).unwrap_err();
        assert_eq!((error.line, error.column), (14, 5), "{}", error.message);
        assert!(error.message.contains("titel"), "{}", error.message);
    }
}
