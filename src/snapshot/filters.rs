//! Named filters: which parts of a transcript change from run to run without anything having changed. A target adds its own to
//! the ones here.

use std::sync::LazyLock;

use regex::Regex;

/// What a filter is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What was sent, what came, and events.
    Both,
    Sent,
    Received,
    /// What was sent within a SASL exchange, behind the command that began it.
    Exchange,
    /// Replies that follow one of these commands on their connection.
    AnswerTo(&'static [&'static str]),
}

/// The filters of a run: those every snapshot goes through, then those of the target.
#[derive(Clone, Debug)]
pub struct Filters(Vec<Filter>);

impl Filters {
    /// `extra` are names and regular expressions. An expression sees one line at a time, of either direction, in the notation of
    /// [`crate::transcript::lines`]; its groups (without groups: the whole match) are shown as `${name}`. The error
    /// names the filter that is none.
    pub fn new(extra: &[(String, String)]) -> Result<Filters, String> {
        let mut filters = DEFAULTS.clone();
        for (name, expression) in extra {
            let filter = Filter::new(name, Scope::Both, expression);
            filters.push(filter.map_err(|why| format!("the snapshot filter `{name}` is no regular expression: {why}"))?);
        }
        Ok(Filters(filters))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Filter> {
        self.0.iter()
    }
}

impl Default for Filters {
    fn default() -> Self {
        Filters(DEFAULTS.clone())
    }
}

/// One named expression.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    name: String,
    pub(super) scope: Scope,
    expression: Regex,
}

impl Filter {
    fn new(name: &str, scope: Scope, expression: &str) -> Result<Filter, regex::Error> {
        Ok(Filter { name: name.to_owned(), scope, expression: Regex::new(expression)? })
    }

    /// `line` with what this filter names replaced.
    pub(super) fn apply(&self, line: &str) -> String {
        let shown = format!("${{{}}}", self.name);
        let mut out = String::with_capacity(line.len());
        let mut copied = 0;
        for found in self.expression.captures_iter(line) {
            let skip = usize::from(found.len() > 1);
            for part in found.iter().skip(skip).flatten() {
                // A group inside another one was shown with it.
                if part.start() < copied {
                    continue;
                }
                out.push_str(line.get(copied..part.start()).unwrap_or(""));
                out.push_str(&shown);
                copied = part.end();
            }
        }
        out.push_str(line.get(copied..).unwrap_or(""));
        out
    }
}

const MONTH: &str = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";

/// Name, scope, expression, first things first: dates before the numbers in them. `MONTH` is filled in.
const TABLE: &[(&str, Scope, &str)] = &[
    // RFC 5322 §3.3, with the comment many servers put behind the zone.
    (
        "date-time",
        Scope::Both,
        r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ?)?\b\d{1,2} MONTH \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|[A-Z]{1,4}\b)(?: \([A-Za-z]+\))?",
    ),
    // RFC 9051 §9, date-time.
    ("date-time", Scope::Both, r#"[ \d]\d-MONTH-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"#),
    // RFC 3339.
    ("date-time", Scope::Both, r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
    ("timing", Scope::Received, r"\((\d+(?:\.\d+)?(?: ?\+ ?[\d.]+)* ?(?:ms|msecs?|s|secs?|seconds)\b[^()]*)\)"),
    ("timing", Scope::Received, r"\bin (\d+(?:\.\d+)? ?(?:ms|msecs?|s|secs?|seconds))\b"),
    ("queue-id", Scope::Received, r"(?i)\bqueued (?:as|mail for delivery, id) ([0-9a-z._-]*[0-9a-z])"),
    ("queue-id", Scope::Received, r"(?i)\bqueue entry (\d+)"),
    // RFC 3464 §2.3.8.
    ("queue-id", Scope::Received, r"(?i)^final-log-id: *(\S+)"),
    ("queue-id", Scope::Received, r"(?i)\bid[ =]([0-9a-z._+/=-]*\d[0-9a-z._+/=-]*)"),
    // A boundary that a server made up (RFC 3464 §2). A tab in front of it is shown as `\t`, so there is no word boundary.
    ("boundary", Scope::Received, r#"(?i)boundary="?([^";\s]*?[0-9a-f]{12,})"#),
    ("boundary", Scope::Received, r"^--([^\s]*?[0-9a-f]{12,})(?:--)?$"),
    // The time stamp of APOP (RFC 1939 §7).
    ("message-id", Scope::Received, r"^\+OK [^<]*<([^<>\s]+@[^<>\s]*)>"),
    // What answers it, and SASL challenges and responses: they hold the account, a time stamp, or a digest of one.
    ("digest", Scope::Sent, r"(?i)^APOP \S+ ([0-9a-f]{32})$"),
    ("challenge", Scope::Received, r"^(?:334|\+) ([A-Za-z0-9+/]{12,}={0,2})$"),
    ("response", Scope::Sent, r"(?i)\bAUTH(?:ENTICATE)? \S+ ([A-Za-z0-9+/]{6,}={0,2})$"),
    ("response", Scope::Exchange, r"^([A-Za-z0-9+/]{6,}={0,2})$"),
    ("response", Scope::Sent, r"^([A-Za-z0-9+/]{12,}={1,2})$"),
    ("response", Scope::Sent, r"^(A[GH][A-Za-z0-9+/]{10,}={0,2})$"),
    // Which of several sessions is told first is the network's doing (RFC 3501 §2.3.2).
    ("recent", Scope::Received, r"^\* (\d+) RECENT$"),
    // A local part with a long number is made by a clock or a counter.
    ("message-id", Scope::Received, r"<([^<>@\s]*\d{4}[^<>@\s]*@[^<>\s]+)>"),
    ("message-id", Scope::Received, r"(?i)^message-id:\s*<([^<>]+)>"),
    ("session", Scope::Received, r"(?i)\bsession(?:id)?(?:=|: ?| )<?([0-9a-z+/=._-]{6,})"),
    // LMTP: the session stands between the recipient and the word (RFC 2033 leaves the text free).
    ("session", Scope::Received, r"> ([0-9A-Za-z+/=:]{16,}) Saved"),
    ("peer", Scope::Both, r"\b(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}\b"),
    ("peer", Scope::Both, r"\[[0-9a-fA-F:]*:[0-9a-fA-F:]*\]:\d{1,5}\b"),
    ("uidvalidity", Scope::Received, r"(?i)\b(?:UIDVALIDITY|APPENDUID|COPYUID) (\d+)"),
    ("uid", Scope::Received, r"(?i)\b(?:APPENDUID|COPYUID) \S+ (\d[\d:,]*)(?: (\d[\d:,]*))?"),
    ("uid", Scope::Received, r"(?i)\b(?:UIDNEXT|UID) (\d+)"),
    ("uid", Scope::Sent, r"(?i)\bUID (?:FETCH|STORE|COPY|MOVE|EXPUNGE) (\d[\d:,]*)(?: |$)"),
    ("uidl", Scope::AnswerTo(&["UIDL"]), r"^(?:\+OK )?\d+ (\S+)$"),
    ("modseq", Scope::Received, r"(?i)\b(?:HIGHESTMODSEQ|MODSEQ) \(?(\d+)"),
    ("object-id", Scope::Received, r"(?i)\b(?:MAILBOXID|EMAILID|THREADID) \(([^()]+)\)"),
    ("object-id", Scope::Sent, r"(?i)\b(?:EMAILID|THREADID) ([A-Za-z0-9_-]+)$"),
    ("host", Scope::AnswerTo(&["EHLO", "HELO", "LHLO"]), r"^250[ -]([0-9A-Za-z.-]*[.][0-9A-Za-z.-]+)"),
];

static DEFAULTS: LazyLock<Vec<Filter>> = LazyLock::new(|| {
    let made = TABLE.iter().map(|(name, scope, expression)| Filter::new(name, *scope, &expression.replace("MONTH", MONTH)));
    // A test sees to it that every expression of the table is one.
    made.flatten().collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    /// `line` after every default filter that a reply to `command` sees.
    fn filtered(line: &str) -> String {
        DEFAULTS.iter().filter(|f| f.scope != Scope::Sent).fold(line.to_owned(), |line, filter| match filter.scope {
            Scope::AnswerTo(_) => line,
            _ => filter.apply(&line),
        })
    }

    #[test]
    fn every_expression_of_the_table_compiles() {
        assert_eq!(DEFAULTS.len(), TABLE.len());
        let refused = Filters::new(&[("size".into(), "(".into())]).unwrap_err();
        assert!(refused.contains("`size`"), "{refused}");
    }

    #[test]
    fn what_changes_from_run_to_run_is_named() {
        for (line, expected) in [
            ("250 2.0.0 Ok: queued as 4bXyz1", "250 2.0.0 Ok: queued as ${queue-id}"),
            ("\tby mx (Postfix) with ESMTP id 6A1F2C0; Mon, 23 Nov 2026 05:01:02 +0000 (UTC)", {
                "\tby mx (Postfix) with ESMTP id ${queue-id}; ${date-time}"
            }),
            ("* 1 FETCH (INTERNALDATE \" 7-Jul-1996 02:44:25 -0700\" UID 57)", {
                "* 1 FETCH (INTERNALDATE \"${date-time}\" UID ${uid})"
            }),
            ("a1 OK Fetch completed (0.001 + 0.000 + 0.002 secs).", "a1 OK Fetch completed (${timing})."),
            ("Final-Log-ID: 294", "Final-Log-ID: ${queue-id}"),
            ("\tboundary=\"report-25-d31f1818fcf70986\"", "\tboundary=\"${boundary}\""),
            ("--report-25-d31f1818fcf70986--", "--${boundary}--"),
            ("* OK [UIDVALIDITY 1795409406] UIDs valid", "* OK [UIDVALIDITY ${uidvalidity}] UIDs valid"),
            ("a2 OK [COPYUID 38505 304,319:320 3956:3958] Done", "a2 OK [COPYUID ${uidvalidity} ${uid} ${uid}] Done"),
            ("a2 OK [APPENDUID 38505 3955] Done", "a2 OK [APPENDUID ${uidvalidity} ${uid}] Done"),
            ("+OK ready <1896.697170952@dbc.example>", "+OK ready <${message-id}>"),
            ("+OK Dovecot ready. <7.1.6b3e.byapgItehpRybZoM9L2MYg==@vm>", "+OK Dovecot ready. <${message-id}>"),
            (
                "+OK Mailbox locked and ready SESSIONID=<cyrus-17953-301-1-7063>",
                "+OK Mailbox locked and ready SESSIONID=<${session}>",
            ),
            ("a OK Completed (0.000 secs 5 calls)", "a OK Completed (${timing})"),
            ("250 OK id=1xVIxU-00076i-2h", "250 OK id=${queue-id}"),
            (
                "\tby vm with LMTP id QGkWBHqx/2+A==; Mon, 3 Nov 2026 05:01:02 +0000",
                "\tby vm with LMTP id ${queue-id}; ${date-time}",
            ),
            ("* OK [MAILBOXID (g9mjs0rcl7otvmtacso8wboz)] Ok", "* OK [MAILBOXID (${object-id})] Ok"),
            ("* OK [HIGHESTMODSEQ 715194045007]", "* OK [HIGHESTMODSEQ ${modseq}]"),
            ("250 2.0.0 <a@b.example> wH2tBQABC1234567+A== Saved", "250 2.0.0 <a@b.example> ${session} Saved"),
            ("421 127.0.0.1:4025 and [::1]:25 since 2026-11-23T05:01:02.5Z", "421 ${peer} and ${peer} since ${date-time}"),
        ] {
            assert_eq!(filtered(line), expected);
        }
    }

    #[test]
    fn what_a_server_always_says_stays() {
        for line in [
            "* 3 EXISTS",
            "* STATUS box (MESSAGES 2 RECENT 0)",
            "250 2.1.5 <alice@example.org> recipient ok",
            "-ERR [AUTH] Authentication failed.",
            "* ID (\"name\" \"Dovecot\")",
            "a1 OK ID completed",
            "250-SIZE 10240000",
            "a NO Session was closed",
            "+OK 2 messages (340 octets)",
        ] {
            assert_eq!(filtered(line), line);
        }
    }
}
