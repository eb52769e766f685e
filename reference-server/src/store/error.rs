//! Why the store refuses: split by who is at fault, so that a session can choose its reply.

/// Why an operation of the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no mailbox of this name.
    #[error("there is no mailbox {0}")]
    NoSuchMailbox(String),
    /// There is a mailbox of this name already.
    #[error("mailbox {0} exists already")]
    AlreadyExists(String),
    /// The name holds only other mailboxes (`\Noselect`).
    #[error("mailbox {0} holds no messages, only other mailboxes")]
    NotSelectable(String),
    /// A `\Noselect` name cannot be deleted while there are mailboxes below it (RFC 3501 §6.3.4).
    #[error("mailbox {0} has mailboxes below it")]
    HasChildren(String),
    /// INBOX always exists (RFC 3501 §6.3.4).
    #[error("INBOX cannot be deleted")]
    InboxStays,
    /// No mailbox can have this name.
    #[error("{name:?} cannot be the name of a mailbox: {why}")]
    BadName {
        /// The name as it came.
        name: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The message was expunged.
    #[error("the message with UID {0} is gone")]
    MessageGone(u32),
    /// The account holds as much as it may (RFC 9208).
    #[error("the mailbox is full: the account holds as much as it may")]
    OverQuota,
    /// A mailbox has as many annotations as it may (RFC 5464 §4.3).
    #[error("there are too many annotations")]
    TooManyAnnotations,
    /// No mailbox can be for this (RFC 6154 §3).
    #[error("{0}")]
    UnknownUse(String),
    /// All 2³²-1 UIDs of the mailbox are spent.
    #[error("the mailbox has no UIDs left")]
    NoUidsLeft,
    /// Another server has the database.
    #[error("the database {path} is in use by another server (process {process}): stop that one, or use another directory")]
    InUse {
        /// The database.
        path: String,
        /// The number of the other server's process.
        process: String,
    },
    /// The bytes asked for are not in the store.
    #[error("the bytes of the message are gone")]
    BlobGone,
    /// The database failed: disk full, file damaged, out of memory.
    #[error("the mail store failed: {0}")]
    Failed(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Failed(error.to_string())
    }
}
