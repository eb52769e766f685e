//! The criteria of a search as data.

use super::charset::Charset;
use super::filter::FilterUse;
use super::options::ReturnOptions;
use crate::imap::grammar::sequence::SequenceSet;
use crate::store::{SystemFlag, Uid};
use std::ops::RangeInclusive;
use time::Date;

/// One SEARCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What is to be returned, if RETURN says so.
    pub options: Option<ReturnOptions>,
    pub program: Program,
}

/// The criteria of one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What the strings are in. If we do not know it the answer is NO [BADCHARSET] (RFC 3501 §6.4.4).
    pub charset: Charset,
    /// The client said so, although it need not.
    pub names_charset: bool,
    /// All of them must hold.
    pub keys: Vec<Key>,
    /// The keys as they were written, if named filters are among them: what the names stand for is put in there.
    pub text: Vec<u8>,
}

impl Program {
    /// Whether the strings could be read.
    pub fn charset_is_known(&self) -> bool {
        self.charset != Charset::Unknown
    }
}

/// One search key. Texts are as the collation compares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    All,
    /// The system flag is set.
    Flag(SystemFlag),
    Keyword(String),
    Recent,
    /// The internal date, without time and zone, lies so to the given one.
    Internal(When, Date),
    /// The date when the message came into the mailbox (RFC 8514).
    Saved(When, Date),
    /// Whether there is such a date.
    SaveDateSupported,
    /// The date of the Date: header field.
    Sent(When, Date),
    /// The header field of this name contains the text.
    Header(String, String),
    Body(String),
    Text(String),
    Larger(u64),
    Smaller(u64),
    /// The internal date is so many seconds ago, or longer (RFC 5032).
    Older(u32),
    /// The internal date is so many seconds ago, or less.
    Younger(u32),
    /// What its key asks for, or what is like it (RFC 6203).
    Fuzzy(Box<Key>),
    /// The modification sequence is this one or greater (RFC 7162 §3.1.5).
    ModSeq(u64),
    Numbers(SequenceSet),
    Uids(SequenceSet),
    /// The UID is greater than this one (RFC 9738 §3.2).
    UidAfter(Uid),
    UidBefore(Uid),
    /// Object identifiers (RFC 8474 §6).
    EmailId(String),
    ThreadId(String),
    /// A criterion that is kept under a name (RFC 5466). It is replaced before anything else is done.
    Filter(FilterUse),
    /// What message numbers, saved results, object identifiers and bounds of UIDs come to when the search begins: UIDs in ascending ranges.
    Among(Vec<RangeInclusive<Uid>>),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}

/// How a message's date lies to the one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    On,
    /// On that day or later.
    Since,
}

impl Key {
    /// What of this key says by UIDs which messages are meant at all, if it is one of those that must all hold.
    pub fn sets(&self) -> Vec<&Key> {
        match self {
            Key::Uids(_) | Key::Among(_) => vec![self],
            Key::And(keys) => keys.iter().flat_map(Key::sets).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether this key, or one inside it, is such a one.
    pub fn any(&self, is: fn(&Key) -> bool) -> bool {
        is(self)
            || match self {
                Key::Not(key) | Key::Fuzzy(key) => key.any(is),
                Key::Or(one, other) => one.any(is) || other.any(is),
                Key::And(keys) => keys.iter().any(|key| key.any(is)),
                _ => false,
            }
    }
}
