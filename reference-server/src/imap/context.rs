//! What the commands of one connection work on: who the client is, what it has selected, and the server around it.

use super::enabled::{CONDSTORE, Enabled};
use super::grammar::search::charset::Charset;
use super::notify::Notify;
use super::response::{Code, Status, write_untagged};
use super::selected::{Selected, Told};
use super::staged::Staging;
use crate::accounts::Account;
use crate::extensions::Extension;
use crate::faults::{Fault, Faults};
use crate::sasl::Mechanism;
use crate::session::Peer;
use crate::site::Site;
use crate::store::{self, Mailbox, MailboxId, Origin, Right, Store, Uid};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The connection's state but for what is being read.
pub struct Context {
    pub site: Arc<Site>,
    pub store: Store,
    pub peer: Peer,
    /// Counts the connections of this process.
    pub serial: u32,
    /// The tag of the command that runs: ESEARCH responses name it (RFC 4731 §3.1).
    pub tag: String,
    /// Who has logged in.
    pub account: Option<Arc<Account>>,
    /// The mailbox that is open, if one is.
    pub selected: Option<Selected>,
    /// What the client wants to hear of, once it has said so with NOTIFY.
    pub notify: Option<Box<Notify>>,
    /// What the client has enabled.
    pub enabled: Enabled,
    /// The large literals of the command at hand.
    pub staging: Staging,
    /// How often the key of the selected mailbox was reset, as far as the client was told.
    pub url_resets: u64,
    /// Whether both sides compress.
    pub compressed: bool,
    /// How many logins failed on this connection.
    pub failed_logins: u32,
    /// The command that runs names messages by number, although it has the UID prefix: no expunge is told while it does.
    pub numbers_are_named: bool,
}

/// Which commands are legal (RFC 3501 §3). The logout state needs no name: the connection is closed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    NotAuthenticated,
    Authenticated,
    Selected,
}

impl Context {
    pub fn new(site: Arc<Site>, store: Store, peer: Peer) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let origin = origin_of(serial);
        Context {
            site,
            store: store.by(origin),
            peer,
            serial,
            tag: String::new(),
            account: None,
            selected: None,
            notify: None,
            enabled: Enabled::default(),
            staging: Staging::default(),
            url_resets: 0,
            compressed: false,
            failed_logins: 0,
            numbers_are_named: false,
        }
    }

    pub fn state(&self) -> State {
        match (&self.account, &self.selected) {
            (None, _) => State::NotAuthenticated,
            (Some(_), None) => State::Authenticated,
            (Some(_), Some(_)) => State::Selected,
        }
    }

    /// Whether the server is to do without this extension.
    pub fn lacks(&self, extension: Extension) -> bool {
        self.site.without.lacks(extension)
    }

    /// The charset of strings in a search for which the client names none: US-ASCII, and UTF-8 once IMAP4rev2 or UTF8=ACCEPT is
    /// enabled (RFC 9051 §6.4.4, RFC 6855 §3).
    pub fn usual_charset(&self) -> Charset {
        if self.enabled.utf8() { Charset::Utf8 } else { Charset::UsAscii }
    }

    /// The most octets of an appended message.
    pub fn append_limit(&self) -> u32 {
        u32::try_from(self.site.limits.message).unwrap_or(u32::MAX)
    }

    pub fn faults(&self) -> Faults {
        self.site.faults
    }

    /// Whether a password may be sent as it is (RFC 3501 §11.2).
    pub fn plaintext_allowed(&self) -> bool {
        self.peer.tls || self.peer.plaintext_auth
    }

    /// The mechanisms AUTHENTICATE offers now.
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        Mechanism::offered(&self.site, &self.peer)
    }

    /// Refuses what names messages by number once UIDONLY is enabled: "the server MUST return a tagged BAD response if the
    /// client uses message sequence numbers. The server MUST include the UIDREQUIRED response code in such BAD responses"
    /// (RFC 9586 §3). The fault is that of a server which does not.
    pub fn may_use_numbers(&self, fault: Fault) -> Result<(), Status> {
        if !self.enabled.uid_only() || self.faults().on(fault) {
            return Ok(());
        }
        let status = Status::bad("Message numbers are not allowed once UIDONLY is enabled");
        Err(match self.faults().on(Fault::ImapUidOnlyWithoutCode) {
            true => status,
            false => status.with(Code::UidRequired),
        })
    }

    /// How the client is told of changes.
    pub fn told(&self) -> Told<'_> {
        Told { enabled: &self.enabled, faults: self.site.faults }
    }

    /// The client has shown that it follows modification sequences: by one of the "CONDSTORE enabling commands"
    /// (RFC 7162 §3.1), whose first "MUST cause the server to return HIGHESTMODSEQ for the mailbox (if any is selected)".
    pub fn enable_condstore(&mut self, out: &mut Vec<u8>) {
        if self.enabled.condstore() {
            return;
        }
        self.enabled.add(CONDSTORE);
        if let Some(selected) = &mut self.selected {
            selected.view.follow_modseqs();
            let highest = Code::HighestModSeq(selected.view.told_modseq());
            write_untagged(out, Status::ok("The highest modification sequence").with(highest));
        }
    }

    /// By what others know that a change is of this session.
    pub fn origin(&self) -> Origin {
        origin_of(self.serial)
    }

    /// The session itself put these messages into a mailbox: if it is the selected one, nothing of them is told but that they
    /// are there (RFC 5465 §5.2).
    pub fn put(&mut self, mailbox: MailboxId, uids: &[Uid]) {
        if let Some(selected) = self.selected.as_mut().filter(|selected| selected.mailbox.id == mailbox) {
            selected.own_arrivals.extend(uids);
        }
    }

    /// The session itself expunged these messages of the selected mailbox: it is told, whatever it wants to hear of others.
    pub fn took(&mut self, uids: &[Uid]) {
        if let Some(selected) = &mut self.selected {
            selected.own_expunges.extend(uids);
        }
    }

    /// What the store knows the user by. Empty before login, when no command asks.
    pub fn account_name(&self) -> &str {
        self.account.as_ref().map_or("", |account| account.name())
    }

    /// Whether the user says what all users see of the server.
    pub fn is_administrator(&self) -> bool {
        self.account.as_ref().is_some_and(|account| self.site.administrators.iter().any(|one| one == account.name()))
    }

    /// The mailbox of this name, if messages can be in it and the user may read them.
    pub fn selectable(&self, name: &str) -> Result<Mailbox, Status> {
        self.selectable_with(name, Right::Read)
    }

    fn selectable_with(&self, name: &str, right: Right) -> Result<Mailbox, Status> {
        let (_, mailbox) = self.with_right(name, right)?;
        match mailbox.selectable {
            true => Ok(mailbox),
            false => Err(refusal(store::Error::NotSelectable(mailbox.name))),
        }
    }

    /// The mailbox APPEND or COPY puts messages into. One that could be made is never made, but hinted at
    /// (RFC 3501 §6.3.11, §6.4.7).
    pub fn destination(&self, name: &str) -> Result<Mailbox, Status> {
        let right = if self.faults().on(Fault::ImapAppendIgnoresRights) { Right::Lookup } else { Right::Insert };
        self.selectable_with(name, right).map_err(|status| match status.code {
            Some(Code::NonExistent) => status.with(Code::TryCreate),
            _ => status,
        })
    }
}

/// Nobody in particular is the first.
fn origin_of(serial: u32) -> Origin {
    Origin(serial.wrapping_add(1))
}

/// What a client is told when the store refuses.
pub fn refusal(error: store::Error) -> Status {
    use store::Error;
    let code = match &error {
        // A name that only holds other mailboxes can still be created, so it counts as one that does not exist.
        Error::NoSuchMailbox(_) | Error::NotSelectable(_) => Code::NonExistent,
        Error::AlreadyExists(_) => Code::AlreadyExists,
        // RFC 9051 §7.1.
        Error::HasChildren(_) => Code::HasChildren,
        Error::InboxStays | Error::BadName { .. } => Code::Cannot,
        Error::MessageGone(_) | Error::BlobGone => Code::ExpungeIssued,
        Error::NoUidsLeft => Code::Limit,
        Error::OverQuota => Code::OverQuota,
        Error::TooManyAnnotations => Code::Metadata("TOOMANY".to_owned()),
        Error::UnknownUse(_) => Code::UseAttr,
        // Only opening a store says so.
        Error::InUse { .. } => Code::ServerBug,
        Error::Failed(why) => {
            tracing::error!(%why, "the mail store failed");
            return Status::no(Code::ServerBug, "The mail store failed; nothing was changed");
        }
    };
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    Status::no(code, first.into_iter().chain(letters).collect::<String>())
}
