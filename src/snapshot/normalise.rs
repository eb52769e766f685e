//! A transcript as text that two runs share: the notation of the suites, with names where values were.

use std::collections::{HashMap, HashSet};

use super::filters::{Filter, Filters, Scope};
use super::naming::Values;
use super::{order, page};
use crate::suite::{ConnectionName, Party};
use crate::transcript::{Entry, Transcript, What, lines};

/// What was said after the start state was reached, line by line: `C: …`, `S: …`, `S[reader]: …` and `# …` for events. CRLF is
/// implied, other line ends and trailing blanks are visible ([`lines`]); a literal `${` is written `$${`.
///
/// `values` are the case's own (mailbox names, addresses, what captures bound), shown as `${name}`; where two are equal the
/// first names both. A name that ends with a dot stands for a prefix: with `new.` and `p7-`, `p7-box1` is shown as `${new.box1}`.
pub fn normalise(transcript: &Transcript, values: &[(String, Vec<u8>)], filters: &Filters) -> String {
    let hosts: Vec<Vec<u8>> = transcript.entries.iter().filter_map(greeting_host).collect();
    let known = values.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let values = Values::new(known.chain(hosts.iter().map(|host| ("host", host.as_slice()))));

    let mut whole = String::new();
    let mut commands: HashMap<&ConnectionName, String> = HashMap::new();
    let mut exchanges: HashSet<&ConnectionName> = HashSet::new();
    for entry in &transcript.entries {
        if let What::Sent(bytes) = &entry.what {
            commands.insert(&entry.connection, last_command(bytes));
        }
        if entry.preparing || is_an_end(&entry.what) {
            continue;
        }
        let command = commands.get(&entry.connection).map_or("", String::as_str);
        let (ours, theirs) = match entry.party {
            Party::Server => ("C", "S"),
            Party::Client => ("S", "C"),
        };
        let exchanging = exchanges.contains(&entry.connection);
        match goes_on(&entry.what, exchanging) {
            true => exchanges.insert(&entry.connection),
            false => exchanges.remove(&entry.connection),
        };
        let seen = |filter: &&Filter| match filter.scope {
            Scope::Exchange => exchanging && matches!(entry.what, What::Sent(_)),
            scope => applies(scope, &entry.what, command),
        };
        let filtered = |line: &str| filters.iter().filter(seen).fold(line.to_owned(), |line, filter| filter.apply(&line));
        let (letter, said) = match &entry.what {
            What::Sent(bytes) => (ours, page::page(bytes, &values, &filtered)),
            What::Received(bytes) if entry.repeated && order::is_of_the_moment(bytes) => continue,
            What::Received(bytes) => (theirs, order::ordered(page::page(bytes, &values, &filtered))),
            What::Event(text) => ("#", values.in_text(text).lines().map(filtered).collect()),
        };
        let shown: Vec<String> = said.iter().map(|line| marked(letter, &entry.connection, &shortened(line))).collect();
        whole.push_str(&elided(&shown));
    }
    whole
}

/// Whether the server's close is seen before the harness's own, or before another connection goes on, is the network's doing. Where it
/// matters the suite says `closed:`, and the engine judges it.
fn is_an_end(what: &What) -> bool {
    let ends = [
        "the server closed the connection",
        "the server reset the connection",
        "the client closed the connection",
        "the client reset the connection",
        "the connection broke",
    ];
    matches!(what, What::Event(text) if ends.iter().any(|end| text.starts_with(end)))
}

/// Longer lines are shown by their start, their length and a digest: a change still shows, and nobody reads further.
const LONGEST_LINE: usize = 1000;

/// Of what was said in one go, no more lines than this are shown; the rest by a digest.
const MOST_LINES: usize = 120;

fn shortened(line: &str) -> String {
    if line.chars().count() <= LONGEST_LINE {
        return line.to_owned();
    }
    let head: String = line.chars().take(120).collect();
    format!("{head}... ({} characters, digest {:016x})", line.chars().count(), digest(line))
}

fn elided(lines: &[String]) -> String {
    if lines.len() <= MOST_LINES {
        return lines.concat();
    }
    let (head, rest) = lines.split_at(MOST_LINES / 2);
    let (middle, tail) = rest.split_at(rest.len() - MOST_LINES / 4);
    format!("{}# ... {} lines, digest {:016x}\n{}", head.concat(), middle.len(), digest(&middle.concat()), tail.concat())
}

/// FNV-1a: the same on every machine and in every release.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// `S[reader]: text`, `# [reader] text`.
fn marked(letter: &str, connection: &str, line: &str) -> String {
    let on = if connection.is_empty() { String::new() } else { format!("[{connection}]") };
    let marked = match letter {
        "#" if on.is_empty() => format!("# {line}"),
        "#" => format!("# {on} {line}"),
        letter => format!("{letter}{on}: {line}"),
    };
    format!("{}\n", marked.trim_end())
}

/// Whether a SASL exchange is under way behind this: AUTH and AUTHENTICATE begin it, a challenge keeps it up.
fn goes_on(what: &What, exchanging: bool) -> bool {
    match what {
        What::Sent(bytes) => {
            let said = lines(bytes).pop().unwrap_or_default().to_ascii_uppercase();
            let mut words = said.split(' ');
            let first = words.next();
            exchanging || first == Some("AUTH") || words.next() == Some("AUTHENTICATE")
        }
        What::Received(bytes) => exchanging && (bytes.starts_with(b"334") || bytes.starts_with(b"+ ") || bytes == b"+\r\n"),
        What::Event(_) => false,
    }
}

fn applies(scope: Scope, what: &What, command: &str) -> bool {
    match (scope, what) {
        (Scope::Both, _) | (Scope::Sent, What::Sent(_)) | (Scope::Received, What::Received(_)) => true,
        (Scope::AnswerTo(commands), What::Received(_)) => commands.contains(&command),
        _ => false,
    }
}

/// The first word of the last line sent, in capitals.
fn last_command(bytes: &[u8]) -> String {
    let said = lines(bytes);
    let word = said.last().and_then(|line| line.split([' ', '\\']).next()).unwrap_or("");
    word.to_ascii_uppercase()
}

/// The host name an SMTP server greets with (RFC 5321 §4.2): it comes back in later replies and in trace lines.
fn greeting_host(entry: &Entry) -> Option<Vec<u8>> {
    let What::Received(bytes) = &entry.what else { return None };
    let rest = bytes.strip_prefix(b"220 ").or_else(|| bytes.strip_prefix(b"220-"))?;
    let host: Vec<u8> = rest.iter().copied().take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b)).collect();
    host.contains(&b'.').then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn said(connection: &str, what: What) -> Entry {
        Entry {
            at: Duration::ZERO,
            connection: connection.into(),
            tls: false,
            preparing: false,
            repeated: false,
            party: Party::Server,
            what,
        }
    }

    fn value(name: &str, value: &str) -> (String, Vec<u8>) {
        (name.into(), value.as_bytes().to_vec())
    }

    fn sent(text: &str) -> What {
        What::Sent(text.as_bytes().to_vec())
    }

    fn came(text: &str) -> What {
        What::Received(text.as_bytes().to_vec())
    }

    #[test]
    fn values_become_names_and_lines_keep_the_notation_of_the_suites() {
        let transcript = Transcript {
            entries: vec![
                Entry { preparing: true, ..said("", came("220 mx.example.org ESMTP\r\n")) },
                said("", sent("MAIL FROM:<alice-7@example.org>\r\nRCPT TO:<bob-7@example.org>\r\n")),
                said("", came("250 2.1.0 Ok\r\n")),
                said("", came("250 2.1.5 Ok\n")),
                said("reader", What::Event("TLS established".into())),
                said("other", What::Event("the server closed the connection".into())),
                said("reader", came("* OK [UIDNEXT 17] box is ms-4f2, not ms-4f21 ${x} \r\n")),
                said("", came("221 mx.example.org closing\r\n")),
            ],
        };
        let values = [
            value("domain", "example.org"),
            value("alice.address", "alice-7@example.org"),
            value("bob.address", "bob-7@example.org"),
            value("box", "ms-4f2"),
            value("next", "17"),
        ];
        insta::assert_snapshot!(normalise(&transcript, &values, &Filters::default()), @r"
        C: MAIL FROM:<${alice.address}>
        C: RCPT TO:<${bob.address}>
        S: 250 2.1.0 Ok
        S: 250 2.1.5 Ok\n
        # [reader] TLS established
        S[reader]: * OK [UIDNEXT ${uid}] box is ${box}, not ms-4f21 $${x}\x20
        S: 221 ${host} closing
        ");
    }

    #[test]
    fn a_value_of_several_lines_is_one_name() {
        let transcript = Transcript { entries: vec![said("", came("* 1 FETCH (BODY[TEXT] {12}\r\none\r\ntwo\r\n\r\n)\r\n"))] };
        let page = normalise(&transcript, &[value("text", "one\r\ntwo\r\n")], &Filters::default());
        assert_eq!(page, "S: * 1 FETCH (BODY[TEXT] {${octets}}\nS: ${text}\nS: )\n");
    }

    #[test]
    fn when_an_eventually_held_does_not_show() {
        let polled = |what| Entry { repeated: true, ..said("", what) };
        let transcript = Transcript {
            entries: vec![
                said("", came("* 1 EXISTS\r\n")),
                polled(sent("a1 SELECT INBOX\r\n")),
                polled(came("* OK [CLOSED] Another one was selected\r\n")),
                polled(came("* 2 EXISTS\r\n")),
                polled(came("* FLAGS (\\Seen)\r\n")),
                polled(sent("3 EXISTS\r\n")),
                polled(came("a1 OK [READ-WRITE] selected\r\n")),
            ],
        };
        insta::assert_snapshot!(normalise(&transcript, &[], &Filters::default()), @r"
        S: * 1 EXISTS
        C: a1 SELECT INBOX
        S: * FLAGS (\Seen)
        C: 3 EXISTS
        S: a1 OK [READ-WRITE] selected
        ");
    }

    #[test]
    fn who_is_who_does_not_change_the_order_of_an_acl() {
        let page = |alice: &str, bob: &str, list: &str| {
            let transcript = Transcript { entries: vec![said("", came(list))] };
            normalise(&transcript, &[value("alice", alice), value("bob", bob)], &Filters::default())
        };
        // A server that sorts identifiers.
        let first = page("user1", "user2", "* ACL box user1 lrs user2 lr\r\n");
        assert_eq!(first, "S: * ACL box ${alice} lrs ${bob} lr\n");
        assert_eq!(page("user9", "user10", "* ACL box user10 lr user9 lrs\r\n"), first);
    }

    #[test]
    fn a_prefix_takes_the_word_behind_it_in() {
        let transcript = Transcript { entries: vec![said("", sent("a1 RENAME p7x-box1 \"p7x-b_2\"\r\n"))] };
        let page = normalise(&transcript, &[value("new.", "p7x-"), value("box", "p7x-box1")], &Filters::default());
        assert_eq!(page, "C: a1 RENAME ${box} \"${new.b_2}\"\n");
    }

    #[test]
    fn filters_know_what_a_reply_answers() {
        let transcript = Transcript {
            entries: vec![
                said("", sent("UIDL\r\n")),
                said("", came("+OK\r\n1 0000000158f7\r\n.\r\n")),
                said("", sent("LIST\r\n")),
                said("", came("+OK\r\n1 340\r\n.\r\n")),
            ],
        };
        let filters = Filters::new(&[("size".into(), r"^\d+ (\d+)$".into())]).unwrap();
        let page = normalise(&transcript, &[], &filters);
        assert_eq!(page, "C: UIDL\nS: +OK\nS: 1 ${uidl}\nS: .\nC: LIST\nS: +OK\nS: 1 ${size}\nS: .\n");
    }

    #[test]
    fn two_runs_that_differ_only_in_what_changes_are_equal() {
        let run = |uid: &str, queue: &str, account: &str, day: &str| {
            let transcript = Transcript {
                entries: vec![
                    said("", came(&format!("250 2.0.0 Ok: queued as {queue}\r\n"))),
                    said("", sent(&format!("a3 UID FETCH {uid} (INTERNALDATE)\r\n"))),
                    said("", came(&format!("* 1 FETCH (UID {uid} INTERNALDATE \"{day}-Nov-2026 05:00:00 +0000\")\r\n"))),
                    said("", came(&format!("a3 OK {account} done (0.00{uid} secs)\r\n"))),
                ],
            };
            normalise(&transcript, &[value("alice.login", account), value("uid", uid)], &Filters::default())
        };
        assert_eq!(run("7", "4bXyz", "alice-1", " 3"), run("1007", "6A1F2C0", "alice-22", "13"));
    }
}
