//! The form of what stands in suites about connections that the server under test opens.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::At;

/// A connection of the server under test, with every reply in the dialogue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptYaml {
    /// The connection's name; that of a peer unless `peer` says another.
    pub name: String,
    /// Which peer is connected to: `peer`, `peer2`, …
    pub peer: Option<String>,
    /// How long the connection may take to come; 20s.
    pub within: Option<String>,
}

/// A connection of the server under test on which the harness answers by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeYaml {
    /// The connection's name; that of a peer unless `peer` says another.
    pub name: String,
    /// Which peer is connected to: `peer`, `peer2`, …
    pub peer: Option<String>,
    /// How long the connection may take to come; 20s.
    pub within: Option<String>,
    /// The first reply; `220` and the peer's domain.
    pub greeting: Option<String>,
    /// The keyword lines of the EHLO reply: `[PIPELINING, SIZE 1000]`; none.
    #[serde(default)]
    pub capabilities: Vec<At<String>>,
    /// What is answered to what, as `C:` patterns and `S:` replies: `{"RCPT TO:<${alice.address}>": 550 no}`; the key `.` is the
    /// end of a message. Where nothing fits, the usual positive reply is given.
    #[serde(default)]
    pub replies: RepliesYaml,
    /// What the harness shows after STARTTLS.
    pub certificate: Option<CertificateYaml>,
}

/// A certificate of the harness.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateYaml {
    /// For the peer's domain, of the authority in `fixtures/tls/ca.pem`.
    Trusted,
    SelfSigned,
    WrongName,
    Expired,
}

/// Patterns and what is answered to them, in the order they are written.
#[derive(Clone, Debug, Default)]
pub struct RepliesYaml(pub Vec<(At<String>, ReplyYaml)>);

/// One reply, or one for each time it is asked for; the last for ever.
#[derive(Clone, Debug)]
pub struct ReplyYaml(pub Vec<At<Text>>);

/// A reply as text; a code alone may look like a number.
#[derive(Clone, Debug)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for RepliesYaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Replies;
        impl<'de> Visitor<'de> for Replies {
            type Value = RepliesYaml;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("commands and what is answered to them")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RepliesYaml, A::Error> {
                let mut replies = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    replies.push(entry);
                }
                Ok(RepliesYaml(replies))
            }
        }
        deserializer.deserialize_map(Replies)
    }
}

impl JsonSchema for RepliesYaml {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Replies".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<String>();
        let code = generator.subschema_for::<u16>();
        let one = schemars::json_schema!({ "anyOf": [text, code] });
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": { "anyOf": [one.clone(), { "type": "array", "items": one, "minItems": 1 }] }
        })
    }
}

impl<'de> Deserialize<'de> for ReplyYaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = At::<OneOrMore>::deserialize(deserializer)?;
        Ok(ReplyYaml(match whole.value {
            OneOrMore::One(text) => vec![At { value: text, line: whole.line, column: whole.column }],
            OneOrMore::More(texts) => texts,
        }))
    }
}

enum OneOrMore {
    One(Text),
    More(Vec<At<Text>>),
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMore;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a reply or a list of replies")
            }
            fn visit_str<E>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Text(text.to_owned())))
            }
            fn visit_u64<E>(self, code: u64) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Text(code.to_string())))
            }
            fn visit_i64<E>(self, code: i64) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Text(code.to_string())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMore, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMore::More(texts))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Text;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a reply")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
            fn visit_u64<E>(self, code: u64) -> Result<Text, E> {
                Ok(Text(code.to_string()))
            }
            fn visit_i64<E>(self, code: i64) -> Result<Text, E> {
                Ok(Text(code.to_string()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}
