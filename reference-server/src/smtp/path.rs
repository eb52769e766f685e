//! The paths of MAIL and RCPT, RFC 5321 §4.1.2.

use crate::mail::{Address, Domain, SyntaxError, domain_part, local_part, mailbox};

/// RFC 5321 §4.5.3.1.3, with the brackets.
const PATH: usize = 256;

/// A forward-path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ForwardPath {
    Mailbox(Address),
    /// `<Postmaster>` without a domain (RFC 5321 §4.5.1).
    Postmaster,
}

/// `Reverse-path = Path / "<>"` from octet `at`; `None` is the null reverse-path. Gives the offset after it.
pub(super) fn reverse_path(text: &str, at: usize) -> Result<(Option<Address>, usize), SyntaxError> {
    let bytes = text.as_bytes();
    if bytes.get(at..at + 2) == Some(b"<>") {
        return Ok((None, at + 2));
    }
    path(bytes, at).map(|(address, end)| (Some(address), end))
}

/// `Forward-path = Path`, or `"<Postmaster>"`, whatever the case.
pub(super) fn forward_path(text: &str, at: usize) -> Result<(ForwardPath, usize), SyntaxError> {
    const POSTMASTER: &str = "<postmaster>";
    let end = at + POSTMASTER.len();
    if text.get(at..end).is_some_and(|path| path.eq_ignore_ascii_case(POSTMASTER)) {
        return Ok((ForwardPath::Postmaster, end));
    }
    path(text.as_bytes(), at).map(|(address, end)| (ForwardPath::Mailbox(address), end))
}

/// `"<" Local-part ">"`, as users' programs write it: the local part, and the offset after the path.
pub(super) fn unqualified(text: &str, at: usize) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let (local, end) = local_part(bytes, at + 1).ok()?;
    (bytes.get(at) == Some(&b'<') && bytes.get(end) == Some(&b'>')).then_some((local, end + 1))
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`
fn path(bytes: &[u8], start: usize) -> Result<(Address, usize), SyntaxError> {
    let expect = |at: usize, octet: u8, expected: &'static str| {
        if bytes.get(at) == Some(&octet) { Ok(at + 1) } else { Err(SyntaxError { at, expected }) }
    };
    let mut at = expect(start, b'<', "\"<\"")?;
    if bytes.get(at) == Some(&b'@') {
        at = source_route(bytes, at)?;
    }
    let (address, end) = mailbox(bytes, at)?;
    let end = expect(end, b'>', "\">\"")?;
    if end - start > PATH {
        return Err(SyntaxError { at: start, expected: "a path of at most 256 octets" });
    }
    Ok((address, end))
}

/// `A-d-l = At-domain *( "," At-domain )`, then `":"`. It is accepted and ignored (RFC 5321 §4.1.1.3, appendix C).
fn source_route(bytes: &[u8], mut at: usize) -> Result<usize, SyntaxError> {
    loop {
        if bytes.get(at) != Some(&b'@') {
            return Err(SyntaxError { at, expected: "\"@\" and a domain of the source route" });
        }
        let (domain, end) = domain_part(bytes, at + 1)?;
        if !matches!(domain, Domain::Name(_)) {
            return Err(SyntaxError { at: at + 1, expected: "a domain name in the source route" });
        }
        match bytes.get(end) {
            Some(b',') => at = end + 1,
            Some(b':') => return Ok(end + 1),
            _ => return Err(SyntaxError { at: end, expected: "\",\" or \":\" in the source route" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("<>", "")]
    #[case("<a@b.org>", "a@b.org")]
    #[case("<@x.org:a@b.org>", "a@b.org")]
    #[case("<@x.org,@y.org:a@b.org>", "a@b.org")]
    #[case("<\"a>b\"@b.org>", "\"a>b\"@b.org")]
    #[case("<a@[192.0.2.1]> SIZE=1", "a@[192.0.2.1]")]
    fn reverse_paths(#[case] text: &str, #[case] expected: &str) {
        let (address, end) = reverse_path(text, 0).unwrap();
        assert_eq!(address.map(|a| a.to_string()).unwrap_or_default(), expected);
        assert!(["", " SIZE=1"].contains(&&text[end..]));
    }

    #[rstest]
    #[case("", 0)]
    #[case("a@b.org", 0)]
    #[case("<a@b.org", 8)]
    #[case("<a@b.org >", 8)]
    #[case("< a@b.org>", 1)]
    #[case("<@x.org a@b.org>", 7)]
    #[case("<@x.org,a@b.org>", 8)]
    #[case("<@x.org:>", 8)]
    #[case("<postmaster>", 11)]
    fn errors_have_offsets(#[case] text: &str, #[case] at: usize) {
        assert_eq!(reverse_path(text, 0).map_err(|error| error.at), Err(at));
    }

    #[test]
    fn postmaster_needs_no_domain_and_no_case() {
        assert_eq!(forward_path("TO:<PostMaster>", 3), Ok((ForwardPath::Postmaster, 15)));
        assert!(forward_path("<>", 0).is_err());
        assert!(forward_path("<alice>", 0).is_err());
    }

    #[test]
    fn users_leave_domains_out() {
        assert_eq!(unqualified("TO:<alice> X", 3), Some(("alice".to_owned(), 10)));
        assert_eq!(unqualified("<\"a b\">", 0), Some(("a b".to_owned(), 7)));
        assert_eq!(unqualified("<alice@x.org>", 0), None);
        assert_eq!(unqualified("alice", 0), None);
    }

    #[test]
    fn a_path_has_256_octets_at_most() {
        let longest = format!("<{}@{}.org>", "x".repeat(64), "y.".repeat(92) + "y");
        assert_eq!(longest.len(), 256);
        assert!(forward_path(&longest, 0).is_ok());
        assert!(forward_path(&longest.replacen("y.", "yy.", 1), 0).is_err());
    }
}
