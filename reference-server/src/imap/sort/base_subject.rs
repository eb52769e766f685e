//! The base subject (RFC 5256 §2.1): a subject without the marks of replies, forwards and mailing lists.

/// A subject without its artifacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseSubject {
    pub text: String,
    /// Whether the subject had a mark of a reply or a forward: "a subj-refwd, a "(fwd)" subj-trailer, or a subj-fwd-hdr and
    /// subj-fwd-trl" (RFC 5256 §3, REFERENCES).
    pub is_reply_or_forward: bool,
}

/// Takes the artifacts off a decoded subject: "All servers and disconnected clients MUST use exactly this algorithm"
/// (RFC 5256 §2.1). The numbers are those of its steps.
///
/// ```abnf
/// subject      = *subj-leader [subj-middle] *subj-trailer
/// subj-leader  = (*subj-blob subj-refwd) / WSP
/// subj-middle  = *subj-blob (subj-base / subj-fwd)
/// subj-trailer = "(fwd)" / WSP
/// subj-fwd     = subj-fwd-hdr subject subj-fwd-trl
/// subj-fwd-hdr = "[fwd:"
/// subj-fwd-trl = "]"
/// ```
pub fn base_subject(subject: &str) -> BaseSubject {
    let spaced = single_spaces(subject); // (1)
    let mut rest = spaced.as_str();
    let mut marked = false;
    loop {
        (rest, marked) = without_trailers(rest, marked); // (2)
        loop {
            let before = rest.len();
            while let Some((left, refwd)) = without_leader(rest) {
                (rest, marked) = (left, marked || refwd); // (3)
            }
            // Step (3) has seen that no subj-refwd stands behind these.
            while let Some(left) = without_blob(rest).filter(|left| !left.is_empty()) {
                rest = left; // (4)
            }
            if rest.len() == before {
                break; // (5)
            }
        }
        match without_prefix(rest, "[fwd:").and_then(|left| left.strip_suffix(']')) {
            Some(inside) => (rest, marked) = (inside, true), // (6)
            None => return BaseSubject { text: rest.to_owned(), is_reply_or_forward: marked }, // (7)
        }
    }
}

/// "Convert all tabs and continuations to space. Convert all multiple spaces to a single space."
fn single_spaces(subject: &str) -> String {
    let mut spaced = String::with_capacity(subject.len());
    for letter in subject.chars() {
        match letter {
            ' ' | '\t' | '\r' | '\n' if spaced.ends_with(' ') => {}
            ' ' | '\t' | '\r' | '\n' => spaced.push(' '),
            _ => spaced.push(letter),
        }
    }
    spaced
}

/// Without any `subj-trailer`, and whether one was `(fwd)`.
fn without_trailers(mut subject: &str, mut marked: bool) -> (&str, bool) {
    const FORWARD: &str = "(fwd)";
    loop {
        let trimmed = subject.trim_end_matches(' ');
        let cut = trimmed.len().checked_sub(FORWARD.len());
        match cut.and_then(|cut| Some((trimmed.get(..cut)?, trimmed.get(cut..)?))) {
            Some((before, end)) if end.eq_ignore_ascii_case(FORWARD) => (subject, marked) = (before, true),
            _ => return (trimmed, marked),
        }
    }
}

/// Without one `subj-leader`, and whether it was a `subj-refwd`.
fn without_leader(subject: &str) -> Option<(&str, bool)> {
    if let Some(left) = subject.strip_prefix(' ') {
        return Some((left, false));
    }
    let mut rest = subject;
    loop {
        if let Some(left) = without_refwd(rest) {
            return Some((left, true));
        }
        rest = without_blob(rest)?;
    }
}

/// `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn without_refwd(subject: &str) -> Option<&str> {
    let word = ["re", "fwd", "fw"].iter().find_map(|word| without_prefix(subject, word))?;
    let word = word.trim_start_matches(' ');
    without_blob(word).unwrap_or(word).strip_prefix(':')
}

/// ```abnf
/// subj-blob = "[" *BLOBCHAR "]" *WSP
/// BLOBCHAR  = %x01-5a / %x5c / %x5e-ff      ; any CHAR8 except '[' and ']'
/// ```
fn without_blob(subject: &str) -> Option<&str> {
    let (_, left) = subject
        .strip_prefix('[')?
        .split_once(['[', ']'])
        .filter(|(blob, _)| subject.as_bytes().get(blob.len() + 1) == Some(&b']'))?;
    Some(left.trim_start_matches(' '))
}

fn without_prefix<'s>(subject: &'s str, prefix: &str) -> Option<&'s str> {
    let (start, left) = (subject.get(..prefix.len())?, subject.get(prefix.len()..)?);
    start.eq_ignore_ascii_case(prefix).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain", "plain", false)]
    #[case("Re: plain", "plain", true)]
    #[case("RE:plain", "plain", true)]
    #[case("re : plain", "plain", true)]
    #[case("Re[2]: plain", "plain", true)]
    #[case("Re [list] : plain", "plain", true)]
    #[case("Fwd: plain", "plain", true)]
    #[case("fw: plain", "plain", true)]
    #[case("FWD [x]: Re: plain (fwd)", "plain", true)]
    #[case("plain (FWD) (fwd) ", "plain", true)]
    #[case("plain(fwd)", "plain", true)]
    #[case("[list] plain", "plain", false)]
    #[case("[list] Re: [other] plain", "plain", true)]
    #[case("Re: [list] [other] plain", "plain", true)]
    #[case("[list]", "[list]", false)]
    #[case("[a][b]", "[b]", false)]
    #[case("Re: [list]", "[list]", true)]
    #[case("[fwd: plain]", "plain", true)]
    #[case("[Fwd: Re: [Fwd: [list] plain (fwd)]]", "plain", true)]
    #[case("[fwd: [list] plain] more", "[fwd: [list] plain] more", false)]
    #[case("[fwd: plain] more", "more", false)]
    #[case("Re:", "", true)]
    #[case("(fwd)", "", true)]
    #[case("", "", false)]
    #[case("  two \t\r\n words  ", "two words", false)]
    #[case("Reply: plain", "Reply: plain", false)]
    #[case("Re plain", "Re plain", false)]
    #[case("Re[2] plain", "Re[2] plain", false)]
    #[case("[un[closed] Re: x", "[un[closed] Re: x", false)]
    #[case("[a]Re: x", "x", true)]
    #[case("Ré: x", "Ré: x", false)]
    fn artifacts_are_taken_off(#[case] subject: &str, #[case] expected: &str, #[case] marked: bool) {
        assert_eq!(base_subject(subject), BaseSubject { text: expected.into(), is_reply_or_forward: marked });
    }

    #[test]
    fn long_subjects_take_no_long_time() {
        let blobs = format!("{}x", "[".repeat(50_000));
        assert_eq!(base_subject(&blobs).text, blobs);
        assert_eq!(base_subject(&"Re: ".repeat(50_000)).text, "");
        assert_eq!(base_subject(&format!("{}x", "[a] ".repeat(50_000))).text, "x");
    }
}
