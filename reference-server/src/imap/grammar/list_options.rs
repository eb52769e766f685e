//! The options of LIST (RFC 5258): which names are selected, and what is told of them.

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::extensions::{Extension, Without};
use crate::imap::status_item::{StatusItem, status_items};

/// Which names LIST is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names that are subscribed to, whether a mailbox has them or not.
    pub subscribed: bool,
    /// Mailboxes with a special use (RFC 6154 §2).
    pub special_use: bool,
    /// Names above such names too.
    pub recursive: bool,
}

/// What LIST tells of each.
#[derive(Default)]
pub struct Returns {
    pub subscribed: bool,
    pub children: bool,
    pub special_use: bool,
    /// A MYRIGHTS response (RFC 8440).
    pub my_rights: bool,
    /// A METADATA response with these entries (RFC 9590).
    pub metadata: Option<Vec<String>>,
    /// A STATUS response (RFC 5819).
    pub status: Option<Vec<&'static StatusItem>>,
}

impl Cursor<'_> {
    /// ```abnf
    /// list-select-opts = "(" [(*(list-select-opt SP) list-select-base-opt *(SP list-select-opt))
    ///                    / (list-select-independent-opt *(SP list-select-independent-opt))] ")"
    /// list-select-base-opt        = "SUBSCRIBED"
    /// list-select-independent-opt = "REMOTE" / "SPECIAL-USE"       ; RFC 6154 §6
    /// list-select-mod-opt         = "RECURSIVEMATCH"
    /// ```
    /// "The RECURSIVEMATCH option MUST NOT occur as the only selection option (or only with REMOTE) […] The server MUST
    /// return BAD tagged response in such case" (RFC 5258 §3.1); the grammar wants a base option with it.
    pub fn list_selection(&mut self, without: Without, recursive_alone: bool) -> Parsed<Selection> {
        let mut selection = Selection::default();
        let mut recursive_at = None;
        self.options("a selection option of LIST", |_, offset, name| {
            match name {
                b"SUBSCRIBED" => selection.subscribed = true,
                // No mailbox here lies on another server, so that asking for those adds none.
                b"REMOTE" => {}
                b"RECURSIVEMATCH" => recursive_at = Some(offset),
                b"SPECIAL-USE" if !without.lacks(Extension::ImapSpecialUse) => selection.special_use = true,
                _ => return Err(SyntaxError { offset, expected: "a selection option of LIST that this server has" }),
            }
            Ok(())
        })?;
        selection.recursive = recursive_at.is_some();
        match recursive_at {
            Some(offset) if !selection.subscribed && !recursive_alone => {
                Err(SyntaxError { offset, expected: "SUBSCRIBED beside RECURSIVEMATCH" })
            }
            _ => Ok(selection),
        }
    }

    /// ```abnf
    /// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
    /// return-option    = "SUBSCRIBED" / "CHILDREN" / "SPECIAL-USE" / "MYRIGHTS" / status-option
    /// return-option    =/ "METADATA" SP "(" entry *(SP entry) ")"                   ; RFC 9590 §5
    /// status-option    = "STATUS" SP "(" status-att *(SP status-att) ")"            ; RFC 5819 §4
    /// ```
    pub fn list_returns(&mut self, without: Without) -> Parsed<Returns> {
        if !self.eat_word("RETURN") {
            return self.expected("RETURN or the end of the command");
        }
        self.space()?;
        let mut returns = Returns::default();
        self.options("a return option of LIST", |cursor, offset, name| {
            match name {
                b"SUBSCRIBED" => returns.subscribed = true,
                b"CHILDREN" => returns.children = true,
                b"SPECIAL-USE" if !without.lacks(Extension::ImapSpecialUse) => returns.special_use = true,
                b"MYRIGHTS" if !without.lacks(Extension::ImapListMyRights) => returns.my_rights = true,
                b"METADATA" if !without.lacks(Extension::ImapListMetadata) => {
                    cursor.space()?;
                    returns.metadata = Some(cursor.metadata_entries()?);
                }
                b"STATUS" if !without.lacks(Extension::ImapListStatus) => {
                    cursor.space()?;
                    returns.status = Some(status_items(cursor, without)?);
                }
                _ => return Err(SyntaxError { offset, expected: "a return option of LIST that this server has" }),
            }
            Ok(())
        })?;
        Ok(returns)
    }

    /// Names in parentheses, in capital letters; `take` reads what belongs to one. "The order in which options are
    /// specified by the client is not significant", and one that is repeated counts once (RFC 5258 §3).
    fn options(&mut self, expected: &'static str, mut take: impl FnMut(&mut Self, usize, &[u8]) -> Parsed<()>) -> Parsed<()> {
        self.need(b'(', "the opening parenthesis of the options")?;
        if self.eat(b')') {
            return Ok(());
        }
        loop {
            let offset = self.offset();
            let name = self.atom(expected)?.to_ascii_uppercase();
            take(self, offset, &name)?;
            if self.eat(b')') {
                return Ok(());
            }
            self.need(b' ', "one space or the closing parenthesis after an option")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("()", Ok((false, false)))]
    #[case("(subscribed)", Ok((true, false)))]
    #[case("(REMOTE)", Ok((false, false)))]
    #[case("(SUBSCRIBED SUBSCRIBED)", Ok((true, false)))]
    #[case("(RECURSIVEMATCH SUBSCRIBED REMOTE)", Ok((true, true)))]
    #[case("(RECURSIVEMATCH)", Err(1))]
    #[case("(REMOTE RECURSIVEMATCH)", Err(8))]
    #[case("(SUBSCRIBED )", Err(12))]
    #[case("(SUBSCRIBED  REMOTE)", Err(12))]
    #[case("(MARKED)", Err(1))]
    #[case("SUBSCRIBED", Err(0))]
    fn selections(#[case] text: &str, #[case] expected: Result<(bool, bool), usize>) {
        let selection = Cursor::new(text.as_bytes()).list_selection(Without::NOTHING, false);
        let selection = selection.map(|selection| (selection.subscribed, selection.recursive));
        assert_eq!(selection.map_err(|error| error.offset), expected);
    }

    #[rstest]
    #[case("RETURN ()", Ok(0))]
    #[case("return (Children SUBSCRIBED)", Ok(0))]
    #[case("RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)", Ok(2))]
    #[case("RETURN (STATUS)", Err(14))]
    #[case("RETURN (STATUS ())", Err(16))]
    #[case("RETURN (RECURSIVEMATCH)", Err(8))]
    #[case("RETURN", Err(6))]
    #[case("(CHILDREN)", Err(0))]
    fn returns(#[case] text: &str, #[case] expected: Result<usize, usize>) {
        let returns = Cursor::new(text.as_bytes()).list_returns(Without::NOTHING);
        let returns = returns.map(|returns| returns.status.map_or(0, |items| items.len()));
        assert_eq!(returns.map_err(|error| error.offset), expected);
    }

    #[test]
    fn options_go_with_their_extensions() {
        let without: Without =
            [Extension::ImapListStatus, Extension::ImapSpecialUse, Extension::ImapMetadata].into_iter().collect();
        assert!(Cursor::new(b"RETURN (STATUS (MESSAGES))").list_returns(without).is_err());
        assert!(Cursor::new(b"RETURN (METADATA (/shared/comment))").list_returns(without).is_err());
        assert!(Cursor::new(b"(SPECIAL-USE)").list_selection(without, false).is_err());
    }
}
