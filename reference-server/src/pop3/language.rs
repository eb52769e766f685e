//! The languages of texts, and how a client chooses one (RFC 6856 §3).

/// A language that texts are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// The one a session begins with, and the administrator's choice, `LANG *`.
    #[default]
    English,
    German,
    French,
}

impl Language {
    pub(super) const ALL: [Language; 3] = [Language::English, Language::German, Language::French];

    /// Its tag (RFC 5646).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::French => "fr",
        }
    }

    /// What it calls itself.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::German => "Deutsch",
            Language::French => "Français",
        }
    }

    /// The language that a range asks for, found by lookup (RFC 4647 §3.4): `de-CH-1996` is `de` where nothing is nearer.
    ///
    /// `language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"` (RFC 4647 §2.1)
    pub(super) fn matching(range: &str) -> Option<Language> {
        if range == "*" {
            return Some(Language::default());
        }
        let mut subtags = range.split('-');
        let primary = subtags.next()?;
        let well_formed = |subtag: &str, octet: fn(u8) -> bool| (1..=8).contains(&subtag.len()) && subtag.bytes().all(octet);
        if !well_formed(primary, |octet| octet.is_ascii_alphabetic())
            || !subtags.all(|subtag| well_formed(subtag, |octet| octet.is_ascii_alphanumeric()))
        {
            return None;
        }
        // All tags here are primary ones, so what is left of a range in the end is what counts.
        Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_looked_up() {
        let tag = |range: &str| Language::matching(range).map(Language::tag);
        assert_eq!(
            ["en", "DE", "fr-CA", "de-CH-1996", "*"].map(tag),
            [Some("en"), Some("de"), Some("fr"), Some("de"), Some("en")]
        );
        for range in ["mul", "e", "", "-", "en-", "en--us", "de-waytoolong", "d3", "*-de", "en_US", "fr ", "deutsches"] {
            assert_eq!(tag(range), None, "{range:?}");
        }
    }
}
