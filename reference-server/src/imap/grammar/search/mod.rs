//! What SEARCH looks for.

pub mod charset;
pub mod filter;
mod key;
pub mod options;

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::extensions::Extension;
use crate::imap::collation::casemap;
use crate::store::SystemFlag;
pub use key::{Key, Program, Search, When};

use charset::Charset;
use options::Extended;
use time::Date;

/// How deep NOT, OR and parentheses may nest; the grammar sets no limit, the stack does.
const DEEPEST: usize = 64;

impl Cursor<'_> {
    /// After `SEARCH` and its space; strings are in the charset given if the client names none.
    ///
    /// ```abnf
    /// search         = "SEARCH" [search-return-opts] SP search-program       ; RFC 4466 §2.6.1
    /// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
    /// ```
    pub fn search(&mut self, usual: Charset) -> Parsed<Search> {
        let options = self.return_options(Extended::Search)?;
        Ok(Search { options, program: self.search_program(usual)? })
    }

    /// The criteria, with the charset of their strings before them if it is not the usual one.
    pub fn search_program(&mut self, usual: Charset) -> Parsed<Program> {
        if !self.eat_word("CHARSET") {
            return self.search_keys_in_usual_charset(usual);
        }
        self.space()?;
        let charset = self.charset()?;
        self.space()?;
        Ok(Program { names_charset: true, ..self.search_keys(charset)? })
    }

    /// `search-key *(SP search-key)`
    pub fn search_keys(&mut self, charset: Charset) -> Parsed<Program> {
        let start = self.offset();
        let mut keys = vec![self.search_key(charset, 0)?];
        while self.eat(b' ') {
            keys.push(self.search_key(charset, 0)?);
        }
        let filtered = keys.iter().any(|key| key.any(|key| matches!(key, Key::Filter(_))));
        let text = if filtered { self.since(start).to_vec() } else { Vec::new() };
        if filtered {
            keys.iter_mut().for_each(|key| key.count_from(start));
        }
        Ok(Program { charset, names_charset: false, keys, text })
    }

    /// ```abnf
    /// search-key = "ALL" / "ANSWERED" / "BCC" SP astring / "BEFORE" SP date / "BODY" SP astring / "CC" SP astring /
    ///              "DELETED" / "FLAGGED" / "FROM" SP astring / "KEYWORD" SP flag-keyword / "NEW" / "OLD" /
    ///              "ON" SP date / "RECENT" / "SEEN" / "SINCE" SP date / "SUBJECT" SP astring / "TEXT" SP astring /
    ///              "TO" SP astring / "UNANSWERED" / "UNDELETED" / "UNFLAGGED" / "UNKEYWORD" SP flag-keyword /
    ///              "UNSEEN" / "DRAFT" / "HEADER" SP header-fld-name SP astring / "LARGER" SP number /
    ///              "NOT" SP search-key / "OR" SP search-key SP search-key / "SENTBEFORE" SP date /
    ///              "SENTON" SP date / "SENTSINCE" SP date / "SMALLER" SP number / "UID" SP sequence-set /
    ///              "UNDRAFT" / sequence-set / "(" search-key *(SP search-key) ")"
    /// search-key =/ ( "OLDER" / "YOUNGER" ) SP nz-number      ; RFC 5032 §3
    /// search-key =/ "FUZZY" SP search-key                     ; RFC 6203 §7
    /// search-key =/ "FILTER" SP filter-name                   ; RFC 5466 §4
    /// search-key =/ ("UIDAFTER" / "UIDBEFORE") SP uniqueid    ; RFC 9738 §3.2
    /// search-key =/ "EMAILID" SP objectid / "THREADID" SP objectid    ; RFC 8474 §7
    /// search-key =/ "SAVEDBEFORE" SP date / "SAVEDON" SP date / "SAVEDSINCE" SP date / "SAVEDATESUPPORTED"    ; RFC 8514 §5
    /// ```
    fn search_key(&mut self, charset: Charset, depth: usize) -> Parsed<Key> {
        if depth > DEEPEST {
            return self.expected("search keys nested no deeper than 64");
        }
        if self.eat(b'(') {
            return self.search_keys_in_parentheses(charset, depth);
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'*')) || self.at_saved_result() {
            return self.sequence_set().map(Key::Numbers);
        }
        let start = self.offset();
        let name = self.atom("a search key")?.to_ascii_uppercase();
        let save_dates = !self.lacks(Extension::ImapSaveDate);
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
            b"SAVEDBEFORE" if save_dates => Key::Saved(When::Before, self.date_argument()?),
            b"SAVEDON" if save_dates => Key::Saved(When::On, self.date_argument()?),
            b"SAVEDSINCE" if save_dates => Key::Saved(When::Since, self.date_argument()?),
            b"SAVEDATESUPPORTED" if save_dates => Key::SaveDateSupported,
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
            b"LARGER" => Key::Larger(self.octets_argument()?),
            b"SMALLER" => Key::Smaller(self.octets_argument()?),
            b"OLDER" if !self.lacks(Extension::ImapWithin) => Key::Older(self.nz_number_argument()?),
            b"YOUNGER" if !self.lacks(Extension::ImapWithin) => Key::Younger(self.nz_number_argument()?),
            b"MODSEQ" if !self.lacks(Extension::ImapCondStore) => self.modseq_argument()?,
            b"UID" => {
                self.space()?;
                Key::Uids(self.sequence_set()?)
            }
            b"UIDAFTER" if !self.lacks(Extension::ImapMessageLimit) => Key::UidAfter(self.nz_number_argument()?),
            b"UIDBEFORE" if !self.lacks(Extension::ImapMessageLimit) => Key::UidBefore(self.nz_number_argument()?),
            b"FUZZY" if !self.lacks(Extension::ImapSearchFuzzy) => {
                self.space()?;
                Key::Fuzzy(Box::new(self.search_key(charset, depth + 1)?))
            }
            b"FILTER" if !self.lacks(Extension::ImapFilters) => Key::Filter(self.filter_argument(start)?),
            b"EMAILID" if !self.lacks(Extension::ImapObjectId) => Key::EmailId(self.object_id_argument()?),
            b"THREADID" if !self.lacks(Extension::ImapObjectId) => Key::ThreadId(self.object_id_argument()?),
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

    /// `number64` (RFC 9051 §9)
    fn octets_argument(&mut self) -> Parsed<u64> {
        self.space()?;
        self.octets()
    }

    fn nz_number_argument(&mut self) -> Parsed<u32> {
        self.space()?;
        self.nz_number()
    }

    /// A string in the charset announced, as it is compared.
    fn text_argument(&mut self, charset: Charset) -> Parsed<String> {
        self.space()?;
        self.text(charset).map(|text| casemap(&text))
    }

    /// Whether `$` is next, alone: a keyword may begin with it, but no keyword stands where a search key does.
    fn at_saved_result(&self) -> bool {
        self.peek() == Some(b'$') && !self.lacks(Extension::ImapSearchRes)
    }
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use options::{PartialRange, ReturnOptions};
    use rstest::rstest;

    fn parse(bytes: &[u8]) -> Parsed<Program> {
        parse_without(bytes, &[]).map(|search| search.program)
    }

    fn parse_without(bytes: &[u8], without: &[Extension]) -> Parsed<Search> {
        let mut cursor = Cursor::of_server(bytes, without.iter().copied().collect());
        let search = cursor.search(Charset::UsAscii)?;
        cursor.end()?;
        Ok(search)
    }

    #[rstest]
    #[case("ALL", Key::All)]
    #[case("unseen", not(Key::Flag(SystemFlag::Seen)))]
    #[case("old", not(Key::Recent))]
    #[case("KEYWORD work", Key::Keyword("work".into()))]
    #[case("FROM \"Smith\"", Key::Header("FROM".into(), "SMITH".into()))]
    #[case("HEADER X-Y \"\"", Key::Header("X-Y".into(), String::new()))]
    #[case("LARGER 0", Key::Larger(0))]
    #[case("SMALLER 9223372036854775807", Key::Smaller(9223372036854775807))]
    #[case("OLDER 86400", Key::Older(86400))]
    #[case("younger 1", Key::Younger(1))]
    #[case("FUZZY SUBJECT work", Key::Fuzzy(Box::new(Key::Header("SUBJECT".into(), "WORK".into()))))]
    #[case("FUZZY (SEEN)", Key::Fuzzy(Box::new(Key::And(vec![Key::Flag(SystemFlag::Seen)]))))]
    #[case("UIDAFTER 25000", Key::UidAfter(25000))]
    #[case("uidbefore 1", Key::UidBefore(1))]
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
        assert_eq!((!search.charset_is_known(), search.keys.len()), (unknown_charset, count));
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
    #[case(b"CHARSET Shift_JIS TEXT {1}\r\n\x93", 23)]
    #[case(b"OLDER 0", 6)]
    #[case(b"OLDER -1", 6)]
    #[case(b"YOUNGER", 7)]
    #[case(b"UIDAFTER 0", 9)]
    #[case(b"UIDAFTER 1:2", 10)]
    #[case(b"UIDBEFORE *", 10)]
    #[case(b"FUZZY", 5)]
    #[case(b"FILTER", 6)]
    #[case(b"FILTER a/b", 7)]
    #[case(b"FILTER \"a\"", 7)]
    #[case(b"$Junk", 1)]
    #[case(b"RETURN ALL", 7)]
    #[case(b"RETURN (PARTIAL) ALL", 15)]
    #[case(b"RETURN (PARTIAL 0:5) ALL", 16)]
    #[case(b"RETURN (PARTIAL 5) ALL", 17)]
    #[case(b"RETURN (PARTIAL 1:*) ALL", 18)]
    #[case(b"RETURN (PARTIAL 1:-5) ALL", 18)]
    #[case(b"RETURN (PARTIAL -1:5) ALL", 19)]
    #[case(b"RETURN (PARTIAL 1:5 PARTIAL 6:9) ALL", 20)]
    #[case(b"RETURN (PARTIAL 1:5 ALL) ALL", 8)]
    #[case(b"RETURN (ALL PARTIAL 1:5) ALL", 8)]
    #[case(b"RETURN (MIN  MAX) ALL", 12)]
    #[case(b"RETURN (MIN FOO) ALL", 12)]
    #[case(b"RETURN (MIN) ", 13)]
    #[case(b"RETURN () CHARSET", 17)]
    #[case(b"RETURN (MIN)", 12)]
    #[case(b"RETURN (MIN ALL", 15)]
    fn refused(#[case] bytes: &[u8], #[case] offset: usize) {
        assert_eq!(parse(bytes).unwrap_err().offset, offset);
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = format!("{}ALL", "NOT ".repeat(10_000));
        assert_eq!(parse(deep.as_bytes()).unwrap_err().expected, "search keys nested no deeper than 64");
    }

    #[rstest]
    #[case("RETURN () ALL", Some(ReturnOptions::everything()))]
    #[case("return (min Max) ALL", Some(ReturnOptions { min: true, max: true, ..ReturnOptions::default() }))]
    #[case("RETURN (SAVE COUNT COUNT) ALL", Some(ReturnOptions { save: true, count: true, ..ReturnOptions::default() }))]
    #[case("RETURN (UPDATE CONTEXT) ALL", Some(ReturnOptions { update: true, context: true, ..ReturnOptions::default() }))]
    #[case("RETURN (RELEVANCY) ALL", Some(ReturnOptions { relevancy: true, ..ReturnOptions::default() }))]
    #[case("RETURN (PARTIAL 500:400) ALL", Some(ReturnOptions {
        partial: Some(PartialRange { written: "500:400".into(), first: 400, last: 500, from_end: false }),
        ..ReturnOptions::default()
    }))]
    #[case("RETURN (PARTIAL -1:-100) ALL", Some(ReturnOptions {
        partial: Some(PartialRange { written: "-1:-100".into(), first: 1, last: 100, from_end: true }),
        ..ReturnOptions::default()
    }))]
    #[case("ALL", None)]
    fn result_options(#[case] text: &str, #[case] expected: Option<ReturnOptions>) {
        assert_eq!(parse_without(text.as_bytes(), &[]).unwrap().options, expected);
    }

    #[rstest]
    #[case("RETURN (MIN) ALL", Extension::ImapEsearch, 8)]
    #[case("RETURN (MIN SAVE) ALL", Extension::ImapSearchRes, 12)]
    #[case("$ ALL", Extension::ImapSearchRes, 0)]
    #[case("UID $", Extension::ImapSearchRes, 4)]
    #[case("OLDER 5", Extension::ImapWithin, 0)]
    #[case("YOUNGER 5", Extension::ImapWithin, 0)]
    #[case("UIDAFTER 5", Extension::ImapMessageLimit, 0)]
    #[case("UIDBEFORE 5", Extension::ImapMessageLimit, 0)]
    #[case("LARGER 4294967296", Extension::ImapRev2, 7)]
    #[case("FUZZY ALL", Extension::ImapSearchFuzzy, 0)]
    #[case("EMAILID M1", Extension::ImapObjectId, 0)]
    #[case("FILTER on-the-road", Extension::ImapFilters, 0)]
    #[case("SAVEDON 1-Jan-2000", Extension::ImapSaveDate, 0)]
    #[case("MODSEQ 5", Extension::ImapCondStore, 0)]
    #[case("THREADID T1", Extension::ImapObjectId, 0)]
    #[case("RETURN (RELEVANCY) FUZZY ALL", Extension::ImapSearchFuzzy, 8)]
    #[case("RETURN (UPDATE) ALL", Extension::ImapContextSearch, 8)]
    #[case("RETURN (CONTEXT) ALL", Extension::ImapContextSearch, 8)]
    #[case("RETURN (PARTIAL -1:-5) ALL", Extension::ImapPartial, 16)]
    fn what_is_switched_off_is_no_syntax(#[case] text: &str, #[case] without: Extension, #[case] offset: usize) {
        assert!(parse_without(text.as_bytes(), &[]).is_ok());
        assert_eq!(parse_without(text.as_bytes(), &[without]).unwrap_err().offset, offset);
    }
}
