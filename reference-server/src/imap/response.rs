//! Writes responses: strings in the form that carries them, status responses and their codes.

use super::grammar::sequence::write_uid_set;
use super::grammar::string::is_astring_char;
use std::fmt;

/// Writes a string: quoted if it can be, else as a literal (RFC 3501 §4.3).
///
/// Control characters and octets above 127 go into a literal, and so does what is too long to read on a line. NUL may
/// not be sent at all (RFC 3501 §4.3.1): 0x80 takes its place, so that sizes and offsets stay true.
pub fn write_string(out: &mut Vec<u8>, value: &[u8]) {
    const LONGEST_QUOTED: usize = 1000;
    if value.len() > LONGEST_QUOTED || value.iter().any(|octet| !matches!(octet, b' '..=b'~')) {
        return write_literal(out, value);
    }
    out.push(b'"');
    for octet in value {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
}

/// Writes a literal, whatever the octets.
pub fn write_literal(out: &mut Vec<u8>, value: &[u8]) {
    write_announced_literal(out, value.len(), value);
}

/// Writes a literal that announces `size` octets; `size` is true but for a server that misbehaves on purpose.
pub fn write_announced_literal(out: &mut Vec<u8>, size: usize, value: &[u8]) {
    out.extend_from_slice(format!("{{{size}}}\r\n").as_bytes());
    out.extend(value.iter().map(|octet| if *octet == 0 { 0x80 } else { *octet }));
}

/// Writes a string or NIL.
pub fn write_nstring(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => write_string(out, value),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes an atom where one will do, else a string. The atom NIL is quoted: clients take it for no string.
pub fn write_astring(out: &mut Vec<u8>, value: &[u8]) {
    let atom = !value.is_empty() && value.iter().all(|octet| is_astring_char(*octet));
    match atom && !value.eq_ignore_ascii_case(b"NIL") {
        true => out.extend_from_slice(value),
        false => write_string(out, value),
    }
}

/// Writes an untagged response.
pub fn write_untagged(out: &mut Vec<u8>, response: impl fmt::Display) {
    out.extend_from_slice(format!("* {response}\r\n").as_bytes());
}

/// The condition of a status response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Ok,
    No,
    Bad,
    Bye,
}

/// A response code, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    AlreadyExists,
    AppendUid {
        uid_validity: u32,
        uids: Vec<u32>,
    },
    AuthenticationFailed,
    AuthorizationFailed,
    Unavailable,
    /// The charsets that are known instead.
    BadCharset(&'static [&'static str]),
    /// The events of NOTIFY that there are (RFC 5465 §8).
    BadEvent(String),
    BadUrl(String),
    Cannot,
    Capability(String),
    Closed,
    CopyUid {
        uid_validity: u32,
        from: Vec<u32>,
        to: Vec<u32>,
    },
    /// The UIDs of messages that a surrogate was shown of (RFC 6858 §3).
    Downgraded(Vec<u32>),
    ExpungeIssued,
    HasChildren,
    HighestModSeq(u64),
    /// How far the command of this tag is, and how far it goes (RFC 9585 §4).
    InProgress {
        tag: Option<String>,
        /// Progress and goal; `None`: they are not known.
        state: Option<(u32, u32)>,
    },
    Limit,
    /// Message numbers, or UIDs, in ascending order.
    Modified(Vec<u32>),
    MailboxId(String),
    /// A command was about too many messages: how many it may be about, and the lowest UID of those it was done for
    /// (RFC 9738 §3.1).
    MessageLimit {
        most: u32,
        lowest: Option<u32>,
    },
    /// Of METADATA (RFC 5464 §5).
    Metadata(String),
    NonExistent,
    /// A search is not kept up to date, by the tag of its command (RFC 5267 §4.3.1).
    NoUpdate(String),
    NoPerm,
    /// Of NOTIFY (RFC 5465 §5.8).
    NotificationOverflow,
    OverQuota,
    PermanentFlags(String),
    PrivacyRequired,
    ReadOnly,
    ReadWrite,
    ServerBug,
    TooBig,
    TryCreate,
    UnknownCte,
    UidNext(u32),
    /// A named search that is not there (RFC 5466 §3.1).
    UndefinedFilter(String),
    /// Message numbers are not to be used any more (RFC 9586 §3).
    UidRequired,
    UidValidity(u32),
    Unseen(u32),
    UrlMech,
    UseAttr,
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::AlreadyExists => out.write_str("ALREADYEXISTS"),
            Code::AppendUid { uid_validity, uids } => write!(out, "APPENDUID {uid_validity} {}", write_uid_set(uids)),
            Code::AuthenticationFailed => out.write_str("AUTHENTICATIONFAILED"),
            Code::AuthorizationFailed => out.write_str("AUTHORIZATIONFAILED"),
            Code::Unavailable => out.write_str("UNAVAILABLE"),
            Code::BadCharset(known) => write!(out, "BADCHARSET ({})", known.join(" ")),
            Code::BadUrl(url) => write!(out, "BADURL {}", url.replace(|c: char| !matches!(c, ' '..='~') || c == ']', "?")),
            Code::Cannot => out.write_str("CANNOT"),
            Code::Capability(names) => write!(out, "CAPABILITY {names}"),
            Code::CopyUid { uid_validity, from, to } => {
                write!(out, "COPYUID {uid_validity} {} {}", write_uid_set(from), write_uid_set(to))
            }
            Code::Closed => out.write_str("CLOSED"),
            Code::Downgraded(uids) => write!(out, "DOWNGRADED {}", write_uid_set(uids)),
            Code::ExpungeIssued => out.write_str("EXPUNGEISSUED"),
            Code::HasChildren => out.write_str("HASCHILDREN"),
            Code::HighestModSeq(modseq) => write!(out, "HIGHESTMODSEQ {modseq}"),
            Code::InProgress { tag, state } => {
                // No tag has a quote or a backslash in it.
                let tag = tag.as_ref().map_or_else(|| "NIL".to_owned(), |tag| format!("\"{tag}\""));
                match state {
                    Some((progress, goal)) => write!(out, "INPROGRESS ({tag} {progress} {goal})"),
                    None => write!(out, "INPROGRESS ({tag} NIL NIL)"),
                }
            }
            Code::Limit => out.write_str("LIMIT"),
            Code::Modified(numbers) => write!(out, "MODIFIED {}", write_uid_set(numbers)),
            Code::MailboxId(id) => write!(out, "MAILBOXID ({id})"),
            Code::MessageLimit { most, lowest } => {
                write!(out, "MESSAGELIMIT {most}")?;
                lowest.map_or(Ok(()), |uid| write!(out, " {uid}"))
            }
            Code::NonExistent => out.write_str("NONEXISTENT"),
            // No tag has a quote or a backslash in it.
            Code::NoUpdate(tag) => write!(out, "NOUPDATE \"{tag}\""),
            Code::Metadata(what) => write!(out, "METADATA {what}"),
            Code::NoPerm => out.write_str("NOPERM"),
            Code::NotificationOverflow => out.write_str("NOTIFICATIONOVERFLOW"),
            Code::BadEvent(events) => write!(out, "BADEVENT ({events})"),
            Code::OverQuota => out.write_str("OVERQUOTA"),
            Code::PermanentFlags(flags) => write!(out, "PERMANENTFLAGS ({flags})"),
            Code::PrivacyRequired => out.write_str("PRIVACYREQUIRED"),
            Code::ReadOnly => out.write_str("READ-ONLY"),
            Code::ReadWrite => out.write_str("READ-WRITE"),
            Code::ServerBug => out.write_str("SERVERBUG"),
            Code::TooBig => out.write_str("TOOBIG"),
            Code::TryCreate => out.write_str("TRYCREATE"),
            Code::UnknownCte => out.write_str("UNKNOWN-CTE"),
            Code::UidNext(uid) => write!(out, "UIDNEXT {uid}"),
            // The name of a filter is an atom.
            Code::UndefinedFilter(name) => write!(out, "UNDEFINED-FILTER {name}"),
            Code::UidRequired => out.write_str("UIDREQUIRED"),
            Code::UidValidity(validity) => write!(out, "UIDVALIDITY {validity}"),
            Code::UrlMech => out.write_str("URLMECH INTERNAL"),
            Code::Unseen(number) => write!(out, "UNSEEN {number}"),
            Code::UseAttr => out.write_str("USEATTR"),
        }
    }
}

/// A status response without its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub condition: Condition,
    pub code: Option<Code>,
    pub text: String,
}

impl Status {
    pub fn ok(text: impl Into<String>) -> Self {
        Status { condition: Condition::Ok, code: None, text: text.into() }
    }

    pub fn no(code: impl Into<Option<Code>>, text: impl Into<String>) -> Self {
        Status { condition: Condition::No, code: code.into(), text: text.into() }
    }

    pub fn bad(text: impl Into<String>) -> Self {
        Status { condition: Condition::Bad, code: None, text: text.into() }
    }

    pub fn bye(text: impl Into<String>) -> Self {
        Status { condition: Condition::Bye, code: None, text: text.into() }
    }

    /// The same with a response code.
    pub fn with(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }
}

impl fmt::Display for Status {
    /// ```abnf
    /// resp-text = ["[" resp-text-code "]" SP] text
    /// text      = 1*TEXT-CHAR
    /// ```
    /// The text may quote what a client sent; whatever is no printable ASCII in it becomes `?`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.condition {
            Condition::Ok => "OK ",
            Condition::No => "NO ",
            Condition::Bad => "BAD ",
            Condition::Bye => "BYE ",
        })?;
        if let Some(code) = &self.code {
            write!(out, "[{code}] ")?;
        }
        for character in self.text.chars() {
            fmt::Write::write_char(out, if matches!(character, ' '..='~') { character } else { '?' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[rstest]
    #[case(b"", "\"\"")]
    #[case(b"plain", "\"plain\"")]
    #[case(b"a\"b\\c", "\"a\\\"b\\\\c\"")]
    #[case(b"NIL", "\"NIL\"")]
    #[case(b"a\r\nb", "{4}\r\na\r\nb")]
    #[case(b"tab\t", "{4}\r\ntab\t")]
    #[case("é".as_bytes(), "{2}\r\né")]
    fn strings_take_the_form_that_carries_them(#[case] value: &[u8], #[case] expected: &str) {
        assert_eq!(written(|out| write_string(out, value)), expected);
    }

    #[test]
    fn nul_never_leaves_and_sizes_stay_true() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\0b");
        assert_eq!(out, b"{3}\r\na\x80b");
    }

    #[rstest]
    #[case(b"INBOX", "INBOX")]
    #[case(b"a]b/c&AOk-", "a]b/c&AOk-")]
    #[case(b"nil", "\"nil\"")]
    #[case(b"", "\"\"")]
    #[case(b"two words", "\"two words\"")]
    #[case(b"100%", "\"100%\"")]
    fn names_are_atoms_where_that_is_safe(#[case] value: &[u8], #[case] expected: &str) {
        assert_eq!(written(|out| write_astring(out, value)), expected);
    }

    #[test]
    fn what_a_client_sent_can_not_break_the_line() {
        let status = Status::no(Code::NonExistent, "No mailbox a\r\nb é");
        assert_eq!(status.to_string(), "NO [NONEXISTENT] No mailbox a??b ?");
    }
}
