//! The notification a sender gets when a message could not be delivered: `multipart/report` (RFC 6522) with a
//! `message/delivery-status` part (RFC 3464) and the header section of the message.

use time::OffsetDateTime;

use super::{Diagnosis, Entry};
use crate::clock::rfc5322;
use crate::mail::{Address, Body};

/// Who sends notifications.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// The name of the server.
    pub host: String,
    /// The domain whose postmaster it is.
    pub domain: String,
}

/// Writes the notification. `original` is the beginning of the message, at least its header section.
pub(super) fn message(
    sender: &Sender,
    to: &Address,
    entry: &Entry,
    failed: &[(Address, Diagnosis)],
    original: &[u8],
    now: OffsetDateTime,
) -> Vec<u8> {
    let Sender { host, domain } = sender;
    let (id, date, arrival) = (entry.id, rfc5322(now), rfc5322(entry.accepted));
    // The boundary cannot be part of the original: nobody else knows the random part.
    let boundary = format!("report-{id}-{:016x}", getrandom::u64().unwrap_or_default());
    let eight_bit = entry.body == Body::EightBitMime;
    let encoding = if eight_bit { "8bit" } else { "7bit" };

    let mut text = format!(
        "From: Mail Delivery System <postmaster@{domain}>\r\n\
         To: <{to}>\r\n\
         Subject: Undelivered mail returned to sender\r\n\
         Date: {date}\r\n\
         Message-ID: <{boundary}@{host}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\
         \tboundary=\"{boundary}\"\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\
         \r\n\
         This is the mail system at {host}.\r\n\
         \r\n\
         Your message could not be delivered to:\r\n\
         \r\n"
    );
    for (recipient, Diagnosis { status, reason, .. }) in failed {
        text.push_str(&format!("<{recipient}>: {reason} ({status})\r\n"));
    }
    text.push_str(&format!(
        "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; {host}\r\nArrival-Date: {arrival}\r\n"
    ));
    for (recipient, Diagnosis { status, .. }) in failed {
        text.push_str(&format!("\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"));
    }
    text.push_str(&format!(
        "\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    ));
    let mut message = text.into_bytes();
    message.extend_from_slice(header_section(original));
    message.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    message
}

/// Up to the empty line, or the last whole line.
fn header_section(original: &[u8]) -> &[u8] {
    let end = match memchr::memmem::find(original, b"\r\n\r\n") {
        Some(empty) => empty + 2,
        None => memchr::memmem::rfind(original, b"\r\n").map_or(0, |last| last + 2),
    };
    original.get(..end).unwrap_or_default()
}
