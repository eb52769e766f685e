//! The form of what a step of a dialogue does besides speaking lines.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::text_or_map::text_or_map;
use super::{AcceptYaml, At, CertificateYaml, DialogueYaml, ProtocolYaml, ServeYaml, StartYaml};

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

text_or_map!(RawYaml, Bytes, Full(RawFullYaml), "bytes or {on, bytes}", std::convert::identity);
text_or_map!(WaitYaml, For, Full(WaitFullYaml), "a duration or {for, because}", std::convert::identity);
text_or_map!(ClockYaml, All, One(ClockOfYaml), "a duration or {server, by}", std::convert::identity);
text_or_map!(SilenceYaml, For, Full(SilenceFullYaml), "a duration or {on, for}", std::convert::identity);
