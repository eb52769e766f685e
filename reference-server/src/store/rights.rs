//! Rights: what a user may do with a mailbox (RFC 4314 §2.1).

use super::{Flags, SystemFlag};

/// One right, by its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Right {
    /// LIST shows the mailbox.
    Lookup = 1,
    /// It can be selected.
    Read = 2,
    /// `\Seen` can be changed.
    Seen = 4,
    /// Other flags can be changed.
    Write = 8,
    /// Messages can be put into it.
    Insert = 16,
    /// Mail can be sent to it; nothing here looks at that.
    Post = 32,
    /// Mailboxes can be made below it.
    Create = 64,
    /// It can be deleted or renamed.
    Delete = 128,
    /// `\Deleted` can be changed.
    DeleteMessages = 256,
    /// Messages can be expunged.
    Expunge = 512,
    /// The rights can be changed.
    Administer = 1024,
}

const LETTERS: [(char, Right); 11] = [
    ('l', Right::Lookup),
    ('r', Right::Read),
    ('s', Right::Seen),
    ('w', Right::Write),
    ('i', Right::Insert),
    ('p', Right::Post),
    ('k', Right::Create),
    ('x', Right::Delete),
    ('t', Right::DeleteMessages),
    ('e', Right::Expunge),
    ('a', Right::Administer),
];

/// The rights that the `c` of RFC 2086 stands for, and those that its `d` stands for (RFC 4314 §2.1.1).
const OBSOLETE: [(char, Rights); 2] = [
    ('c', Rights(Right::Create as u16 | Right::Delete as u16)),
    ('d', Rights(Right::DeleteMessages as u16 | Right::Expunge as u16)),
];

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u16);

impl Rights {
    pub const NONE: Rights = Rights(0);
    pub const ALL: Rights = Rights(2047);
    /// What nobody can take from the owner of a mailbox.
    pub const OF_THE_OWNER: Rights = Rights(Right::Lookup as u16 | Right::Administer as u16);
    /// The rights that let a session change something of the mailbox it has selected (RFC 4314 §5.2).
    pub const OF_CHANGE: Rights = Rights(
        Right::Insert as u16 | Right::Expunge as u16 | Right::Seen as u16 | Right::Write as u16 | Right::DeleteMessages as u16,
    );
    /// The rights to mark and expunge messages.
    pub const OF_REMOVAL: Rights = Rights(Right::DeleteMessages as u16 | Right::Expunge as u16);
    /// The rights to change flags.
    pub const OF_FLAGS: Rights = Rights(Right::Seen as u16 | Right::Write as u16 | Right::DeleteMessages as u16);
    /// Any of these, beside the right to see the mailbox, lets a user read and set annotations (RFC 5464 §3.3).
    pub const OF_ANNOTATION: Rights =
        Rights(Right::Read as u16 | Right::Seen as u16 | Right::Write as u16 | Right::Insert as u16 | Right::Post as u16);
    /// Any of these lets a user ask for their rights (RFC 4314 §4, MYRIGHTS).
    pub const OF_KNOWLEDGE: Rights = Rights(
        Right::Lookup as u16
            | Right::Read as u16
            | Right::Insert as u16
            | Right::Create as u16
            | Right::Delete as u16
            | Right::Administer as u16,
    );

    pub fn has(self, right: Right) -> bool {
        self.0 & right as u16 != 0
    }

    /// Whether all those rights are among these.
    pub fn contains(self, others: Rights) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether some right is in both sets.
    pub fn meets(self, other: Rights) -> bool {
        self.0 & other.0 != 0
    }

    pub fn with(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    pub fn without(self, other: Rights) -> Rights {
        Rights(self.0 & !other.0)
    }

    /// Reads letters; gives the first that is no right. "If a client includes the "d" right in a rights list, then it MUST be
    /// treated as if the client had included every member of the "delete" right" (RFC 4314 §2.1.1).
    pub fn read(letters: &str) -> Result<Rights, char> {
        letters.chars().try_fold(Rights::NONE, |rights, letter| {
            let standard = LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, right)| Rights(*right as u16));
            let obsolete = || OBSOLETE.iter().find(|(known, _)| *known == letter).map(|(_, group)| *group);
            standard.or_else(obsolete).map(|more| rights.with(more)).ok_or(letter)
        })
    }

    /// The letters, in the order of the standard. "When any of the "delete" member rights is set in a list of rights, the
    /// server MUST also include the "d" right" (RFC 4314 §2.1.1).
    pub fn letters(self) -> String {
        let standard = LETTERS.iter().filter(|(_, right)| self.has(*right)).map(|(letter, _)| *letter);
        let obsolete = OBSOLETE.iter().filter(|(_, group)| self.meets(*group)).map(|(letter, _)| *letter);
        standard.chain(obsolete).collect()
    }

    /// The letters without those of RFC 2086, which would stand for more when they are read again.
    pub(crate) fn standard_letters(self) -> String {
        LETTERS.iter().filter(|(_, right)| self.has(*right)).map(|(letter, _)| *letter).collect()
    }

    /// Those of the flags that this user may change: "t" for `\Deleted`, "s" for `\Seen`, "w" for all others (RFC 4314 §4).
    pub fn allowed(self, flags: &Flags) -> Flags {
        if self == Rights::ALL {
            return flags.clone();
        }
        flags.iter().filter(|name| self.has(needed(name))).collect()
    }
}

fn needed(flag: &str) -> Right {
    match flag {
        name if name.eq_ignore_ascii_case(SystemFlag::Deleted.name()) => Right::DeleteMessages,
        name if name.eq_ignore_ascii_case(SystemFlag::Seen.name()) => Right::Seen,
        _ => Right::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Ok(""))]
    #[case("lrswipkxtea", Ok("lrswipkxteacd"))]
    #[case("lrswida", Ok("lrswitead"))]
    #[case("lrswikda", Ok("lrswikteacd"))]
    #[case("c", Ok("kxc"))]
    #[case("t", Ok("td"))]
    #[case("lr!", Err('!'))]
    #[case("L", Err('L'))]
    #[case("0", Err('0'))]
    fn letters(#[case] written: &str, #[case] expected: Result<&str, char>) {
        assert_eq!(Rights::read(written).map(Rights::letters), expected.map(str::to_owned));
    }

    #[test]
    fn flags_need_their_rights() {
        let flags = Flags::from_iter(["\\Deleted", "\\Seen", "\\Draft", "$Forwarded"]);
        let allowed = |rights: &str| Rights::read(rights).unwrap().allowed(&flags).iter().collect::<Vec<_>>().join(" ");
        assert_eq!(allowed("lrwis"), "\\Seen \\Draft $Forwarded");
        assert_eq!(allowed("rsti"), "\\Deleted \\Seen");
        assert_eq!(allowed("lr"), "");
    }
}
