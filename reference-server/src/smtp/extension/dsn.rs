//! DSN (RFC 3461): senders choose what they are told about their mail, and by which names.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{Envelope, Notify, OriginalRecipient, Recipient, Ret};
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;
use crate::smtp::xtext;

/// RFC 3461 §4.2: the whole parameter.
const ORCPT: usize = 500;
/// RFC 3461 §4.4: the whole parameter.
const ENVID: usize = 100;

pub(super) struct Dsn;

impl ServiceExtension for Dsn {
    fn switch(&self) -> Extension {
        Extension::SmtpDsn
    }

    /// LMTP answers for each recipient at once; what notifies is the queue before it (RFC 2033 §3).
    fn usable(&self, conversation: &Conversation) -> bool {
        conversation.role != Role::Lmtp
    }

    fn announced(&self, _: &Conversation) -> String {
        "DSN".to_owned()
    }

    fn mail(&self, _: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        Some(match parameter.keyword.as_str() {
            "RET" => match parameter.value.map(str::to_ascii_uppercase).as_deref() {
                Some("FULL") => {
                    envelope.ret = Some(Ret::Full);
                    Ok(())
                }
                Some("HDRS") => {
                    envelope.ret = Some(Ret::Headers);
                    Ok(())
                }
                _ => Err(parameter.invalid("FULL or HDRS")),
            },
            "ENVID" => match parameter.value.filter(|value| value.len() <= ENVID).and_then(printable) {
                Some(envid) => {
                    envelope.envid = Some(envid);
                    Ok(())
                }
                None => Err(parameter.invalid("at most 100 characters of xtext for printable US-ASCII")),
            },
            _ => return None,
        })
    }

    fn rcpt(
        &self,
        conversation: &Conversation,
        parameter: &Parameter<'_>,
        recipient: &mut Recipient,
    ) -> Option<Result<(), Reply>> {
        Some(match parameter.keyword.as_str() {
            "NOTIFY" => {
                match parameter.value.and_then(|value| notify(value, conversation.broken(Fault::SmtpNotifyNeverWithOthers))) {
                    Some(notify) => {
                        recipient.notify = Some(notify);
                        Ok(())
                    }
                    None => Err(parameter.invalid("NEVER, or some of SUCCESS, FAILURE and DELAY")),
                }
            }
            "ORCPT" => match parameter.value.and_then(|value| original(value, conversation.speaks_utf8())) {
                Some(original) => {
                    recipient.original = Some(original);
                    Ok(())
                }
                None => Err(parameter.invalid("type;address, with the address in xtext")),
            },
            _ => return None,
        })
    }
}

/// `notify-esmtp-value = "NEVER" / 1#notify-list-element`, in any case; NEVER stands alone (RFC 3461 §4.1).
fn notify(value: &str, lenient: bool) -> Option<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for element in value.split(',') {
        match element.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            "NEVER" if lenient => {}
            _ => return None,
        }
    }
    Some(notify)
}

/// `original-recipient-address = addr-type ";" xtext` (RFC 3461 §4.2); the type `utf-8` has an encoding of its own, and may be
/// UTF-8 where the client announced that (RFC 6533 §3).
fn original(value: &str, utf8: bool) -> Option<OriginalRecipient> {
    if value.len() + "ORCPT=".len() > ORCPT {
        return None;
    }
    let (kind, address) = value.split_once(';')?;
    let atom = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
    if kind.is_empty() || !kind.bytes().all(atom) {
        return None;
    }
    let address = if kind.eq_ignore_ascii_case("utf-8") {
        // What does not conform is kept as it came (RFC 6533 §3).
        unitext(address).or_else(|| printable(address)).filter(|_| utf8 || value.is_ascii())?
    } else {
        printable(address)?
    };
    Some(OriginalRecipient { kind: kind.to_owned(), address })
}

/// xtext for "printable (graphic and white space) characters from the US-ASCII repertoire".
fn printable(text: &str) -> Option<String> {
    let plain = xtext::decode(text)?;
    plain.bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\t')).then_some(plain)
}

/// `utf-8-addr-xtext` and `utf-8-addr-unitext`: `\x{HEXPOINT}` stands for a character (RFC 6533 §3).
fn unitext(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match next {
            '\\' => {
                let (digits, behind) = rest.strip_prefix("\\x{")?.split_once('}')?;
                let upper = digits.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'F'));
                if !(2..=6).contains(&digits.len()) || !upper {
                    return None;
                }
                plain.push(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?);
                rest = behind;
                continue;
            }
            '+' | '=' => return None,
            '!'..='~' => plain.push(next),
            next if !next.is_ascii() => plain.push(next),
            _ => return None,
        }
        rest = rest.get(next.len_utf8()..)?;
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_stands_alone() {
        assert_eq!(notify("never", false), Some(Notify::default()));
        let all = Notify { success: true, failure: true, delay: true };
        assert_eq!(notify("SUCCESS,Failure,DELAY", false), Some(all));
        for wrong in ["", "NEVER,FAILURE", "SUCCESS,", "ALWAYS", "SUCCESS, DELAY"] {
            assert_eq!(notify(wrong, false), None, "{wrong}");
        }
    }

    #[test]
    fn original_recipients_have_a_type() {
        let check = |value: &str, utf8| original(value, utf8).map(|original| (original.kind, original.address));
        let found = |kind: &str, address: &str| Some((kind.to_owned(), address.to_owned()));
        assert_eq!(check("rfc822;Alice+2Bx@x.org", false), found("rfc822", "Alice+x@x.org"));
        assert_eq!(check("X400;/G+3DA+20B/", false), found("X400", "/G=A B/"));
        assert_eq!(check("utf-8;j\\x{F6}rg@x.org", false), found("utf-8", "j\u{f6}rg@x.org"));
        assert_eq!(check("utf-8;j\u{f6}rg@x.org", true), found("utf-8", "j\u{f6}rg@x.org"));
        assert_eq!(check("utf-8;a\\y+40", false), found("utf-8", "a\\y@"));
        for wrong in ["", "rfc822", ";a@x.org", "rfc 822;a", "rfc822;a+2", "rfc822;a+0A", "utf-8;j\u{f6}rg@x.org"] {
            assert_eq!(check(wrong, false), None, "{wrong}");
        }
        assert!(original(&format!("rfc822;{}", "x".repeat(487)), false).is_some());
        assert!(original(&format!("rfc822;{}", "x".repeat(488)), false).is_none());
    }
}
