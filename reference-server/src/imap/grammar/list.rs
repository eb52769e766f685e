//! Patterns of LIST and LSUB.

use super::cursor::{Cursor, Parsed};
use super::string::is_astring_char;
use std::borrow::Cow;

impl<'a> Cursor<'a> {
    /// ```abnf
    /// list-mailbox = 1*list-char / string
    /// list-char    = ATOM-CHAR / list-wildcards / resp-specials
    /// ```
    pub fn list_mailbox(&mut self) -> Parsed<Cow<'a, [u8]>> {
        let is_list_char = |octet: u8| is_astring_char(octet) || matches!(octet, b'%' | b'*');
        match self.peek() {
            Some(octet) if is_list_char(octet) => Ok(Cow::Borrowed(self.take_while(is_list_char))),
            _ => self.string("a mailbox name or pattern"),
        }
    }
}

/// Whether a name matches a pattern: `*` stands for any octets, `%` for any but the delimiter (RFC 3501 §6.3.8).
///
/// Both are in the encoding of the wire; modified base64 holds neither a wildcard nor the delimiter `/`.
pub fn matches(pattern: &[u8], name: &[u8], delimiter: u8) -> bool {
    let literals = pattern.iter().filter(|octet| !matches!(octet, b'*' | b'%')).count();
    if literals > name.len() {
        return false;
    }
    // For each length of the name's beginning, whether the pattern read so far matches it.
    let mut reached = vec![false; name.len() + 1];
    if let Some(nothing) = reached.first_mut() {
        *nothing = true;
    }
    for wanted in pattern {
        let mut shorter = false;
        for (last, reached) in std::iter::once(None).chain(name.iter().map(Some)).zip(&mut reached) {
            let before = *reached;
            match wanted {
                b'*' => *reached |= shorter,
                b'%' => *reached |= shorter && last != Some(&delimiter),
                octet => *reached = shorter && last == Some(octet),
            }
            shorter = if matches!(wanted, b'*' | b'%') { *reached } else { before };
        }
    }
    reached.last().is_some_and(|whole| *whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("*", "a/b/c", true)]
    #[case("*", "", true)]
    #[case("%", "a", true)]
    #[case("%", "a/b", false)]
    #[case("a/%", "a/b", true)]
    #[case("a/%", "a/b/c", false)]
    #[case("a/%", "a/", true)]
    #[case("a*", "a/b/c", true)]
    #[case("%/%", "a/b", true)]
    #[case("%/%", "a", false)]
    #[case("%b", "aab", true)]
    #[case("*b*d", "abcd", true)]
    #[case("a", "A", false)]
    #[case("", "", true)]
    #[case("", "a", false)]
    #[case("**%%**", "x/y", true)]
    fn wildcards(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes(), b'/'), expected);
    }

    #[rstest]
    #[case("%", Ok("%"))]
    #[case("a*]", Ok("a*]"))]
    #[case("\"a *\"", Ok("a *"))]
    #[case("\"\"", Ok(""))]
    #[case("", Err(0))]
    #[case("(", Err(0))]
    fn patterns(#[case] text: &str, #[case] expected: Result<&str, usize>) {
        let parsed = Cursor::new(text.as_bytes()).list_mailbox();
        let parsed = parsed.map(|pattern| String::from_utf8_lossy(&pattern).into_owned());
        assert_eq!(parsed.map_err(|error| error.offset), expected.map(str::to_owned));
    }
}
