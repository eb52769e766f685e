//! What a server may tell at one time or another, and lists without an order.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Whether the response tells how a mailbox was at the moment it was looked at: how many messages it had, which was the first unseen
/// (RFC 3501 §7.3, §7.1), and that another one was selected before (RFC 7162 §3.2.11). In an `eventually` that is what the time
/// has made of it: mail comes before or behind SELECT, and SELECT is the first or was tried before.
pub(super) fn is_of_the_moment(response: &[u8]) -> bool {
    static OF_THE_MOMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)^\* (?:\d+ (?:EXISTS|RECENT)\r\n$|OK \[(?:CLOSED|UNSEEN \d+)\])").ok());
    OF_THE_MOMENT.as_ref().is_some_and(|expression| expression.is_match(response))
}

/// The pairs of an ACL response in the order of their identifiers as they are shown (RFC 4314 §3.6 gives them none: a server has them as
/// its accounts are called).
pub(super) fn ordered(mut lines: Vec<String>) -> Vec<String> {
    if let [line] = &mut *lines
        && let Some(sorted) = line.strip_prefix("* ACL ").and_then(sorted_pairs)
    {
        *line = format!("* ACL {sorted}");
    }
    lines
}

/// `mailbox *(SP identifier SP rights)`; `None` if it is not that.
fn sorted_pairs(list: &str) -> Option<String> {
    let mut words = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => 2 + quoted.find('"')?,
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, behind) = rest.split_at_checked(end)?;
        words.push(word);
        rest = if behind.is_empty() { "" } else { behind.strip_prefix(' ')? };
    }
    let (mailbox, list) = words.split_first()?;
    let (pairs, []) = list.as_chunks::<2>() else { return None };
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    let pairs: String = pairs.iter().map(|[identifier, rights]| format!(" {identifier} {rights}")).collect();
    Some(format!("{mailbox}{pairs}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_shown_in_one_order_and_what_is_no_list_of_pairs_stays() {
        for (line, expected) in [
            ("* ACL box bob lr alice lrs", "* ACL box alice lrs bob lr"),
            ("* ACL \"my box\" \"b c\" lr alice \"\"", "* ACL \"my box\" \"b c\" lr alice \"\""),
            ("* ACL box bob lr alice", "* ACL box bob lr alice"),
            ("* ACL box \"bob lr alice lrs", "* ACL box \"bob lr alice lrs"),
            ("* ACL box  bob lr", "* ACL box  bob lr"),
            ("* ACL box", "* ACL box"),
            ("* LISTRIGHTS box bob lr alice lrs", "* LISTRIGHTS box bob lr alice lrs"),
        ] {
            assert_eq!(ordered(vec![line.to_owned()]), [expected]);
        }
    }

    #[test]
    fn what_a_select_says_of_the_moment_is_known() {
        for response in ["* 3 EXISTS\r\n", "* 0 RECENT\r\n", "* OK [CLOSED] gone\r\n", "* OK [UNSEEN 2] first\r\n"] {
            assert!(is_of_the_moment(response.as_bytes()), "{response}");
        }
        for response in
            ["* 3 EXPUNGE\r\n", "* 1 FETCH (FLAGS ())\r\n", "* OK [UIDNEXT 4] next\r\n", "a1 OK [CLOSED]\r\n", "* SEARCH 3\r\n"]
        {
            assert!(!is_of_the_moment(response.as_bytes()), "{response}");
        }
    }
}
