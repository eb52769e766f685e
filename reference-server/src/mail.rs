//! What a mail is addressed with: addresses as RFC 5321 §4.1.2 spells them, and the envelope around a message.

mod grammar;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use time::OffsetDateTime;

pub use grammar::SyntaxError;
pub(crate) use grammar::{domain_part, local_part, mailbox};

/// A mailbox address, `local-part@domain` (RFC 5321 §4.1.2 `Mailbox`).
///
/// The local part is kept without its quotes, so `"alice"@example.org` and `alice@example.org` are equal: quoting is
/// a way to write it and carries no meaning (RFC 5321 §4.1.2). It may be UTF-8 (RFC 6531 §3.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: String,
    domain: Domain,
}

/// The right side of an address (RFC 5321 §2.3.4, §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// A domain name, in lower case, without a final dot; U-labels are kept as the A-labels they stand for (RFC 5890
    /// §2.3.2.1), so that both ways to write a name are equal.
    Name(String),
    /// `[192.0.2.1]`
    V4(Ipv4Addr),
    /// `[IPv6:2001:db8::1]`
    V6(Ipv6Addr),
    /// `[tag:content]` of a kind this server does not know, with its tag.
    General(String),
}

/// What a transaction collects before the message itself (RFC 5321 §2.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Whom to tell about failures; `None` is the null reverse-path `<>` of bounces.
    pub reverse_path: Option<Address>,
    /// Who gets the message, in the order of the RCPT commands, each once.
    pub recipients: Vec<Recipient>,
    /// The `BODY=` the client declared (RFC 6152, RFC 3030).
    pub body: Body,
    /// Whether addresses or header fields may be UTF-8: the next hop must be told and must know it (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// How much of the message a notification of failure returns (RFC 3461 §4.3); `None`: the server chooses.
    pub ret: Option<Ret>,
    /// The sender's own name for the message, `ENVID=` without its xtext (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// Never to be sent on without verified TLS (RFC 8689 §2).
    pub require_tls: bool,
    /// `MT-PRIORITY=` (RFC 6710 §4.1): -9, the least, to 9; `None` was not asked for and counts as 0.
    pub priority: Option<i8>,
    /// Not to be delivered before (RFC 4865).
    pub hold_until: Option<OffsetDateTime>,
    /// What was asked for, `for;600` or `until;2026-12-24T18:00:00Z`, as notifications show it (RFC 4865 §5.1.2).
    pub hold_request: Option<String>,
    /// Not to be delivered after (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// To be sent on even where the recipient's policy wants TLS and there is none: `TLS-Required: No` (RFC 8689 §3, §4.1).
    pub tls_optional: bool,
    /// Who submitted it, as far as that is certain: `AUTH=` for servers this one logs in to; `None` is `<>` (RFC 4954 §5).
    pub submitter: Option<Address>,
}

/// A recipient and what the sender wants to hear about its mail (RFC 3461 §4.1, §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub address: Address,
    /// `NOTIFY=`; `None` was not given, and means failures, and delays if the server likes (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// `ORCPT=`: whom the message was addressed to first.
    pub original: Option<OriginalRecipient>,
}

/// The conditions of `NOTIFY=`; none of them is `NEVER` (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    pub success: bool,
    pub failure: bool,
    pub delay: bool,
}

/// `ORCPT=type;address`, without its xtext (RFC 3461 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// `rfc822` or `utf-8` (RFC 6533 §3), or any other registered type.
    pub kind: String,
    pub address: String,
}

/// `RET=` (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header section.
    Headers,
}

/// `BY=` of RFC 2852, its seconds turned into an instant when the message was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    pub deadline: OffsetDateTime,
    /// What happens to mail that is late.
    pub mode: ByMode,
    /// `T`: relays tell the sender when they pass the message on (RFC 2852 §4.1.4).
    pub trace: bool,
}

/// What happens to mail that was not delivered in time (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByMode {
    /// `R`: it is returned.
    Return,
    /// `N`: the sender is told, and it is tried on.
    Notify,
}

/// What the octets of a message may be (RFC 6152 §2, RFC 3030 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Lines of US-ASCII.
    #[default]
    SevenBit,
    /// Lines that may hold octets above 127.
    EightBitMime,
    /// Any octets; not to be sent with DATA.
    BinaryMime,
}

impl Recipient {
    /// A recipient for whom nothing special is asked.
    pub fn new(address: Address) -> Self {
        Self { address, notify: None, original: None }
    }
}

impl Address {
    /// Reads the whole text as one address. The error has the offset of the first octet that does not fit.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (address, end) = mailbox(text.as_bytes(), 0)?;
        if end == text.len() { Ok(address) } else { Err(SyntaxError { at: end, expected: "the end of the address" }) }
    }

    /// `local` is taken as it is, without quotes.
    pub fn new(local: impl Into<String>, domain: Domain) -> Self {
        Self { local: local.into(), domain }
    }

    /// The local part without quotes and backslashes. Its case is the sender's (RFC 5321 §2.4).
    pub fn local(&self) -> &str {
        &self.local
    }

    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether servers without SMTPUTF8 can be told this address (RFC 6531 §3.2); its domain always has a form for them.
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }

    /// The address with its domain in U-labels, for where UTF-8 may be written (RFC 6531 §3.7).
    pub fn to_unicode(&self) -> String {
        grammar::written(&self.local, &self.domain.to_unicode())
    }
}

impl Domain {
    /// Reads the whole text as a domain name or an address literal.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (domain, end) = domain_part(text.as_bytes(), 0)?;
        if end == text.len() { Ok(domain) } else { Err(SyntaxError { at: end, expected: "the end of the domain" }) }
    }

    /// Whether this is the domain name `name`, whatever the case (RFC 5321 §2.3.5).
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Domain::Name(own) if own.eq_ignore_ascii_case(name))
    }

    /// The domain in U-labels (RFC 5890 §2.3.2.1), where it has any.
    pub fn to_unicode(&self) -> String {
        match self {
            Domain::Name(name) => idna::domain_to_unicode(name).0,
            literal => literal.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grammar::written(&self.local, &self.domain.to_string()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Name(name) => f.write_str(name),
            Domain::V4(address) => write!(f, "[{address}]"),
            Domain::V6(address) => write!(f, "[IPv6:{address}]"),
            Domain::General(literal) => write!(f, "[{literal}]"),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Body::SevenBit => "7BIT",
            Body::EightBitMime => "8BITMIME",
            Body::BinaryMime => "BINARYMIME",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let address = Address::parse(text).unwrap();
        assert_eq!(address.to_string(), shown);
        assert_eq!(Address::parse(shown).unwrap(), address, "what is shown reads back as the same address");
    }

    #[track_caller]
    fn refuse(text: &str, at: usize) {
        assert_eq!(Address::parse(text).map_err(|e| e.at), Err(at), "{text}");
    }

    #[test]
    fn addresses_are_shown_with_the_quotes_they_need() {
        check("alice@example.org", "alice@example.org");
        check("Alice@EXAMPLE.org", "Alice@example.org");
        check("\"alice\"@example.org", "alice@example.org");
        check("\"a b\"@example.org", "\"a b\"@example.org");
        check("\"a\\\"b\\\\c\"@example.org", "\"a\\\"b\\\\c\"@example.org");
        check("\"\"@example.org", "\"\"@example.org");
        check("a.b+c/d=e@example.org", "a.b+c/d=e@example.org");
        check("\"a..b\"@example.org", "\"a..b\"@example.org");
        check("a@[192.0.2.1]", "a@[192.0.2.1]");
        check("a@[ipv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]");
        check("a@[x-tag:what]", "a@[x-tag:what]");
        check("j\u{f6}rg@example.org", "j\u{f6}rg@example.org");
        check("\"j\u{f6} rg\"@example.org", "\"j\u{f6} rg\"@example.org");
        check("a@B\u{fc}cher.EXAMPLE", "a@xn--bcher-kva.example");
        check("a@XN--Bcher-KVA.example", "a@xn--bcher-kva.example");
        assert_eq!(Address::parse("a@xn--bcher-kva.example").unwrap().to_unicode(), "a@b\u{fc}cher.example");
    }

    #[test]
    fn errors_point_at_the_octet() {
        refuse("", 0);
        refuse("alice", 5);
        refuse("alice@", 6);
        refuse(".alice@example.org", 0);
        refuse("alice.@example.org", 6);
        refuse("a..b@example.org", 2);
        refuse("a b@example.org", 1);
        refuse("a@-b.org", 2);
        refuse("a@b-.org", 4);
        refuse("a@b..org", 4);
        refuse("a@b.org.", 8);
        refuse("a@b_c.org", 3);
        refuse("a@[192.0.2.256]", 3);
        refuse("a@[IPv6:::1", 3);
        refuse("\"a@example.org", 14);
        refuse("a@example.org>", 13);
        refuse(&format!("{}@example.org", "x".repeat(65)), 0);
        refuse(&format!("a@{}.org", "x".repeat(64)), 2);
        refuse(&format!("a@{}org", "x.".repeat(127)), 2);
        // RFC 5890 §2.3.2.1: a U-label is in the one form that its A-label stands for.
        refuse("a@B\u{dc}CHER.example", 2);
        refuse("a@b.\u{2460}.example", 4);
        refuse("a@x\u{3002}y.example", 2);
        refuse("a\u{3002} b@example.org", 4);
    }
}
