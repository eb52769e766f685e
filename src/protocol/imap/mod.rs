//! IMAP responses as data (RFC 9051 §7 and §9, RFC 3501 §9): what kind, which values; never what they mean.

mod cursor;
mod framer;
mod numbering;
mod parse;
mod section;
mod sequence;
mod shape;
mod value;

pub use framer::ImapFramer;
pub use numbering::Numbering;
pub use parse::parse;
pub use section::Key;
pub(crate) use section::normal_fields;
pub use sequence::SequenceSet;
pub use value::Value;

/// A complete response.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// `a1 OK [READ-WRITE] done`
    Tagged { tag: String, status: Status, text: Text },
    /// `* OK`, `* NO`, `* BAD`, `* BYE`, `* PREAUTH`
    Untagged { status: Status, text: Text },
    /// `+ text`
    Continuation { text: Vec<u8> },
    /// `* 1 FETCH (FLAGS (\Seen) UID 5)`, `* 5 UIDFETCH (FLAGS (\Seen))`
    Fetch { number: u64, name: FetchName, items: Vec<(Key, Value)> },
    /// `* 2 EXISTS`, `* 1 EXPUNGE`, and any other that begins with a number; names in upper case.
    Numbered { number: u64, name: String, values: Vec<Value> },
    /// `* CAPABILITY IMAP4rev1`, `* LIST () "/" box`, and any other; names in upper case.
    Data { name: String, values: Vec<Value> },
}

/// What a response with the data items of a message is called: what its number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchName {
    /// `FETCH`
    Fetch,
    /// `UIDFETCH` (RFC 9586 §3.3)
    UidFetch,
}

impl FetchName {
    /// As in the RFC.
    pub fn word(self) -> &'static str {
        match self {
            FetchName::Fetch => "FETCH",
            FetchName::UidFetch => "UIDFETCH",
        }
    }

    /// The one of this name, which is in upper case.
    pub fn named(word: &str) -> Option<FetchName> {
        [FetchName::Fetch, FetchName::UidFetch].into_iter().find(|name| name.word() == word)
    }
}

/// The word of a status response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

impl Status {
    pub const ALL: [Status; 5] = [Status::Ok, Status::No, Status::Bad, Status::Bye, Status::Preauth];

    /// As in the RFC.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
            Status::Bye => "BYE",
            Status::Preauth => "PREAUTH",
        }
    }

    /// The status a word names, in any case of letters.
    pub fn named(word: &[u8]) -> Option<Status> {
        Status::ALL.into_iter().find(|status| word.eq_ignore_ascii_case(status.word().as_bytes()))
    }
}

/// What stands behind a status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub code: Option<Code>,
    /// Behind the response code and its space.
    pub remark: Vec<u8>,
}

/// A response code, `[COPYUID 1 2:3 4:5]`; name in upper case.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    pub name: String,
    pub values: Vec<Value>,
}
