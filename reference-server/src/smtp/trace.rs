//! What the server writes before a message it accepts (RFC 5321 §4.4), and what it looks for in its header section.

use std::net::{IpAddr, SocketAddr};

use time::OffsetDateTime;

use crate::clock::rfc5322;
use crate::mail::{Address, Domain};

/// RFC 5321 §6.3: a message with more `Received:` fields than this goes round in circles; at least 100 are normal.
const HOPS: usize = 100;

/// The time stamp line's ingredients.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// What the client called itself in EHLO or HELO.
    pub client: Domain,
    pub address: SocketAddr,
    pub host: String,
    /// `ESMTPSA` and its kin (RFC 3848).
    pub protocol: &'static str,
    pub id: String,
    /// Given when there is exactly one recipient: naming several tells each of the others (RFC 5321 §7.2).
    pub recipient: Option<Address>,
    pub at: OffsetDateTime,
}

impl Stamp {
    /// `Received: from … by … with … id … for …; date`, folded.
    pub fn line(&self) -> String {
        let Self { client, host, protocol, id, .. } = self;
        let from = match self.address.ip().to_canonical() {
            IpAddr::V4(address) => Domain::V4(address),
            IpAddr::V6(address) => Domain::V6(address),
        };
        let recipient = self.recipient.as_ref().map(|address| format!("\r\n\tfor <{address}>")).unwrap_or_default();
        let date = rfc5322(self.at);
        format!("Received: from {client} ({from})\r\n\tby {host} with {protocol} id {id}{recipient};\r\n\t{date}\r\n")
    }
}

/// What the header section of a message tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderSection {
    received: usize,
    pub from: bool,
    pub date: bool,
    pub message_id: bool,
}

impl HeaderSection {
    /// Reads the fields up to the empty line, or to the first line that is none.
    pub fn of(message: &[u8]) -> Self {
        let mut section = Self::default();
        for line in message.split(|octet| *octet == b'\n') {
            if matches!(line.first(), Some(b' ' | b'\t')) {
                continue;
            }
            let Some(colon) = memchr::memchr(b':', line) else { break };
            match line.get(..colon).unwrap_or_default().trim_ascii_end().to_ascii_lowercase().as_slice() {
                b"received" => section.received += 1,
                b"from" => section.from = true,
                b"date" => section.date = true,
                b"message-id" => section.message_id = true,
                _ => {}
            }
        }
        section
    }

    /// Whether the message was here, or anywhere, too often.
    pub fn loops(&self) -> bool {
        self.received > HOPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_time_stamp_line_follows_the_grammar() {
        let mut stamp = Stamp {
            client: Domain::Name("client.example".into()),
            address: "[::1]:2525".parse().unwrap(),
            host: "mail.example.org".into(),
            protocol: "ESMTP",
            id: "0a1b".into(),
            recipient: Some(Address::parse("alice@example.org").unwrap()),
            at: datetime!(2026-11-23 04:42:00 UTC),
        };
        assert_eq!(
            stamp.line(),
            "Received: from client.example ([IPv6:::1])\r\n\tby mail.example.org with ESMTP id 0a1b\r\n\
             \tfor <alice@example.org>;\r\n\tMon, 23 Nov 2026 04:42:00 +0000\r\n"
        );
        stamp.recipient = None;
        assert!(stamp.line().contains("id 0a1b;\r\n\tMon"));
    }

    #[test]
    fn only_the_header_section_counts() {
        let section = HeaderSection::of(b"Received: a\r\n b\r\nFROM : x\r\nreceived: c\r\n\r\nDate: no\r\n");
        assert_eq!(section, HeaderSection { received: 2, from: true, date: false, message_id: false });
        assert_eq!(HeaderSection::of(b"no field\r\nFrom: x\r\n"), HeaderSection::default());
        assert!(!HeaderSection::of("Received: x\r\n".repeat(100).as_bytes()).loops());
        assert!(HeaderSection::of("Received: x\r\n".repeat(101).as_bytes()).loops());
    }
}
