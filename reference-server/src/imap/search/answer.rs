//! What the client is told of the messages that were found.

use super::Found;
use crate::faults::{Fault, Faults};
use crate::imap::grammar::search::options::{PartialRange, ReturnOptions};
use crate::imap::grammar::sequence::write_uid_set;
use crate::imap::mailbox_name::write_mailbox_as;
use crate::imap::response::{write_string, write_untagged};
use crate::imap::selected::Naming;
use crate::store::{Mailbox, Uid};

/// How a search is answered.
pub struct Answer<'a> {
    /// The tag of the command.
    pub tag: &'a str,
    /// The mailbox that was searched, if the command does not leave it at the selected one (RFC 7377 §2.1).
    pub mailbox: Option<&'a Mailbox>,
    pub naming: Naming,
    /// What was found, in the order that was asked for.
    pub found: &'a [Found],
    /// The client searched by modification sequences and is told the greatest (RFC 7162 §3.1.5, RFC 4731 §3.2).
    pub by_modseq: bool,
    pub faults: Faults,
    /// The client speaks UTF-8.
    pub utf8: bool,
}

impl Answer<'_> {
    /// `mailbox-data = "SEARCH" *(SP nz-number) [SP search-sort-mod-seq]`, or the same of another name. "the server MUST also
    /// append (to the end of the untagged SEARCH response) the highest mod-sequence for all messages being returned"
    /// (RFC 7162 §3.1.5).
    pub fn write_list(&self, name: &str, out: &mut Vec<u8>) {
        let numbers: String = self.found.iter().map(|found| format!(" {}", self.number(found))).collect();
        let highest = self.highest(self.found).map(|modseq| format!(" (MODSEQ {modseq})")).unwrap_or_default();
        write_untagged(out, format!("{name}{numbers}{highest}"));
    }

    /// The greatest modification sequence of these messages, if the client is to be told.
    fn highest<'f>(&self, found: impl IntoIterator<Item = &'f Found>) -> Option<u64> {
        let told = self.by_modseq && !self.faults.on(Fault::ImapSearchWithoutModseq);
        found.into_iter().map(|found| found.modseq).max().filter(|_| told)
    }

    /// "If the SEARCH/UID SEARCH command contained a single MIN or MAX result option, the MODSEQ result option contains the
    /// mod-sequence for the found message", with both the highest of the two; "Otherwise the MODSEQ result option contains the
    /// highest mod-sequence for all messages being returned" (RFC 4731 §3.2).
    fn modseq(&self, options: &ReturnOptions) -> Option<u64> {
        let ReturnOptions { min, max, all, count, partial, .. } = options;
        if *all || *count || partial.is_some() || !min && !max {
            return self.highest(self.found);
        }
        let (first, last) = (self.found.first().filter(|_| *min), self.found.last().filter(|_| *max));
        self.highest(first.into_iter().chain(last))
    }

    /// ```abnf
    /// esearch-response   = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)     ; RFC 4466 §2.6.2
    /// search-correlator  = SP "(" one-correlator *(SP one-correlator) ")"                        ; RFC 7377 §4
    /// one-correlator     = ("TAG" SP tag-string) / ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)
    /// search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number
    /// ```
    /// "If the SEARCH results in no matches, the server MUST NOT include the MIN result option in the ESEARCH response;
    /// however, it still MUST send the ESEARCH response" (RFC 4731 §3.1); MAX and ALL the same.
    pub fn write_extended(&self, options: &ReturnOptions, out: &mut Vec<u8>) {
        out.extend_from_slice(b"* ESEARCH (TAG ");
        write_string(out, self.tag.as_bytes());
        if let Some(mailbox) = self.mailbox {
            out.extend_from_slice(b" MAILBOX ");
            write_mailbox_as(out, &mailbox.name, self.utf8);
            out.extend_from_slice(format!(" UIDVALIDITY {}", mailbox.uidvalidity).as_bytes());
        }
        out.push(b')');
        if self.naming == Naming::Uids && !self.faults.on(Fault::ImapEsearchWithoutUid) {
            out.extend_from_slice(b" UID");
        }
        let mut data = String::new();
        let (first, last) = (self.found.first(), self.found.last());
        if let Some(found) = first.filter(|_| options.min) {
            data.push_str(&format!(" MIN {}", self.number(found)));
        }
        if let Some(found) = last.filter(|_| options.max) {
            data.push_str(&format!(" MAX {}", self.number(found)));
        }
        if options.all && !self.found.is_empty() {
            data.push_str(&format!(" ALL {}", self.set(self.found)));
        } else if options.all && self.faults.on(Fault::ImapEsearchAllOfNothing) {
            data.push_str(" ALL 0");
        }
        if let Some(range) = &options.partial {
            data.push_str(&format!(" PARTIAL ({} {})", range.written, self.part(range)));
        }
        if options.relevancy {
            let told = options.partial.as_ref().map_or(self.found, |range| range.of(self.found));
            let scores: Vec<String> = told.iter().map(|found| found.score.to_string()).collect();
            data.push_str(&format!(" RELEVANCY ({})", scores.join(" ")));
        }
        if options.count {
            data.push_str(&format!(" COUNT {}", self.found.len()));
        }
        if let Some(modseq) = self.modseq(options) {
            data.push_str(&format!(" MODSEQ {modseq}"));
        }
        out.extend_from_slice(data.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// `partial-results = sequence-set / "NIL"` (RFC 5267 §5).
    fn part(&self, range: &PartialRange) -> String {
        match range.of(self.found) {
            _ if self.faults.on(Fault::ImapPartialIgnoresRange) => self.set(self.found),
            [] => "NIL".to_owned(),
            part => self.set(part),
        }
    }

    fn set(&self, found: &[Found]) -> String {
        write_uid_set(&found.iter().map(|found| self.number(found)).collect::<Vec<_>>())
    }

    fn number(&self, found: &Found) -> u32 {
        match self.naming {
            Naming::Numbers => found.number,
            Naming::Uids => found.uid,
        }
    }
}

/// What `$` holds after a search with SAVE, ascending: with MIN, MAX and PARTIAL alone the messages they told of, else all
/// (RFC 5182 §2.4, RFC 9394 §3.2).
pub fn saved(found: &[Found], options: &ReturnOptions) -> Vec<Uid> {
    let ReturnOptions { min, max, partial, .. } = options;
    let everything = options.all || options.count || !min && !max && partial.is_none();
    let mut saved: Vec<Uid> = match everything {
        true => found.iter().map(|found| found.uid).collect(),
        false => {
            let first = found.first().filter(|_| *min);
            let last = found.last().filter(|_| *max);
            let part = partial.as_ref().map_or(&[][..], |range| range.of(found));
            first.into_iter().chain(last).chain(part).map(|found| found.uid).collect()
        }
    };
    saved.sort_unstable();
    saved.dedup();
    saved
}
