//! The form of suite files: what may stand where, as types the YAML reader fills and the JSON Schema is made of.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::yaml::At;

mod peer;

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

/// What a step of a dialogue does besides speaking lines.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionYaml {
    /// These bytes exactly; escapes `\r \n \0 \t \\ \xHH`.
    Raw(RawYaml),
    /// Another connection.
    Connect(ConnectYaml),
    /// The server under test must connect to a peer: `{name: peer, within: 10s}`; the dialogue has every reply.
    Accept(AcceptYaml),
    /// The same, and the harness answers by itself.
    Serve(ServeYaml),
    /// Nobody listens at this peer until it accepts again.
    Refuse(At<String>),
    /// Drop the connection and open a new one.
    Reconnect(Option<ReconnectYaml>),
    /// Half-close.
    Close(Option<OnYaml>),
    /// RST.
    Reset(Option<OnYaml>),
    /// From here on both sides compress (after an OK to COMPRESS), or with `end: true` cease to.
    Compress(Option<CompressYaml>),
    /// TLS handshake now.
    Tls(Option<TlsYaml>),
    /// A whole SASL exchange.
    Authenticate(AuthenticateYaml),
    /// The server must close.
    Closed(Option<ClosedYaml>),
    /// The server must say nothing for this long: `300ms`; `{at: peer, for: 2s}`: it must not connect to the peer.
    Silence(SilenceYaml),
    /// Do nothing: `2s`, or `{for: 2s, because: …}`.
    Wait(WaitYaml),
    /// Repeat until it holds.
    Eventually(EventuallyYaml),
    /// Only if the capability is offered.
    When(WhenYaml),
    /// Move the clock: `+30m`, or of one server `{server: name, by: +30m}`.
    Clock(ClockYaml),
    /// Control of a server: `{stop: name}`.
    Server(ServerActionYaml),
    /// What one server of the topology said to another.
    Overheard(OverheardYaml),
    /// What waits in the queue of a server, or what is done to it.
    Queue(QueueYaml),
}

/// What must have been said on the way between two servers, in the time given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverheardYaml {
    pub from: String,
    pub to: String,
    /// How many connections there were since the case started.
    pub connections: Option<usize>,
    /// Regular expression → how many lines of the sending server have a match.
    #[serde(default)]
    pub lines: BTreeMap<String, usize>,
    /// Regular expressions that each have a match in one of its lines at least.
    #[serde(default)]
    pub some: Vec<String>,
    /// Default `5s`.
    pub within: Option<String>,
}

/// One of `flush`, `hold`, `release` and `delete`, each of `all` or a domain; or what must be waiting, in the time given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueYaml {
    /// Default: the first of the topology.
    pub server: Option<String>,
    /// Try now.
    pub flush: Option<String>,
    /// Do not try until released.
    pub hold: Option<String>,
    pub release: Option<String>,
    /// Remove; nobody is told.
    pub delete: Option<String>,
    /// How many recipients must be waiting, none of them being sent.
    pub recipients: Option<usize>,
    /// How often each of them must have been tried.
    pub attempts: Option<u32>,
    /// Default `5s`.
    pub within: Option<String>,
}

/// `clock: +30m` or `clock: {server: name, by: +30m}`.
#[derive(Clone, Debug)]
pub enum ClockYaml {
    All(String),
    One(ClockOfYaml),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockOfYaml {
    pub server: String,
    pub by: String,
}

/// What is done to a server, or to the way between two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServerActionYaml {
    Start(String),
    /// With a good-bye on open connections.
    Stop(String),
    /// Stop and start.
    Restart(String),
    /// Stop as by SIGKILL.
    Kill(String),
    /// Between two servers connections end, and new ones are refused.
    Disconnect([String; 2]),
    /// Between two servers nothing gets through.
    Stall([String; 2]),
    /// The way between two servers is open again.
    Reconnect([String; 2]),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFullYaml {
    #[serde(default)]
    pub on: String,
    pub bytes: String,
}

/// `raw: "bytes"` or `raw: {on: name, bytes: "…"}`.
#[derive(Clone, Debug)]
pub enum RawYaml {
    Bytes(String),
    Full(RawFullYaml),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectYaml {
    pub name: String,
    pub protocol: Option<ProtocolYaml>,
    pub start: Option<StartYaml>,
    #[serde(rename = "as")]
    pub role: Option<String>,
    pub mailbox: Option<String>,
    pub service: Option<String>,
    /// A server of the topology; default that of the unnamed connection.
    pub server: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconnectYaml {
    #[serde(default)]
    pub on: String,
    pub start: Option<StartYaml>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnYaml {
    #[serde(default)]
    pub on: String,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompressYaml {
    #[serde(default)]
    pub on: String,
    /// Compression ends here (after an OK to UNAUTHENTICATE).
    #[serde(default)]
    pub end: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsYaml {
    #[serde(default)]
    pub on: String,
    /// Bytes sent in clear right before the handshake, in the same packet.
    pub inject: Option<String>,
    /// The client shows this role's certificate.
    #[serde(rename = "as")]
    pub role: Option<String>,
    /// `refused` if the handshake must not succeed; `either`: both are right, and the case ends where it is refused.
    pub expect: Option<TlsExpectYaml>,
    /// On an accepted connection: what the harness shows.
    pub certificate: Option<CertificateYaml>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsExpectYaml {
    Established,
    Refused,
    Either,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthenticateYaml {
    #[serde(default)]
    pub on: String,
    #[serde(rename = "as")]
    pub role: Option<String>,
    /// PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256 or one of these with -PLUS, OAUTHBEARER, XOAUTH2, EXTERNAL.
    pub mechanism: String,
    /// The channel binding of a -PLUS form: `tls-exporter` or `tls-server-end-point`. Default: the best the connection has.
    pub binding: Option<String>,
    /// In place of the role's password.
    pub password: Option<String>,
    /// The authorization identity.
    pub authorize_as: Option<String>,
    /// The client's first message, whole, in place of the usual one.
    pub client_first: Option<String>,
    /// SCRAM's last message without its proof, in place of the usual one; `${nonce}` is the nonce as the server sent it.
    pub client_final: Option<String>,
    /// `refused` if the server must not accept it.
    pub expect: Option<AuthenticateExpectYaml>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthenticateExpectYaml {
    Accepted,
    Refused,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedYaml {
    #[serde(default)]
    pub on: String,
    pub within: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceFullYaml {
    #[serde(default)]
    pub on: String,
    /// A peer that must not be connected to.
    pub at: Option<String>,
    #[serde(rename = "for")]
    pub lasting: String,
}

/// `silence: 300ms` or `silence: {on: name, for: 300ms}`.
#[derive(Clone, Debug)]
pub enum SilenceYaml {
    For(String),
    Full(SilenceFullYaml),
}

/// A wait with its reason.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitFullYaml {
    #[serde(rename = "for")]
    pub lasting: String,
    /// Why nothing observable can be waited for instead.
    pub because: String,
}

/// `wait: 2s` or `wait: {for: 2s, because: …}`.
#[derive(Clone, Debug)]
pub enum WaitYaml {
    For(String),
    Full(WaitFullYaml),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventuallyYaml {
    pub within: String,
    pub dialogue: At<DialogueYaml>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenYaml {
    pub capability: String,
    pub dialogue: At<DialogueYaml>,
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
}

/// A value that is either a scalar or a mapping, without losing the places of what is inside (`untagged` would).
macro_rules! text_or_map {
    ($name:ident, $text:ident, $map:ident($inner:ty), $expecting:literal, $wrap:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct TextOrMap;
                impl<'de> Visitor<'de> for TextOrMap {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::$text(text.to_owned()))
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let inner = <$inner>::deserialize(MapAccessDeserializer::new(map))?;
                        let wrap = $wrap;
                        Ok($name::$map(wrap(inner)))
                    }
                }
                deserializer.deserialize_any(TextOrMap)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("Yaml").to_owned().into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let text = String::json_schema(generator);
                let map = generator.subschema_for::<$inner>();
                schemars::json_schema!({ "anyOf": [text, map] })
            }
        }
    };
}

text_or_map!(StepYaml, Block, Action(ActionYaml), "a block of lines or an action", Box::new);
text_or_map!(SeedYaml, Name, Full(SeedFullYaml), "a fixture's name or {message, flags, date}", std::convert::identity);
text_or_map!(RawYaml, Bytes, Full(RawFullYaml), "bytes or {on, bytes}", std::convert::identity);
text_or_map!(WaitYaml, For, Full(WaitFullYaml), "a duration or {for, because}", std::convert::identity);
text_or_map!(ClockYaml, All, One(ClockOfYaml), "a duration or {server, by}", std::convert::identity);
text_or_map!(SilenceYaml, For, Full(SilenceFullYaml), "a duration or {on, for}", std::convert::identity);

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
