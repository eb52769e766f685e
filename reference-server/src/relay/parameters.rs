//! The MAIL and RCPT commands for a message, with the parameters the other server knows.

use std::fmt::Write;

use time::OffsetDateTime;

use super::extensions::Extensions;
use crate::mail::{Address, Body, ByMode, Domain, Notify, OriginalRecipient, Ret};
use crate::queue::{Entry, Waiting};

/// What the message is when it is sent; it may have been converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub body: Body,
    /// An address or a header field is UTF-8 (RFC 6531 §3.4).
    pub utf8: bool,
    pub size: u64,
    /// `REQUIRETLS` is passed on (RFC 8689 §4.2.1).
    pub require_tls: bool,
}

/// `MAIL FROM:<reverse-path> [parameters]`, without its line end.
pub(super) fn mail(entry: &Entry, shape: &Shape, known: &Extensions, now: OffsetDateTime) -> String {
    let reverse_path = entry.reverse_path.as_ref().map(|address| spelled(address, shape.utf8)).unwrap_or_default();
    let mut line = format!("MAIL FROM:<{reverse_path}>");
    let mut add = |parameter: &str| {
        line.push(' ');
        line.push_str(parameter);
    };
    if known.size.is_some() {
        add(&format!("SIZE={}", shape.size));
    }
    match shape.body {
        Body::EightBitMime if known.eight_bit_mime => add("BODY=8BITMIME"),
        Body::BinaryMime if known.binary_mime => add("BODY=BINARYMIME"),
        // RFC 6152 §3: 7BIT is what a message without BODY is.
        _ => {}
    }
    if shape.utf8 && known.smtputf8 {
        add("SMTPUTF8");
    }
    if known.dsn {
        // RFC 3461 §5.2.1 (a), (b): as they came, and not where they did not come.
        match entry.ret {
            Some(Ret::Full) => add("RET=FULL"),
            Some(Ret::Headers) => add("RET=HDRS"),
            None => {}
        }
        if let Some(envid) = &entry.envid {
            add(&format!("ENVID={}", xtext(envid)));
        }
    }
    if shape.require_tls && known.require_tls {
        add("REQUIRETLS");
    }
    if let Some(priority) = entry.priority.filter(|_| known.mt_priority) {
        // RFC 6710 §4.2.
        add(&format!("MT-PRIORITY={priority}"));
    }
    if let (Some(by), Some(_)) = (entry.deliver_by, known.deliver_by) {
        // RFC 2852 §4.1.4: the seconds that are left when the command is sent; negative in mode N only.
        let left = (by.deadline - now).whole_seconds().clamp(-999_999_999, 999_999_999);
        let mode = match by.mode {
            ByMode::Return => "R",
            ByMode::Notify => "N",
        };
        add(&format!("BY={left};{mode}{}", if by.trace { "T" } else { "" }));
    }
    // FUTURERELEASE is between a user agent and its submission server, and ends there (RFC 4865 §1).
    line
}

/// `RCPT TO:<forward-path> [parameters]`, without its line end.
pub(super) fn rcpt(recipient: &Waiting, entry: &Entry, shape: &Shape, known: &Extensions) -> String {
    let mut line = format!("RCPT TO:<{}>", spelled(&recipient.address, shape.utf8));
    if known.dsn {
        if let Some(notify) = requested(recipient.notify, entry, known) {
            line.push_str(" NOTIFY=");
            line.push_str(&keywords(notify));
        }
        if let Some(OriginalRecipient { kind, address }) = &recipient.original {
            line.push_str(&format!(" ORCPT={kind};{}", xtext(address)));
        }
    }
    line
}

/// RFC 3461 §5.2.1 (c): as it came. RFC 2852 §4.1.4.2 makes an exception: a server that knows no deadline is to tell of delays.
fn requested(notify: Option<Notify>, entry: &Entry, known: &Extensions) -> Option<Notify> {
    let deadline = known.deliver_by.is_none() && entry.deliver_by.is_some_and(|by| by.mode == ByMode::Notify);
    match notify {
        None if deadline => Some(Notify { failure: true, delay: true, success: false }),
        Some(notify) if deadline && notify != Notify::default() => Some(Notify { delay: true, ..notify }),
        notify => notify,
    }
}

fn keywords(notify: Notify) -> String {
    let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let words: Vec<&str> = words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
    if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }
}

/// The address as it is written on the wire: a server without SMTPUTF8 sees a domain as A-labels (RFC 6531 §3.2).
pub(super) fn spelled(address: &Address, utf8: bool) -> String {
    match address.domain() {
        Domain::Name(name) if !utf8 && !name.is_ascii() => {
            let ascii = idna::domain_to_ascii(name).unwrap_or_else(|_| name.clone());
            Address::new(address.local(), Domain::Name(ascii)).to_string()
        }
        _ => address.to_string(),
    }
}

/// `xtext = *( xchar / hexchar )` (RFC 3461 §4); what is not ASCII as `\x{…}` (RFC 6533 §3).
fn xtext(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = match c {
            '!'..='*' | ','..='<' | '>'..='~' => write!(written, "{c}"),
            '\0'..='\x7f' => write!(written, "+{:02X}", u32::from(c)),
            _ => write!(written, "\\x{{{:X}}}", u32::from(c)),
        };
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{DeliverBy, Envelope, Recipient};
    use crate::queue::Job;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
    const SHAPE: Shape = Shape { body: Body::SevenBit, utf8: false, size: 9, require_tls: false };

    fn all() -> Extensions {
        Extensions {
            size: Some(None),
            eight_bit_mime: true,
            binary_mime: true,
            chunking: true,
            smtputf8: true,
            dsn: true,
            require_tls: true,
            deliver_by: Some(0),
            mt_priority: true,
            ..Extensions::default()
        }
    }

    fn entry() -> Entry {
        let bob = Recipient {
            address: Address::parse("bob@hamburger.edu").unwrap(),
            notify: Some(Notify { success: true, failure: true, delay: false }),
            original: Some(OriginalRecipient { kind: "rfc822".into(), address: "Bob+x=y@hamburger.edu".into() }),
        };
        let envelope = Envelope {
            reverse_path: Some(Address::parse("alice@crepes.fr").unwrap()),
            recipients: vec![bob],
            ret: Some(Ret::Headers),
            envid: Some("QQ 314".into()),
            priority: Some(-3),
            deliver_by: Some(DeliverBy { deadline: NOW + time::Duration::seconds(60), mode: ByMode::Return, trace: true }),
            ..Envelope::default()
        };
        Job::sample(envelope, b"x").0.entry.clone()
    }

    #[test]
    fn parameters_are_those_the_server_knows() {
        let entry = entry();
        let bob = &entry.recipients[0];
        let binary = Shape { body: Body::BinaryMime, utf8: true, require_tls: true, ..SHAPE };
        assert_eq!(
            mail(&entry, &binary, &all(), NOW),
            "MAIL FROM:<alice@crepes.fr> SIZE=9 BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=QQ+20314 REQUIRETLS MT-PRIORITY=-3 BY=60;RT"
        );
        assert_eq!(
            rcpt(bob, &entry, &SHAPE, &all()),
            "RCPT TO:<bob@hamburger.edu> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+2Bx+3Dy@hamburger.edu"
        );
        assert_eq!(mail(&entry, &binary, &Extensions::default(), NOW), "MAIL FROM:<alice@crepes.fr>");
        assert_eq!(rcpt(bob, &entry, &SHAPE, &Extensions::default()), "RCPT TO:<bob@hamburger.edu>");
        let bounce = Entry { reverse_path: None, ..entry };
        assert!(mail(&bounce, &SHAPE, &Extensions::default(), NOW).starts_with("MAIL FROM:<>"));
    }

    #[test]
    fn a_deadline_the_server_does_not_know_asks_for_delays() {
        let mut entry = entry();
        entry.deliver_by = Some(DeliverBy { deadline: NOW, mode: ByMode::Notify, trace: false });
        let known = Extensions { deliver_by: None, ..all() };
        let notify = |notify: Option<Notify>| {
            let recipient = Waiting { notify, original: None, ..entry.recipients[0].clone() };
            rcpt(&recipient, &entry, &SHAPE, &known).split_once(' ').unwrap().1.to_owned()
        };
        assert_eq!(notify(None), "TO:<bob@hamburger.edu> NOTIFY=FAILURE,DELAY");
        assert_eq!(notify(Some(Notify { success: true, ..Notify::default() })), "TO:<bob@hamburger.edu> NOTIFY=SUCCESS,DELAY");
        assert_eq!(notify(Some(Notify::default())), "TO:<bob@hamburger.edu> NOTIFY=NEVER");
    }

    #[test]
    fn domains_are_a_labels_for_a_server_without_smtputf8() {
        let address = Address::new("bob", Domain::Name("bücher.example".into()));
        assert_eq!(spelled(&address, false), "bob@xn--bcher-kva.example");
        assert_eq!(spelled(&address, true), "bob@bücher.example");
        assert_eq!(xtext("ä+"), "\\x{E4}+2B");
    }
}
