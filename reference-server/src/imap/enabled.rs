//! What the client has asked for with ENABLE (RFC 5161), or by using it: extensions that change what responses look like.
//!
//! The table is closed: something that can be enabled is one line here, and one look at the set where responses differ.

use crate::extensions::Extension;

/// Something a client can enable: its name on the wire, and the extension it comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enableable {
    pub name: &'static str,
    pub extension: Extension,
}

/// Modification sequences in FETCH responses (RFC 7162 §3.1).
pub const CONDSTORE: &str = "CONDSTORE";

/// VANISHED in place of EXPUNGE, and all of CONDSTORE (RFC 7162 §3.2).
pub const QRESYNC: &str = "QRESYNC";

/// The differences of the second revision (RFC 9051 §6.3.1, Appendix A).
pub const IMAP4REV2: &str = "IMAP4rev2";

/// UIDs in place of message numbers, in commands and in responses (RFC 9586).
pub const UIDONLY: &str = "UIDONLY";

/// UTF-8 in quoted strings, mailbox names and headers (RFC 6855 §3).
pub const UTF8_ACCEPT: &str = "UTF8=ACCEPT";

/// All that can be enabled.
pub const ENABLEABLE: &[Enableable] = &[
    Enableable { name: CONDSTORE, extension: Extension::ImapCondStore },
    Enableable { name: IMAP4REV2, extension: Extension::ImapRev2 },
    Enableable { name: QRESYNC, extension: Extension::ImapQresync },
    Enableable { name: UIDONLY, extension: Extension::ImapUidOnly },
    Enableable { name: UTF8_ACCEPT, extension: Extension::ImapUtf8Accept },
];

/// The extensions that are enabled on a connection, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enabled(Vec<&'static str>);

impl Enabled {
    /// Whether this extension is enabled.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    /// Enables an extension; gives whether it was not enabled yet.
    pub fn add(&mut self, name: &'static str) -> bool {
        let new = !self.has(name);
        if new {
            self.0.push(name);
        }
        new
    }

    /// Whether the client wants modification sequences in FETCH responses: "ENABLE QRESYNC" is a CONDSTORE enabling command
    /// (RFC 7162 §3.2.3).
    pub fn condstore(&self) -> bool {
        self.has(CONDSTORE) || self.has(QRESYNC)
    }

    /// Whether the client resynchronises: it is told of expunged messages by VANISHED (RFC 7162 §3.2.10), and up to which
    /// modification sequence it knows of them.
    pub fn resynchronizes(&self) -> bool {
        self.has(QRESYNC)
    }

    /// Whether no message number is said on this connection any more, by either side (RFC 9586 §3).
    pub fn uid_only(&self) -> bool {
        self.has(UIDONLY)
    }

    /// Whether the client speaks IMAP4rev2: "an IMAP client that wants to use IMAP4rev2 MUST issue an "ENABLE IMAP4rev2"
    /// command" where both revisions are announced (RFC 9051 Appendix A).
    pub fn rev2(&self) -> bool {
        self.has(IMAP4REV2)
    }

    /// Whether quoted strings, mailbox names and headers are UTF-8 (RFC 9051 §4.3, §5.1; RFC 6855 §3).
    pub fn utf8(&self) -> bool {
        self.rev2() || self.has(UTF8_ACCEPT)
    }

    /// As on a new connection.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
