//! MAIL, RFC 5321 §4.1.1.2: begins a transaction. Parameters: SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954 §5).

use super::Command;
use crate::faults::Fault;
use crate::mail::{Address, Body, Envelope};
use crate::smtp::conversation::{Conversation, Transaction};
use crate::smtp::parameter::{Parameter, parameters};
use crate::smtp::path::reverse_path;
use crate::smtp::reply::Reply;

pub(super) struct Mail;

const FROM: &str = "FROM:";

impl Command for Mail {
    fn verb(&self) -> &'static str {
        "MAIL"
    }

    fn syntax(&self) -> &'static str {
        "FROM:<reverse-path> [SIZE=octets] [BODY=7BIT|8BITMIME] [AUTH=mailbox]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if let Some(reply) = super::not_yet(conversation) {
            return reply;
        }
        if conversation.transaction.is_some() && !conversation.broken(Fault::SmtpMailTwice) {
            return Reply::new(503, "5.5.1", "A transaction is open already; RSET ends it");
        }
        match envelope(conversation, argument) {
            Ok(envelope) => {
                conversation.transaction = Some(Transaction { envelope, asked: false });
                Reply::new(250, "2.1.0", "Sender accepted")
            }
            Err(reply) => reply,
        }
    }
}

/// `"FROM:" Reverse-path [SP Mail-parameters]`
fn envelope(conversation: &Conversation, argument: &str) -> Result<Envelope, Reply> {
    if !argument.get(..FROM.len()).is_some_and(|word| word.eq_ignore_ascii_case(FROM)) {
        return Err(Reply::new(501, "5.5.4", "MAIL needs FROM:<reverse-path>"));
    }
    let (reverse_path, end) = reverse_path(argument, FROM.len()).map_err(|error| super::syntax_error("5.1.7", "MAIL", &error))?;
    if reverse_path.is_none() && conversation.broken(Fault::SmtpRefusesNullPath) {
        return Err(Reply::new(550, "5.1.8", "The null reverse-path is not accepted"));
    }
    let mut envelope = Envelope { reverse_path, ..Envelope::default() };
    let given = parameters(argument, end)?;
    // RFC 5321 §4.1.1.1: a client that said HELO gets no extensions.
    let extended = conversation.hello.as_ref().is_some_and(|hello| hello.extended);
    for parameter in &given {
        match parameter.keyword.as_str() {
            "SIZE" if extended => size(conversation, parameter)?,
            "BODY" if extended => envelope.body = body(parameter)?,
            "AUTH" if extended && !conversation.mechanisms().is_empty() => submitter(parameter)?,
            _ => return Err(parameter.unknown()),
        }
    }
    Ok(envelope)
}

/// `size-value = 1*20DIGIT` (RFC 1870 §3); too much is refused before the message travels (RFC 1870 §6.1).
fn size(conversation: &Conversation, parameter: &Parameter<'_>) -> Result<(), Reply> {
    let limit = conversation.site.limits.message;
    match parameter.value {
        Some(digits) if (1..=20).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit()) => {
            // What does not fit a number is certainly over the limit.
            let fits = digits.parse().is_ok_and(|size: usize| size <= limit);
            if fits || conversation.broken(Fault::SmtpIgnoresSizeLimit) {
                Ok(())
            } else {
                Err(Reply::new(552, "5.3.4", format!("A message may have {limit} octets at most")))
            }
        }
        _ => Err(parameter.invalid("a number of octets")),
    }
}

fn body(parameter: &Parameter<'_>) -> Result<Body, Reply> {
    match parameter.value.map(str::to_ascii_uppercase).as_deref() {
        Some("7BIT") => Ok(Body::SevenBit),
        Some("8BITMIME") => Ok(Body::EightBitMime),
        _ => Err(parameter.invalid("7BIT or 8BITMIME")),
    }
}

/// `AUTH=<>` or a mailbox in xtext. Nobody is trusted to name the submitter, so it is checked and dropped
/// (RFC 4954 §5 calls that compliant).
fn submitter(parameter: &Parameter<'_>) -> Result<(), Reply> {
    let mailbox = parameter.value.and_then(unescape);
    match mailbox.as_deref() {
        Some("<>") => Ok(()),
        Some(mailbox) if Address::parse(mailbox).is_ok() => Ok(()),
        _ => Err(parameter.invalid("a mailbox in xtext, or <>")),
    }
}

/// `xtext = *( xchar / "+" 2HEXDIG )`, upper-case digits (RFC 3461 §4).
fn unescape(text: &str) -> Option<String> {
    let mut octets = text.bytes();
    let mut plain = String::new();
    while let Some(octet) = octets.next() {
        if octet != b'+' {
            plain.push(char::from(octet));
            continue;
        }
        let mut digit = || octets.next().filter(|o| matches!(o, b'0'..=b'9' | b'A'..=b'F')).map(char::from)?.to_digit(16);
        let (high, low) = (digit()?, digit()?);
        plain.push(char::from_u32(high * 16 + low)?);
    }
    Some(plain)
}
