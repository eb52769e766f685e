//! Flags of a message: the five system flags and any keywords (RFC 3501 §2.3.2).
//!
//! `\Recent` is not here: it belongs to a session, not to the message.

/// A system flag that a client may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SystemFlag {
    /// The message has been read.
    Seen = 1,
    /// The message has been answered.
    Answered = 2,
    /// The message is marked for urgent or special attention.
    Flagged = 4,
    /// The message will be removed by the next EXPUNGE.
    Deleted = 8,
    /// The message is not finished.
    Draft = 16,
}

impl SystemFlag {
    /// All of them, in the order they are listed.
    pub const ALL: [SystemFlag; 5] =
        [SystemFlag::Answered, SystemFlag::Flagged, SystemFlag::Deleted, SystemFlag::Seen, SystemFlag::Draft];

    /// The name with its backslash.
    pub fn name(self) -> &'static str {
        match self {
            SystemFlag::Seen => "\\Seen",
            SystemFlag::Answered => "\\Answered",
            SystemFlag::Flagged => "\\Flagged",
            SystemFlag::Deleted => "\\Deleted",
            SystemFlag::Draft => "\\Draft",
        }
    }
}

/// The flags of a message. Keywords ignore case; the spelling that came first is kept.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    system: u8,
    /// Sorted by their lower-case form.
    keywords: Vec<String>,
}

impl Flags {
    /// No flags.
    pub fn none() -> Flags {
        Flags::default()
    }

    /// Whether the system flag is set.
    pub fn has(&self, flag: SystemFlag) -> bool {
        self.system & flag as u8 != 0
    }

    /// Whether the flag of this name is set: `\Seen` or a keyword.
    pub fn contains(&self, name: &str) -> bool {
        match system_flag(name) {
            Some(flag) => self.has(flag),
            None => self.place(name).is_ok(),
        }
    }

    /// Sets a system flag.
    pub fn set(&mut self, flag: SystemFlag) {
        self.system |= flag as u8;
    }

    /// Sets the flag of this name. Gives false, and sets nothing, for `\Recent` and system flags nobody knows.
    pub fn insert(&mut self, name: &str) -> bool {
        if let Some(flag) = system_flag(name) {
            self.set(flag);
        } else if name.starts_with('\\') || name.is_empty() {
            return false;
        } else if let Err(place) = self.place(name) {
            self.keywords.insert(place, name.to_owned());
        }
        true
    }

    /// The names of all flags that are set: system flags first, then keywords.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let system = SystemFlag::ALL.into_iter().filter(|&flag| self.has(flag)).map(|flag| -> &str { flag.name() });
        system.chain(self.keywords())
    }

    /// The keywords, in alphabetical order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.keywords.iter().map(String::as_str)
    }

    /// Whether no flag is set.
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.keywords.is_empty()
    }

    /// These flags and `more`.
    pub fn with(&self, more: &Flags) -> Flags {
        let mut all = self.clone();
        all.system |= more.system;
        for keyword in more.keywords() {
            all.insert(keyword);
        }
        all
    }

    /// These flags without `fewer`.
    pub fn without(&self, fewer: &Flags) -> Flags {
        Flags {
            system: self.system & !fewer.system,
            keywords: self.keywords.iter().filter(|keyword| fewer.place(keyword).is_err()).cloned().collect(),
        }
    }

    /// How the database keeps them: the bits, and the keywords with spaces between.
    pub(crate) fn stored(&self) -> (u8, String) {
        (self.system, self.keywords.join(" "))
    }

    /// The inverse of [`Flags::stored`].
    pub(crate) fn from_stored(system: u8, keywords: &str) -> Flags {
        let mut flags = Flags { system, keywords: Vec::new() };
        for keyword in keywords.split_ascii_whitespace() {
            flags.insert(keyword);
        }
        flags
    }

    fn place(&self, keyword: &str) -> std::result::Result<usize, usize> {
        let wanted = keyword.to_ascii_lowercase();
        self.keywords.binary_search_by(|have| have.to_ascii_lowercase().cmp(&wanted))
    }
}

impl PartialEq for Flags {
    fn eq(&self, other: &Flags) -> bool {
        self.system == other.system
            && self.keywords.len() == other.keywords.len()
            && self.keywords.iter().zip(&other.keywords).all(|(one, two)| one.eq_ignore_ascii_case(two))
    }
}

impl Eq for Flags {}

impl<'a> FromIterator<&'a str> for Flags {
    /// Flags that cannot be set ([`Flags::insert`]) are left out.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Flags {
        let mut flags = Flags::none();
        for name in names {
            flags.insert(name);
        }
        flags
    }
}

fn system_flag(name: &str) -> Option<SystemFlag> {
    SystemFlag::ALL.into_iter().find(|flag| flag.name().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_ignore_case_and_recent_cannot_be_set() {
        let mut flags = Flags::from_iter(["\\seen", "$Forwarded", "$FORWARDED", "Work"]);
        assert!(!flags.insert("\\Recent"));
        assert_eq!(flags.iter().collect::<Vec<_>>(), ["\\Seen", "$Forwarded", "Work"]);
        assert!(flags.contains("WORK") && flags.contains("\\SEEN") && !flags.contains("\\Draft"));
        let fewer = flags.without(&Flags::from_iter(["work", "\\Seen"]));
        assert_eq!(fewer, Flags::from_iter(["$forwarded"]));
        let (system, keywords) = flags.stored();
        assert_eq!(Flags::from_stored(system, &keywords), flags);
    }
}
