//! Flags as a client writes them in STORE, APPEND and SEARCH.

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::store::Flags;

impl Cursor<'_> {
    /// ```abnf
    /// flag-list = "(" [flag *(SP flag)] ")"
    /// ```
    pub fn flag_list(&mut self) -> Parsed<Flags> {
        self.need(b'(', "the opening parenthesis of a flag list")?;
        let mut flags = Flags::none();
        if self.eat(b')') {
            return Ok(flags);
        }
        loop {
            self.flag(&mut flags)?;
            if self.eat(b')') {
                return Ok(flags);
            }
            self.need(b' ', "one space or the closing parenthesis after a flag")?;
        }
    }

    /// `(flag-list / (flag *(SP flag)))`, the value of STORE.
    pub fn flags_with_or_without_parentheses(&mut self) -> Parsed<Flags> {
        if self.peek() == Some(b'(') {
            return self.flag_list();
        }
        let mut flags = Flags::none();
        self.flag(&mut flags)?;
        while self.eat(b' ') {
            self.flag(&mut flags)?;
        }
        Ok(flags)
    }

    /// ```abnf
    /// flag           = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
    ///                    ; Does not include "\Recent"
    /// flag-extension = "\" atom
    /// flag-keyword   = atom
    /// ```
    /// A flag-extension nobody defined is grammatical and can not be set: it is left out, as a flag outside
    /// PERMANENTFLAGS may be (RFC 3501 §7.1).
    fn flag(&mut self, flags: &mut Flags) -> Parsed<()> {
        let start = self.offset();
        let backslash = self.eat(b'\\');
        let atom = String::from_utf8_lossy(self.atom("a flag")?).into_owned();
        if backslash && atom.eq_ignore_ascii_case("Recent") {
            return Err(SyntaxError { offset: start, expected: "a flag other than \\Recent, which no client can change" });
        }
        flags.insert(&if backslash { format!("\\{atom}") } else { atom });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("()", Ok(""))]
    #[case("(\\seen)", Ok("\\Seen"))]
    #[case("(\\Seen \\DELETED Work)", Ok("\\Deleted \\Seen Work"))]
    #[case("(\\Never $MDNSent)", Ok("$MDNSent"))]
    #[case("(\\Recent)", Err(1))]
    #[case("(\\Seen  \\Draft)", Err(7))]
    #[case("( \\Seen)", Err(1))]
    #[case("(\\Seen", Err(6))]
    #[case("(\\*)", Err(2))]
    #[case("(\"quoted\")", Err(1))]
    #[case("\\Seen", Err(0))]
    fn flag_lists(#[case] text: &str, #[case] expected: Result<&str, usize>) {
        let parsed = Cursor::new(text.as_bytes()).flag_list();
        let parsed = parsed.map(|flags| flags.iter().collect::<Vec<_>>().join(" "));
        assert_eq!(parsed.map_err(|error| error.offset), expected.map(str::to_owned));
    }

    #[test]
    fn store_takes_flags_without_parentheses() {
        let mut cursor = Cursor::new(b"\\Seen Work");
        let flags = cursor.flags_with_or_without_parentheses().unwrap();
        assert_eq!(flags.iter().collect::<Vec<_>>(), ["\\Seen", "Work"]);
        cursor.end().unwrap();
    }
}
