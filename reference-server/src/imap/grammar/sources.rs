//! Which mailboxes ESEARCH searches (RFC 7377 §2.2).

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::extensions::Extension;
use crate::imap::mailbox_name::WrittenName;

/// Some of the mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    Selected,
    /// Where new mail is put.
    Inboxes,
    Personal,
    Subscribed,
    /// These and all below them.
    Subtree(Vec<WrittenName<'a>>),
    /// These and those one level below them.
    SubtreeOne(Vec<WrittenName<'a>>),
    Mailboxes(Vec<WrittenName<'a>>),
}

impl<'a> Cursor<'a> {
    /// With the space behind it; nothing if no source is named. There are no scope options.
    ///
    /// ```abnf
    /// esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"
    /// source-mbox         = filter-mailboxes *(SP filter-mailboxes)
    /// ```
    pub fn sources(&mut self) -> Parsed<Option<Vec<Source<'a>>>> {
        if !self.eat_word("IN") {
            return Ok(None);
        }
        self.space()?;
        self.need(b'(', "the opening parenthesis of the source options")?;
        let mut sources = Vec::new();
        loop {
            sources.push(self.source()?);
            if self.eat(b')') {
                break;
            }
            self.need(b' ', "one space or the closing parenthesis after a source option")?;
        }
        self.space()?;
        Ok(Some(sources))
    }

    /// ```abnf
    /// source-mailbox = "selected" / filter-mailboxes-other
    /// ```
    fn source(&mut self) -> Parsed<Source<'a>> {
        if self.eat_word("SELECTED") {
            return Ok(Source::Selected);
        }
        self.other_mailboxes()
    }

    /// Mailboxes other than the selected one. `subtree-one` is there with ESEARCH, and then for NOTIFY too.
    ///
    /// ```abnf
    /// filter-mailboxes-other = "inboxes" / "personal" / "subscribed" / ( "subtree" SP one-or-more-mailbox ) /
    ///                          ( "subtree-one" SP one-or-more-mailbox ) / ( "mailboxes" SP one-or-more-mailbox )
    /// ```
    pub fn other_mailboxes(&mut self) -> Parsed<Source<'a>> {
        let start = self.offset();
        let name = self.atom("a source option")?.to_ascii_lowercase();
        Ok(match name.as_slice() {
            b"inboxes" => Source::Inboxes,
            b"personal" => Source::Personal,
            b"subscribed" => Source::Subscribed,
            b"subtree" => Source::Subtree(self.one_or_more_mailboxes()?),
            b"subtree-one" if !self.lacks(Extension::ImapMultisearch) => Source::SubtreeOne(self.one_or_more_mailboxes()?),
            b"mailboxes" => Source::Mailboxes(self.one_or_more_mailboxes()?),
            _ => return Err(SyntaxError { offset: start, expected: "a source option" }),
        })
    }

    /// ```abnf
    /// one-or-more-mailbox = mailbox / many-mailboxes        ; RFC 5465 §8
    /// many-mailboxes      = "(" mailbox *(SP mailbox) ")"
    /// ```
    fn one_or_more_mailboxes(&mut self) -> Parsed<Vec<WrittenName<'a>>> {
        self.space()?;
        if !self.eat(b'(') {
            return Ok(vec![self.mailbox()?]);
        }
        let mut names = Vec::new();
        loop {
            names.push(self.mailbox()?);
            if self.eat(b')') {
                return Ok(names);
            }
            self.need(b' ', "one space or the closing parenthesis after a mailbox name")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ALL", None)]
    #[case("IN (selected) ALL", Some(1))]
    #[case("in (MAILBOXES \"folder1\" subtree \"folder2\") unseen", Some(2))]
    #[case("IN (mailboxes (a b \"c d\") subtree-one e personal subscribed inboxes) ALL", Some(5))]
    fn accepted(#[case] text: &str, #[case] expected: Option<usize>) {
        assert_eq!(Cursor::new(text.as_bytes()).sources().unwrap().map(|sources| sources.len()), expected);
    }

    #[rstest]
    #[case("IN ", 3)]
    #[case("IN () ALL", 4)]
    #[case("IN (selected-delayed) ALL", 4)]
    #[case("IN (mailboxes) ALL", 13)]
    #[case("IN (mailboxes ()) ALL", 15)]
    #[case("IN (personal (depth 1)) ALL", 13)]
    #[case("IN (personal)", 13)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).sources().unwrap_err().offset, offset);
    }
}
