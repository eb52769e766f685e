//! What one client believes of its mailbox, by nothing but what it was told.

use std::collections::BTreeSet;

/// A message as a client knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub uid: Option<u32>,
    /// Without `\Recent`, which is each session's own.
    pub flags: Option<BTreeSet<String>>,
    pub modseq: Option<u64>,
    pub size: Option<usize>,
}

/// The messages by number, and the rules of RFC 3501 that no response may break.
#[derive(Default)]
pub struct Belief {
    pub messages: Vec<Known>,
    /// What SEARCH found last.
    pub found: Vec<u32>,
}

impl Belief {
    /// Takes in an untagged response, which came while a command of this name was answered.
    pub fn told(&mut self, line: &str, command: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["*", "SEARCH", numbers @ ..] => {
                self.found = numbers.iter().map(|number| number.parse().unwrap()).collect();
            }
            ["*", number, "EXISTS"] => {
                let count: usize = number.parse().unwrap();
                assert!(count >= self.messages.len(), "a mailbox of {} shrank without EXPUNGE: {line}", self.messages.len());
                self.messages.resize_with(count, Known::default);
            }
            ["*", number, "EXPUNGE"] => {
                // "An EXPUNGE response MUST NOT be sent when no command is in progress, nor while responding to a FETCH,
                // STORE, or SEARCH command" (RFC 3501 §7.4.1).
                assert!(!["FETCH", "STORE", "SEARCH"].contains(&command), "{line} came during {command}");
                let index = self.index(number, line);
                self.messages.remove(index);
            }
            ["*", number, "FETCH", ..] => {
                let index = self.index(number, line);
                self.fetched(index, line);
            }
            _ => {}
        }
    }

    fn index(&self, number: &str, line: &str) -> usize {
        let number: usize = number.parse().unwrap();
        assert!((1..=self.messages.len()).contains(&number), "there are {} messages: {line}", self.messages.len());
        number - 1
    }

    fn fetched(&mut self, index: usize, line: &str) {
        let known = &mut self.messages[index];
        if let Some(uid) = value(line, "UID ") {
            let uid = uid.parse().unwrap();
            assert!(known.uid.is_none_or(|known| known == uid), "message {} had UID {:?}: {line}", index + 1, known.uid);
            known.uid = Some(uid);
        }
        if let Some(size) = value(line, "RFC822.SIZE ") {
            let size = size.parse().unwrap();
            assert!(known.size.is_none_or(|known| known == size), "message {} had another size: {line}", index + 1);
            known.size = Some(size);
        }
        if let Some(modseq) = value(line, "MODSEQ (") {
            let modseq = modseq.parse().unwrap();
            assert!(known.modseq.is_none_or(|known| known <= modseq), "MODSEQ was {:?}: {line}", known.modseq);
            known.modseq = Some(modseq);
        }
        if let Some((_, rest)) = line.split_once("FLAGS (") {
            let flags = rest.split(')').next().unwrap_or_default();
            let flags = flags.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent");
            known.flags = Some(flags.map(str::to_owned).collect());
        }
        // UIDs ascend with message numbers (RFC 3501 §2.3.1.1).
        let uid = self.messages[index].uid;
        let before = self.messages[..index].iter().rev().find_map(|known| known.uid);
        let after = self.messages[index + 1..].iter().find_map(|known| known.uid);
        assert!(uid.is_none() || before < uid, "UIDs do not ascend: {line}");
        assert!(uid.is_none() || after.is_none() || uid < after, "UIDs do not ascend: {line}");
    }

    /// What the client makes of its own silent change.
    pub fn changed_silently(&mut self, numbers: &[usize], sign: char, flag: &str) {
        for number in numbers {
            if let Some(flags) = self.messages.get_mut(number - 1).and_then(|known| known.flags.as_mut()) {
                match sign {
                    '+' => drop(flags.insert(flag.to_owned())),
                    _ => drop(flags.remove(flag)),
                }
            }
        }
    }

    /// Compares with what another session was told just now of the same mailbox at rest.
    pub fn agrees_with(&self, truth: &Belief, who: &str) {
        assert_eq!(self.messages.len(), truth.messages.len(), "{who} believes in another number of messages");
        for (number, (own, other)) in (1..).zip(self.messages.iter().zip(&truth.messages)) {
            assert!(own.uid.is_none() || own.uid == other.uid, "{who}, message {number}: {own:?}, in truth {other:?}");
            assert!(own.flags.is_none() || own.flags == other.flags, "{who}, message {number}: {own:?}, in truth {other:?}");
        }
    }
}

fn value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (before, rest) = line.split_once(name)?;
    // RFC822.SIZE ends with nothing else's name, but X-GUID or the like may end with UID.
    before.ends_with([' ', '(']).then(|| rest.split([' ', ')']).next().unwrap_or_default())
}

mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[("* 1 EXPUNGE", "FETCH")])]
    #[case(&[("* 1 EXPUNGE", "STORE")])]
    #[case(&[("* 3 EXPUNGE", "NOOP")])]
    #[case(&[("* 1 EXISTS", "NOOP")])]
    #[case(&[("* 3 FETCH (FLAGS ())", "NOOP")])]
    #[case(&[("* 1 FETCH (UID 7 FLAGS ())", "FETCH"), ("* 1 FETCH (UID 8)", "FETCH")])]
    #[case(&[("* 1 FETCH (UID 7 FLAGS ())", "FETCH"), ("* 2 FETCH (UID 7)", "FETCH")])]
    #[case(&[("* 1 FETCH (UID 7 MODSEQ (9))", "FETCH"), ("* 1 FETCH (UID 7 MODSEQ (8))", "FETCH")])]
    #[should_panic]
    fn responses_that_break_a_rule_are_noticed(#[case] responses: &[(&str, &str)]) {
        let mut belief = Belief::default();
        belief.told("* 2 EXISTS", "SELECT");
        responses.iter().for_each(|(line, command)| belief.told(line, command));
    }

    #[test]
    fn numbers_move_with_expunge_and_flags_are_kept() {
        let mut belief = Belief::default();
        for line in ["* 2 EXISTS", "* 2 FETCH (FLAGS (\\Seen \\Recent) UID 9 MODSEQ (4))", "* 1 EXPUNGE"] {
            belief.told(line, "UID EXPUNGE");
        }
        let [Known { uid: Some(9), flags: Some(flags), modseq: Some(4), size: None }] = &belief.messages[..] else {
            panic!("{:?}", belief.messages)
        };
        assert_eq!(flags.iter().collect::<Vec<_>>(), ["\\Seen"]);
    }
}
