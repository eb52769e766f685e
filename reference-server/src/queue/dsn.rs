//! Delivery status notifications: `multipart/report` (RFC 6522) with a part for people, one for programs (RFC 3464) and
//! the message or its header section.

mod text;

use time::OffsetDateTime;

use super::{Diagnosis, Entry, Waiting};
use crate::clock::rfc5322;
use crate::mail::{Address, Body, Envelope, Notify, Recipient, Ret};
use text::{encoded, line, original_address, part};

/// Who sends notifications.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The name of the server.
    pub host: String,
    /// The domain whose postmaster it is.
    pub domain: String,
}

/// What a notification says of a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Delivered,
    Relayed,
    /// The address stands for several others (RFC 3464 §2.3.3).
    Expanded,
    /// It is tried until then.
    Delayed {
        until: OffsetDateTime,
    },
    Failed,
}

/// A recipient a notification is about.
pub(super) struct Report {
    pub recipient: Waiting,
    pub action: Action,
    pub diagnosis: Diagnosis,
    /// When it was last tried.
    pub tried: Option<OffsetDateTime>,
}

/// What is returned of the message.
pub(super) struct Returned {
    /// Its beginning, at least the header section; all of it if it is `whole`.
    pub bytes: Vec<u8>,
    pub whole: bool,
}

/// A notification, ready to be queued.
pub(super) struct Notification {
    pub envelope: Envelope,
    pub message: Vec<u8>,
}

/// How much of the message a notification with these reports returns: whether all of it is wanted and may be.
pub(super) fn returns_all(entry: &Entry, reports: &[Report]) -> bool {
    // RFC 6522 §3: all of it, where nothing was asked for. RFC 3461 §6.2: only with a failure. RFC 8689 §5: never of a
    // message that requires TLS. RFC 2046 §5.2.1: a message in a message has no encoding, so one with any octets cannot
    // travel everywhere.
    entry.ret != Some(Ret::Headers)
        && reports.iter().any(|report| report.action == Action::Failed)
        && !entry.require_tls
        && entry.body != Body::BinaryMime
}

/// Writes the notification for `to`.
pub(super) fn notification(
    sender: &Sender,
    to: &Address,
    entry: &Entry,
    reports: &[Report],
    original: &Returned,
    now: OffsetDateTime,
) -> Notification {
    let Sender { host, domain } = sender;
    let date = rfc5322(now);
    // The boundary cannot be part of the original: nobody else knows the random part.
    let boundary = format!("report-{}-{:016x}", entry.id, getrandom::u64().unwrap_or_default());
    let subject = subject(reports);
    let people = for_people(host, reports);
    let programs = for_programs(host, entry, reports);
    let shown = if original.whole { &original.bytes } else { header_section(&original.bytes) };

    // RFC 6533 §4: the types for UTF-8 where the old ones cannot say it.
    let utf8 = entry.smtputf8 || !programs.is_ascii();
    // RFC 6533 §4.5: a sender who is no SMTPUTF8 address may not be reached by 8 bits.
    let to_utf8 = !to.to_string().is_ascii();
    let eight_bit = to_utf8 || (!utf8 && !shown.is_ascii());
    let status_type = if utf8 { "message/global-delivery-status" } else { "message/delivery-status" };
    let original_type = match (original.whole, utf8) {
        (true, false) => "message/rfc822",
        (true, true) => "message/global",
        (false, false) => "text/rfc822-headers",
        (false, true) => "message/global-headers",
    };
    let charset = if people.is_ascii() { "us-ascii" } else { "utf-8" };
    let encoding = if eight_bit { "8bit" } else { "7bit" };

    let mut message = format!(
        "From: Mail Delivery System <postmaster@{domain}>\r\n\
         To: <{to}>\r\n\
         Subject: {subject}\r\n\
         Date: {date}\r\n\
         Message-ID: <{boundary}@{host}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\
         \tboundary=\"{boundary}\"\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\
         \r\n"
    )
    .into_bytes();
    part(&mut message, &boundary, &format!("text/plain; charset={charset}"), &encoded(people.as_bytes(), eight_bit));
    part(&mut message, &boundary, status_type, &encoded(programs.as_bytes(), eight_bit));
    part(&mut message, &boundary, original_type, &encoded(shown, eight_bit));
    message.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());

    let envelope = Envelope {
        // RFC 3461 §6.1: if anything, NOTIFY is NEVER.
        recipients: vec![Recipient { address: to.clone(), notify: Some(Notify::default()), original: None }],
        body: if eight_bit { Body::EightBitMime } else { Body::SevenBit },
        smtputf8: to_utf8,
        // RFC 8689 §5, RFC 6710 §4.6: as the message itself.
        require_tls: entry.require_tls,
        priority: entry.priority,
        ..Envelope::default()
    };
    Notification { envelope, message }
}

fn subject(reports: &[Report]) -> &'static str {
    let any = |wanted: fn(&Action) -> bool| reports.iter().any(|report| wanted(&report.action));
    if any(|action| *action == Action::Failed) {
        "Undelivered mail returned to sender"
    } else if any(|action| matches!(action, Action::Delayed { .. })) {
        "Delayed mail, still being tried"
    } else {
        "Your mail has arrived"
    }
}

/// Whether a line of the part for people is for those with this action.
type Wanted = fn(&Action) -> bool;

/// The part for people (RFC 6522 §3).
fn for_people(host: &str, reports: &[Report]) -> String {
    let mut text = format!("This is the mail system at {host}.\r\n");
    let headings: [(&str, Wanted); 5] = [
        ("Your message could not be delivered to:", |action| *action == Action::Failed),
        ("Your message is waiting, and is tried again, for:", |action| matches!(action, Action::Delayed { .. })),
        ("Your message was delivered to:", |action| *action == Action::Delivered),
        ("Your message was passed on to a server that may not tell you what becomes of it, for:", |action| {
            *action == Action::Relayed
        }),
        ("Your message goes to several, for whom this address stands:", |action| *action == Action::Expanded),
    ];
    for (heading, wanted) in headings {
        let mut listed = reports.iter().filter(|report| wanted(&report.action)).peekable();
        if listed.peek().is_none() {
            continue;
        }
        text.push_str(&format!("\r\n{heading}\r\n\r\n"));
        for Report { recipient, action, diagnosis, .. } in listed {
            text.push_str(&line(&format!("<{}>: {} ({})", recipient.address, diagnosis.reason, diagnosis.status)));
            if let Some(remote) = &diagnosis.remote {
                text.push_str(&line(&format!("    {} said: {}", remote.host, remote.reply)));
            }
            if let Action::Delayed { until } = action {
                text.push_str(&line(&format!("    It is tried until {}.", rfc5322(*until))));
            }
        }
    }
    text
}

/// The part for programs: `delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )` (RFC 3464 §2.1).
fn for_programs(host: &str, entry: &Entry, reports: &[Report]) -> String {
    let mut fields = String::new();
    // RFC 3461 §6.3 (a): exactly if it was given.
    if let Some(envid) = &entry.envid {
        fields.push_str(&line(&format!("Original-Envelope-Id: {envid}")));
    }
    fields.push_str(&line(&format!("Reporting-MTA: dns; {host}")));
    fields.push_str(&line(&format!("Arrival-Date: {}", rfc5322(entry.accepted))));
    if let Some(by) = entry.deliver_by {
        // RFC 2852 §5.
        fields.push_str(&line(&format!("Deliver-By-Date: {}", rfc5322(by.deadline))));
    }
    if let Some(request) = &entry.hold_request {
        // RFC 4865 §5.1.2.
        fields.push_str(&line(&format!("Future-Release-Request: {request}")));
    }
    for report in reports {
        fields.push_str("\r\n");
        for_recipient(&mut fields, entry, report);
    }
    fields
}

/// `per-recipient-fields`, in the order of RFC 3464 §2.3.
fn for_recipient(fields: &mut String, entry: &Entry, report: &Report) {
    let Report { recipient, action, diagnosis, tried } = report;
    let mut field = |text: String| fields.push_str(&line(&text));
    // RFC 3461 §6.3 (d): exactly if ORCPT was given.
    if let Some(original) = &recipient.original {
        field(format!("Original-Recipient: {}; {}", original.kind, original_address(original)));
    }
    // RFC 6533 §3: an address that ASCII cannot say has a type of its own.
    let address = recipient.address.to_string();
    let kind = if address.is_ascii() { "rfc822" } else { "utf-8" };
    field(format!("Final-Recipient: {kind}; {address}"));
    let name = match action {
        Action::Delivered => "delivered",
        Action::Relayed => "relayed",
        Action::Expanded => "expanded",
        Action::Delayed { .. } => "delayed",
        Action::Failed => "failed",
    };
    field(format!("Action: {name}"));
    field(format!("Status: {}", diagnosis.status));
    // RFC 3464 §2.3.5: only if another server was involved.
    if let Some(remote) = &diagnosis.remote {
        field(format!("Remote-MTA: dns; {}", remote.host));
        field(format!("Diagnostic-Code: smtp; {}", remote.reply));
    }
    if let Some(tried) = tried {
        field(format!("Last-Attempt-Date: {}", rfc5322(*tried)));
    }
    field(format!("Final-Log-ID: {}", entry.id));
    // RFC 3464 §2.3.9: with a delay and nowhere else.
    if let Action::Delayed { until } = action {
        field(format!("Will-Retry-Until: {}", rfc5322(*until)));
    }
}

/// Up to the empty line, without it, or the last whole line.
fn header_section(original: &[u8]) -> &[u8] {
    let end = match memchr::memmem::find(original, b"\r\n\r\n") {
        Some(empty) => empty + 2,
        None => memchr::memmem::rfind(original, b"\r\n").map_or(0, |last| last + 2),
    };
    original.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
