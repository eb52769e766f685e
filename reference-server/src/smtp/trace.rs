//! The time stamp line the server writes before a message it accepts (RFC 5321 §4.4).

use std::net::{IpAddr, SocketAddr};

use time::OffsetDateTime;

use crate::clock::rfc5322;
use crate::mail::{Address, Domain};

/// Its ingredients.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// What the client called itself in EHLO or HELO.
    pub client: Domain,
    pub address: SocketAddr,
    pub host: String,
    /// `ESMTPSA` and its kin (RFC 3848, RFC 6531 §4.3).
    pub protocol: String,
    pub id: String,
    /// Given when there is exactly one recipient: naming several tells each of the others (RFC 5321 §7.2).
    pub recipient: Option<Address>,
    /// The TLS cipher suite of the session (RFC 8314 §4.3).
    pub cipher: Option<String>,
    /// What the client asked for (RFC 6710 §4.1).
    pub priority: Option<i8>,
    /// RFC 6531 §3.7.3: internationalized domains are written in U-labels.
    pub utf8: bool,
    pub at: OffsetDateTime,
}

impl Stamp {
    /// `Received: from … by … with … id … for … tls … PRIORITY …; date`, folded.
    pub fn line(&self) -> String {
        let Self { host, protocol, id, .. } = self;
        let from = match self.address.ip().to_canonical() {
            IpAddr::V4(address) => Domain::V4(address),
            IpAddr::V6(address) => Domain::V6(address),
        };
        let client = if self.utf8 { self.client.to_unicode() } else { self.client.to_string() };
        let shown = |address: &Address| if self.utf8 { address.to_unicode() } else { address.to_string() };
        let recipient = self.recipient.as_ref().map(|address| format!("\r\n\tfor <{}>", shown(address))).unwrap_or_default();
        let cipher = self.cipher.as_ref().map(|cipher| format!("\r\n\ttls {cipher}")).unwrap_or_default();
        let priority = self.priority.map(|priority| format!("\r\n\tPRIORITY {priority}")).unwrap_or_default();
        let date = rfc5322(self.at);
        format!(
            "Received: from {client} ({from})\r\n\tby {host} with {protocol} id {id}{recipient}{cipher}{priority};\r\n\t{date}\r\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_time_stamp_line_follows_the_grammar() {
        let mut stamp = Stamp {
            client: Domain::parse("xn--bcher-kva.example").unwrap(),
            address: "[::1]:2525".parse().unwrap(),
            host: "mail.example.org".into(),
            protocol: "ESMTP".into(),
            id: "0a1b".into(),
            recipient: Some(Address::parse("alice@example.org").unwrap()),
            cipher: None,
            priority: None,
            utf8: false,
            at: datetime!(2026-11-23 04:42:00 UTC),
        };
        assert_eq!(
            stamp.line(),
            "Received: from xn--bcher-kva.example ([IPv6:::1])\r\n\tby mail.example.org with ESMTP id 0a1b\r\n\
             \tfor <alice@example.org>;\r\n\tMon, 23 Nov 2026 04:42:00 +0000\r\n"
        );
        stamp.recipient = None;
        assert!(stamp.line().contains("id 0a1b;\r\n\tMon"));
        stamp.utf8 = true;
        stamp.priority = Some(-4);
        stamp.cipher = Some("TLS_AES_256_GCM_SHA384".into());
        assert!(
            stamp.line().starts_with("Received: from b\u{fc}cher.example ")
                && stamp.line().contains("\ttls TLS_AES_256_GCM_SHA384\r\n\tPRIORITY -4;\r\n")
        );
    }
}
