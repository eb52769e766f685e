//! What a submission server checks in a message and adds to it (RFC 6409 §5, §6.3, §8): users' programs make mistakes, and here
//! is the last place where they can be told.

mod addresses;

use std::sync::Arc;

use super::header::{EightBit, HeaderSection};
use super::intake::Flaw;
use super::reply::Reply;
use super::trace::Stamp;
use crate::accounts::Account;
use crate::clock::rfc5322;
use crate::config::Senders;
use crate::faults::Fault;
use crate::mail::{Address, Domain};
use crate::mime;
use crate::site::Site;

use addresses::{AddrSpec, addresses};

/// Fields of which a message has one at most (RFC 5322 §3.6).
const ONCE: [&str; 12] = [
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
];

/// Fields that hold addresses, and the status code for one that is none.
const ADDRESSES: [(&str, &str); 11] = [
    ("From", "5.1.7"),
    ("Sender", "5.1.7"),
    ("Reply-To", "5.1.7"),
    ("To", "5.1.3"),
    ("Cc", "5.1.3"),
    ("Bcc", "5.1.3"),
    ("Resent-From", "5.1.7"),
    ("Resent-Sender", "5.1.7"),
    ("Resent-To", "5.1.3"),
    ("Resent-Cc", "5.1.3"),
    ("Resent-Bcc", "5.1.3"),
];

/// The checks of one submission.
pub(super) struct Submission {
    pub site: Arc<Site>,
    /// Who is logged in.
    pub user: Option<Arc<Account>>,
    /// Whether the client announced UTF-8 (RFC 6531 §3.4).
    pub utf8: bool,
}

/// What was found in the fields.
#[derive(Default)]
struct Found {
    names: Vec<&'static str>,
    /// Whether From or Sender is the user.
    own: bool,
    /// Whether the Message-ID is one (RFC 5322 §3.6.4).
    identified: bool,
    /// What is put into the message where.
    insertions: Vec<(usize, String)>,
    /// A field that is left out.
    dropped: Option<std::ops::Range<usize>>,
}

impl Submission {
    /// The fields to add, and the beginning of the message as it goes on.
    pub fn complete(&self, head: Vec<u8>, section: &HeaderSection, stamp: &Stamp) -> Result<(String, Vec<u8>), Flaw> {
        // RFC 6532 §3 and RFC 6531 §3.4: a header section with UTF-8 needs SMTPUTF8, and nothing else is ever allowed.
        match section.eight_bit {
            EightBit::Unknown => {
                return Err(refused("5.6.0", "The header section has octets that are neither US-ASCII nor UTF-8"));
            }
            EightBit::Utf8 if !self.utf8 => {
                return Err(refused("5.6.9", "The header section has UTF-8, and MAIL had no SMTPUTF8"));
            }
            _ => {}
        }
        let found = self.look(&head)?;
        let has = |name: &str| found.names.contains(&name);
        // RFC 5322 §3.6.
        if !has("From") && !self.site.faults.on(Fault::SmtpSubmissionWithoutFrom) {
            return Err(refused("5.6.0", "The message has no From field"));
        }
        let mut fields = String::new();
        if let Some(user) = &self.user
            && !found.own
        {
            match self.site.senders {
                Senders::Any => {}
                // RFC 6409 §8.1.
                Senders::Named if has("Sender") => {}
                Senders::Named => fields.push_str(&format!("Sender: <{}>\r\n", user.address())),
                Senders::Own => {
                    // RFC 6409 §6.3.
                    let text = format!("From and Sender must be <{}>", user.address());
                    return Err(Flaw::Submission(Reply::new(550, "5.7.1", text)));
                }
            }
        }
        // RFC 6409 §8.2, §8.3.
        if !has("Date") {
            fields.push_str(&format!("Date: {}\r\n", rfc5322(stamp.at)));
        }
        if !found.identified && !self.site.faults.on(Fault::SmtpNoMessageId) {
            fields.push_str(&format!("Message-ID: <{}@{}>\r\n", stamp.id, stamp.host));
        }
        Ok((fields, edited(head, &found)))
    }

    fn look(&self, head: &[u8]) -> Result<Found, Flaw> {
        let mut found = Found::default();
        let mut own = [None, None];
        for field in mime::fields(head) {
            if field.name.is_empty() {
                return Err(refused("5.6.0", "The header section has a line that is no field"));
            }
            if let Some(name) = ONCE.into_iter().find(|name| field.name.eq_ignore_ascii_case(name.as_bytes())) {
                if found.names.contains(&name) {
                    return Err(refused("5.6.0", format!("The message has two {name} fields")));
                }
                found.names.push(name);
            }
            if field.name.eq_ignore_ascii_case(b"Message-ID") {
                found.identified = is_message_id(field.raw_value);
                if !found.identified {
                    found.dropped = Some(field.range.clone());
                }
            }
            let kind = ADDRESSES.into_iter().find(|(name, _)| field.name.eq_ignore_ascii_case(name.as_bytes()));
            let Some((name, status)) = kind else { continue };
            let list = addresses(field.raw_value).map_err(|at| {
                refused(status, format!("{name} is not a list of addresses: octet {at} of its value does not fit"))
            })?;
            // RFC 5322 §3.6.2, §3.6.3: only Bcc may be empty.
            let single = name.ends_with("Sender");
            if (list.is_empty() && name.ends_with("From")) || (single && list.len() != 1) {
                return Err(refused(status, format!("{name} needs {}", if single { "one address" } else { "an address" })));
            }
            let start = field.range.end - field.raw_value.len();
            let mut complete = Vec::with_capacity(list.len());
            for spec in list {
                complete.push(self.qualified(&spec, name, status)?);
                if spec.domain.is_none() {
                    found.insertions.push((start + spec.end, format!("@{}", self.site.accounts.domain())));
                }
            }
            match name {
                "From" => own[0] = Some(complete.iter().all(|address| self.is_user(address))),
                "Sender" => own[1] = Some(complete.iter().all(|address| self.is_user(address))),
                _ => {}
            }
        }
        // Sender tells who sent it where From does not (RFC 5322 §3.6.2); under `own` both must be the user.
        found.own = match self.site.senders {
            Senders::Own => own.iter().flatten().all(|own| *own),
            _ => own.contains(&Some(true)),
        };
        Ok(found)
    }

    /// The address with a domain that is fully qualified. RFC 6409 §4.2 wants that, and §8 that a domain is only added to
    /// a local part that is known in it.
    fn qualified(&self, spec: &AddrSpec, field: &str, status: &'static str) -> Result<Address, Flaw> {
        let accounts = &self.site.accounts;
        match &spec.domain {
            None => {
                let address = Address::new(spec.local.as_str(), Domain::Name(accounts.domain().to_owned()));
                let text = || format!("{field} has \"{}\", which lacks a domain and is no user here", spec.local);
                if accounts.takes(&address) { Ok(address) } else { Err(refused(status, text())) }
            }
            Some(domain) => match Domain::parse(domain) {
                Ok(domain) if is_qualified(&domain) => Ok(Address::new(spec.local.as_str(), domain)),
                _ => Err(refused(status, format!("{field} has the domain {domain}, which is not fully qualified"))),
            },
        }
    }

    fn is_user(&self, address: &Address) -> bool {
        let account = self.site.accounts.recipient(address);
        self.user.as_ref().zip(account).is_some_and(|(user, account)| user.name() == account.name())
    }
}

/// Whether the domain is more than one label, or an address (RFC 6409 §4.2).
pub(super) fn is_qualified(domain: &Domain) -> bool {
    !matches!(domain, Domain::Name(name) if !name.contains('.'))
}

/// RFC 6409 §5.1: 554 for what is wrong in the data.
fn refused(status: &'static str, text: impl Into<String>) -> Flaw {
    Flaw::Submission(Reply::new(554, status, text))
}

/// `msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]`, as far as it must be to be told apart (RFC 5322 §3.6.4).
fn is_message_id(raw_value: &[u8]) -> bool {
    let value = raw_value.trim_ascii();
    let inside = value.strip_prefix(b"<").and_then(|value| value.strip_suffix(b">"));
    inside.is_some_and(|inside| {
        let at = memchr::memchr(b'@', inside);
        at.is_some_and(|at| at > 0 && at + 1 < inside.len())
            && inside.iter().all(|octet| (octet.is_ascii_graphic() || *octet >= 0x80) && !b"<>,;\\\"".contains(octet))
    })
}

fn edited(head: Vec<u8>, found: &Found) -> Vec<u8> {
    if found.insertions.is_empty() && found.dropped.is_none() {
        return head;
    }
    let mut edits: Vec<(std::ops::Range<usize>, &str)> =
        found.insertions.iter().map(|(at, text)| (*at..*at, text.as_str())).collect();
    edits.extend(found.dropped.clone().map(|range| (range, "")));
    edits.sort_by_key(|(range, _)| range.start);
    let (mut edited, mut kept) = (Vec::with_capacity(head.len() + 64), 0);
    for (range, text) in edits {
        edited.extend_from_slice(head.get(kept..range.start).unwrap_or_default());
        edited.extend_from_slice(text.as_bytes());
        kept = range.end;
    }
    edited.extend_from_slice(head.get(kept..).unwrap_or_default());
    edited
}

#[cfg(test)]
mod tests;
