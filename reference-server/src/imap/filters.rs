//! Searches that are kept under a name in the annotations of the server (RFC 5466).

use super::context::{Context, refusal};
use super::grammar::Cursor;
use super::grammar::cursor::Parsed;
use super::grammar::search::Program;
use super::grammar::search::charset::Charset;
use super::grammar::search::filter::is_filter_name;
use super::response::{Code, Status};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::store::THE_SERVER;

/// Where the filters of a user are kept, and those of everybody.
const HIERARCHIES: [&str; 2] = ["/private/filters/values/", "/shared/filters/values/"];

/// "Implementations MUST be able to perform at least 3 substitution passes" (RFC 5466 §3.1). What is not more needs no other
/// detection of loops.
const PASSES: usize = 3;

/// The longest criterion, in octets: filters that use others many times would grow beyond all bounds.
const LONGEST: usize = 128 * 1024;

/// The charsets a search with a filter may be in.
const CHARSETS: &[&str] = &["UTF-8", "US-ASCII"];

impl Context {
    /// The criteria with each filter replaced by what it stands for, word by word: "its search criterion (i.e., the associated
    /// entry value) is inserted verbatim instead of the FILTER search-key" (RFC 5466 §3.1).
    pub fn without_filters(&self, mut program: Program) -> Result<Program, Status> {
        if !program.has_filters() {
            return Ok(program);
        }
        // "If the SEARCH/UID SEARCH command includes the explicit CHARSET parameter with the value other than "UTF-8" or
        // "US-ASCII", then such command MUST result in the tagged BAD response from the server" (RFC 5466 §3.1).
        let any_charset = self.faults().on(Fault::ImapFilterInAnyCharset);
        if !matches!(program.charset, Charset::Utf8 | Charset::UsAscii) && !any_charset {
            return Err(Status::bad("A search with a filter is in UTF-8").with(Code::BadCharset(CHARSETS)));
        }
        let passes = if self.faults().on(Fault::ImapFiltersDoNotNest) { 1 } else { PASSES };
        for _ in 0..passes {
            let text = self.substituted(&program)?;
            program = self.criterion(&text).map_err(|error| Status::no(None, format!("With its filters: {error}")))?;
            if !program.has_filters() {
                return Ok(program);
            }
        }
        // "or still sees a FILTER search-key after performing at least 3 substitutions, it MUST behave as if the specified filter
        // doesn't exist" (RFC 5466 §3.1).
        Err(undefined(program.filters().first().map_or("", |used| &used.name)))
    }

    /// The text of the criteria with what its filters stand for in their places.
    fn substituted(&self, program: &Program) -> Result<Vec<u8>, Status> {
        let mut text = Vec::new();
        let mut at = 0;
        for used in program.filters() {
            text.extend_from_slice(program.text.get(at..used.at.start).unwrap_or_default());
            text.extend(self.filter(&used.name)?);
            at = used.at.end;
            if text.len() > LONGEST {
                let why = format!("With its filters the criterion has more than {LONGEST} octets");
                return Err(Status::no(Code::Limit, why));
            }
        }
        text.extend_from_slice(program.text.get(at..).unwrap_or_default());
        Ok(text)
    }

    /// What a name stands for: the user's own filter, or else that of everybody (RFC 5466 §3.2). "the server SHOULD verify that each search
    /// criterion referenced by the FILTER search key is a full and correct search criterion" (RFC 5466 §3.1).
    fn filter(&self, name: &str) -> Result<Vec<u8>, Status> {
        let mut entries = HIERARCHIES.map(|hierarchy| format!("{hierarchy}{}", name.to_ascii_lowercase()));
        if self.faults().on(Fault::ImapSharedFilterFirst) {
            entries.reverse();
        }
        let known = if self.faults().on(Fault::ImapIgnoresSharedFilters) { 1 } else { entries.len() };
        let all = self.store.annotations(THE_SERVER, self.account_name()).map_err(refusal)?;
        let found = entries.iter().take(known).find_map(|entry| all.iter().find(|(known, _)| known == entry));
        match found {
            Some((_, value)) if self.criterion(value).is_ok() => Ok(value.clone()),
            Some(_) => Err(Status::no(None, format!("The filter {name} is no criterion of a search"))),
            None if self.faults().on(Fault::ImapUndefinedFilterFindsAll) => Ok(b"ALL".to_vec()),
            None => Err(undefined(name)),
        }
    }

    /// "values of all search keys stored in these entries MUST be encoded in UTF-8" (RFC 5466 §3.2).
    fn criterion(&self, text: &[u8]) -> Parsed<Program> {
        let mut cursor = Cursor::of_server(text, self.site.without).with_utf8(true);
        let program = cursor.search_keys(Charset::Utf8)?;
        cursor.end()?;
        Ok(program)
    }

    /// Whether the server takes this for an annotation of its own. "The server SHOULD verify that each search criterion stored in
    /// such a server entry is a full and correct search criterion" (RFC 5466 §3.2).
    pub fn check_filter(&self, entry: &str, value: &[u8]) -> Result<(), Status> {
        let Some(name) = HIERARCHIES.iter().find_map(|hierarchy| entry.strip_prefix(hierarchy)) else { return Ok(()) };
        if self.lacks(Extension::ImapFilters) || self.faults().on(Fault::ImapFilterUnchecked) {
            return Ok(());
        }
        if !is_filter_name(name.as_bytes()) {
            return Err(Status::no(Code::Cannot, "No filter can have this name; nothing was changed"));
        }
        match self.criterion(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(Status::no(Code::Cannot, format!("{error} of the criterion; nothing was changed"))),
        }
    }
}

/// "the tagged NO response that includes the UNDEFINED-FILTER response code followed by the name of the nonexistent/unaccessible
/// filter" (RFC 5466 §3.1).
fn undefined(name: &str) -> Status {
    Status::no(Code::UndefinedFilter(name.to_owned()), "There is no such filter, or it uses others too deep")
}
