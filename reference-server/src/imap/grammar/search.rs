//! What SEARCH looks for.

use super::cursor::{Cursor, Parsed, SyntaxError};
use super::sequence::SequenceSet;
use crate::store::SystemFlag;
use std::collections::BTreeSet;
use time::Date;

/// The criteria of one SEARCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The charset the strings are in is one we do not know: the answer is NO [BADCHARSET] (RFC 3501 §6.4.4).
    pub unknown_charset: bool,
    /// All of them must hold.
    pub keys: Vec<Key>,
}

/// One search key.
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
    Larger(u32),
    Smaller(u32),
    /// The modification sequence is this one or greater (RFC 7162 §3.1.5).
    ModSeq(u64),
    Numbers(SequenceSet),
    Uids(SequenceSet),
    /// Object identifiers (RFC 8474 §6); [`Key::AmongUids`] takes their place before a message is looked at.
    EmailId(String),
    ThreadId(String),
    AmongUids(BTreeSet<u32>),
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

/// How deep NOT, OR and parentheses may nest; the grammar sets no limit, the stack does.
const DEEPEST: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    UsAscii,
    Utf8,
    Unknown,
}

impl Cursor<'_> {
    /// After `SEARCH` and its space.
    ///
    /// ```abnf
    /// search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)
    /// ```
    pub fn search(&mut self) -> Parsed<Search> {
        let mut charset = Charset::UsAscii;
        if self.eat_word("CHARSET") {
            self.space()?;
            let name = self.astring("the name of a charset")?;
            charset = match name.to_ascii_uppercase().as_slice() {
                b"US-ASCII" => Charset::UsAscii,
                b"UTF-8" => Charset::Utf8,
                _ => Charset::Unknown,
            };
            self.space()?;
        }
        let mut keys = vec![self.search_key(charset, 0)?];
        while self.eat(b' ') {
            keys.push(self.search_key(charset, 0)?);
        }
        Ok(Search { unknown_charset: charset == Charset::Unknown, keys })
    }

    /// ```abnf
    /// search-key = "ALL" / "ANSWERED" / "BCC" SP astring / "BEFORE" SP date / "BODY" SP astring / "CC" SP astring /
    ///              "DELETED" / "FLAGGED" / "FROM" SP astring / "KEYWORD" SP flag-keyword / "NEW" / "OLD" /
    ///              "ON" SP date / "RECENT" / "SEEN" / "SINCE" SP date / "SUBJECT" SP astring / "TEXT" SP astring /
    ///              "TO" SP astring / "UNANSWERED" / "UNDELETED" / "UNFLAGGED" / "UNKEYWORD" SP flag-keyword /
    ///              "UNSEEN" / "DRAFT" / "HEADER" SP header-fld-name SP astring / "LARGER" SP number /
    ///              "NOT" SP search-key / "OR" SP search-key SP search-key / "SENTBEFORE" SP date /
    ///              "SENTON" SP date / "SENTSINCE" SP date / "SMALLER" SP number / "UID" SP sequence-set /
    ///              "UNDRAFT" / sequence-set / "(" search-key *(SP search-key) ")" /
    ///              "EMAILID" SP objectid / "THREADID" SP objectid                ; RFC 8474 §7
    ///              "SAVEDBEFORE" SP date / "SAVEDON" SP date / "SAVEDSINCE" SP date / "SAVEDATESUPPORTED" ; RFC 8514 §5
    /// ```
    fn search_key(&mut self, charset: Charset, depth: usize) -> Parsed<Key> {
        if depth > DEEPEST {
            return self.expected("search keys nested no deeper than 64");
        }
        if self.eat(b'(') {
            return self.search_keys_in_parentheses(charset, depth);
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'*')) {
            return self.sequence_set().map(Key::Numbers);
        }
        let start = self.offset();
        let name = self.atom("a search key")?.to_ascii_uppercase();
        Ok(match name.as_slice() {
            b"ALL" => Key::All,
            b"ANSWERED" => Key::Flag(SystemFlag::Answered),
            b"DELETED" => Key::Flag(SystemFlag::Deleted),
            b"DRAFT" => Key::Flag(SystemFlag::Draft),
            b"FLAGGED" => Key::Flag(SystemFlag::Flagged),
            b"SEEN" => Key::Flag(SystemFlag::Seen),
            b"UNANSWERED" => not(Key::Flag(SystemFlag::Answered)),
            b"UNDELETED" => not(Key::Flag(SystemFlag::Deleted)),
            b"UNDRAFT" => not(Key::Flag(SystemFlag::Draft)),
            b"UNFLAGGED" => not(Key::Flag(SystemFlag::Flagged)),
            b"UNSEEN" => not(Key::Flag(SystemFlag::Seen)),
            b"RECENT" => Key::Recent,
            b"OLD" => not(Key::Recent),
            b"NEW" => Key::And(vec![Key::Recent, not(Key::Flag(SystemFlag::Seen))]),
            b"KEYWORD" => self.keyword_argument()?,
            b"UNKEYWORD" => not(self.keyword_argument()?),
            b"BEFORE" => Key::Internal(When::Before, self.date_argument()?),
            b"ON" => Key::Internal(When::On, self.date_argument()?),
            b"SINCE" => Key::Internal(When::Since, self.date_argument()?),
            b"SAVEDBEFORE" => Key::Saved(When::Before, self.date_argument()?),
            b"SAVEDON" => Key::Saved(When::On, self.date_argument()?),
            b"SAVEDSINCE" => Key::Saved(When::Since, self.date_argument()?),
            b"SAVEDATESUPPORTED" => Key::SaveDateSupported,
            b"SENTBEFORE" => Key::Sent(When::Before, self.date_argument()?),
            b"SENTON" => Key::Sent(When::On, self.date_argument()?),
            b"SENTSINCE" => Key::Sent(When::Since, self.date_argument()?),
            b"BCC" | b"CC" | b"FROM" | b"SUBJECT" | b"TO" => {
                Key::Header(String::from_utf8_lossy(&name).into_owned(), self.text_argument(charset)?)
            }
            b"HEADER" => {
                self.space()?;
                let field = self.astring("the name of a header field")?;
                Key::Header(String::from_utf8_lossy(&field).into_owned(), self.text_argument(charset)?)
            }
            b"BODY" => Key::Body(self.text_argument(charset)?),
            b"TEXT" => Key::Text(self.text_argument(charset)?),
            b"LARGER" => Key::Larger(self.number_argument()?),
            b"SMALLER" => Key::Smaller(self.number_argument()?),
            b"MODSEQ" => self.modseq_argument()?,
            b"UID" => {
                self.space()?;
                Key::Uids(self.sequence_set()?)
            }
            b"EMAILID" => Key::EmailId(self.object_id_argument()?),
            b"THREADID" => Key::ThreadId(self.object_id_argument()?),
            b"NOT" => {
                self.space()?;
                not(self.search_key(charset, depth + 1)?)
            }
            b"OR" => {
                self.space()?;
                let one = self.search_key(charset, depth + 1)?;
                self.space()?;
                Key::Or(Box::new(one), Box::new(self.search_key(charset, depth + 1)?))
            }
            _ => return Err(SyntaxError { offset: start, expected: "a search key" }),
        })
    }

    fn search_keys_in_parentheses(&mut self, charset: Charset, depth: usize) -> Parsed<Key> {
        let mut keys = Vec::new();
        loop {
            keys.push(self.search_key(charset, depth + 1)?);
            if self.eat(b')') {
                return Ok(Key::And(keys));
            }
            self.need(b' ', "one space or the closing parenthesis after a search key")?;
        }
    }

    /// ```abnf
    /// search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
    /// search-modseq-ext  = SP entry-name SP entry-type-req
    /// entry-flag-name    = DQUOTE "/flags/" attr-flag DQUOTE
    /// entry-type-req     = "priv" / "shared" / "all"
    /// ```
    /// "If the server doesn't store separate mod-sequences for different metadata items, it MUST ignore <entry-name> and
    /// <entry-type-req>" (RFC 7162 §3.1.5).
    fn modseq_argument(&mut self) -> Parsed<Key> {
        self.space()?;
        if self.peek() == Some(b'"') {
            let start = self.offset();
            let entry = self.quoted()?;
            if entry.strip_prefix(b"/flags/").is_none_or(<[u8]>::is_empty) {
                return Err(SyntaxError { offset: start, expected: "\"/flags/\" and the name of a flag" });
            }
            self.space()?;
            if !["priv", "shared", "all"].iter().any(|kind| self.eat_word(kind)) {
                return self.expected("priv, shared or all");
            }
            self.space()?;
        }
        self.mod_sequence_or_zero().map(Key::ModSeq)
    }

    fn keyword_argument(&mut self) -> Parsed<Key> {
        self.space()?;
        let keyword = self.atom("a keyword")?;
        Ok(Key::Keyword(String::from_utf8_lossy(keyword).into_owned()))
    }

    fn date_argument(&mut self) -> Parsed<Date> {
        self.space()?;
        self.date()
    }

    /// `objectid = 1*255(ALPHA / DIGIT / "_" / "-")` (RFC 8474 §7)
    fn object_id_argument(&mut self) -> Parsed<String> {
        self.space()?;
        let start = self.offset();
        let id = self.take_while(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-'));
        match id.len() {
            1..=255 => Ok(String::from_utf8_lossy(id).into_owned()),
            _ => {
                Err(SyntaxError { offset: start, expected: "an object identifier of 1 to 255 letters, digits, \"_\" and \"-\"" })
            }
        }
    }

    fn number_argument(&mut self) -> Parsed<u32> {
        self.space()?;
        self.number()
    }

    /// A string in the charset announced, US-ASCII if none was.
    fn text_argument(&mut self, charset: Charset) -> Parsed<String> {
        self.space()?;
        let start = self.offset();
        let octets = self.astring("the text to search for")?;
        if charset == Charset::UsAscii && !octets.is_ascii() {
            return Err(SyntaxError { offset: start, expected: "text in US-ASCII, or CHARSET UTF-8 before it" });
        }
        match String::from_utf8(octets.into_owned()) {
            Ok(text) => Ok(text),
            Err(_) if charset == Charset::Unknown => Ok(String::new()),
            Err(_) => Err(SyntaxError { offset: start, expected: "text that is valid UTF-8" }),
        }
    }
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

impl Key {
    /// Whether this key, or one inside it, is such a one.
    pub fn any(&self, is: fn(&Key) -> bool) -> bool {
        is(self)
            || match self {
                Key::Not(key) => key.any(is),
                Key::Or(one, other) => one.any(is) || other.any(is),
                Key::And(keys) => keys.iter().any(|key| key.any(is)),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parse(bytes: &[u8]) -> Parsed<Search> {
        let mut cursor = Cursor::new(bytes);
        let search = cursor.search()?;
        cursor.end()?;
        Ok(search)
    }

    #[rstest]
    #[case("ALL", Key::All)]
    #[case("unseen", not(Key::Flag(SystemFlag::Seen)))]
    #[case("old", not(Key::Recent))]
    #[case("KEYWORD work", Key::Keyword("work".into()))]
    #[case("FROM \"Smith\"", Key::Header("FROM".into(), "Smith".into()))]
    #[case("HEADER X-Y \"\"", Key::Header("X-Y".into(), String::new()))]
    #[case("LARGER 0", Key::Larger(0))]
    #[case("MODSEQ 0", Key::ModSeq(0))]
    #[case("MODSEQ \"/flags/\\\\draft\" all 620162338", Key::ModSeq(620162338))]
    #[case("modseq \"/flags/$mdnsent\" PRIV 9223372036854775807", Key::ModSeq(9223372036854775807))]
    #[case("OR SEEN NOT DRAFT", Key::Or(Box::new(Key::Flag(SystemFlag::Seen)), Box::new(not(Key::Flag(SystemFlag::Draft)))))]
    #[case("(SEEN (DRAFT))", Key::And(vec![Key::Flag(SystemFlag::Seen), Key::And(vec![Key::Flag(SystemFlag::Draft)])]))]
    fn one_key(#[case] text: &str, #[case] expected: Key) {
        assert_eq!(parse(text.as_bytes()).unwrap().keys, [expected]);
    }

    #[rstest]
    #[case("CHARSET UTF-8 SUBJECT {2}\r\n\u{e9} ALL", false, 2)]
    #[case("CHARSET us-ascii ALL", false, 1)]
    #[case("CHARSET \"X-UNKNOWN\" TEXT a", true, 1)]
    #[case("1:3,* UID 443:557 SINCE 1-Feb-1994", false, 3)]
    fn criteria(#[case] text: &str, #[case] unknown_charset: bool, #[case] count: usize) {
        let search = parse(text.as_bytes()).unwrap();
        assert_eq!((search.unknown_charset, search.keys.len()), (unknown_charset, count));
    }

    #[rstest]
    #[case(b"", 0)]
    #[case(b"FOO", 0)]
    #[case(b"FROM", 4)]
    #[case(b"ALL ", 4)]
    #[case(b"ALL  SEEN", 4)]
    #[case(b"(ALL", 4)]
    #[case(b"()", 1)]
    #[case(b"NOT", 3)]
    #[case(b"OR SEEN", 7)]
    #[case(b"SINCE 32-Jan-2000", 6)]
    #[case(b"0", 0)]
    #[case(b"MODSEQ 9223372036854775808", 7)]
    #[case(b"MODSEQ \"/flag/x\" all 1", 7)]
    #[case(b"MODSEQ \"/flags/x\" any 1", 18)]
    #[case(b"MODSEQ \"/flags/x\" 1", 18)]
    #[case(b"CHARSET UTF-8", 13)]
    #[case(b"TEXT {2}\r\n\xc3\xa9", 5)]
    #[case(b"CHARSET UTF-8 TEXT {1}\r\n\xc3", 19)]
    fn refused(#[case] bytes: &[u8], #[case] offset: usize) {
        assert_eq!(parse(bytes).unwrap_err().offset, offset);
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = format!("{}ALL", "NOT ".repeat(10_000));
        assert_eq!(parse(deep.as_bytes()).unwrap_err().expected, "search keys nested no deeper than 64");
    }
}
