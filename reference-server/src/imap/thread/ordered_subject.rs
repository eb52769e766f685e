//! THREAD=ORDEREDSUBJECT, "poor man's threading" (RFC 5256 §3).

use super::Threaded;
use super::forest::{Forest, Node};

/// "The searched messages are sorted by base subject and then by the sent date. The messages are then split into separate
/// threads, with each thread containing messages with the same base subject text. Finally, the threads are sorted by the
/// sent date of the first message in the thread."
pub fn threads(mut messages: Vec<Threaded>) -> (Forest, Vec<Node>) {
    messages.sort_by(|one, other| one.subject.cmp(&other.subject).then_with(|| one.order().cmp(&other.order())));
    let mut forest = Forest::default();
    let mut roots: Vec<Node> = Vec::new();
    for message in messages {
        let same = roots.last().copied().filter(|root| forest.message(*root).is_some_and(|root| root.subject == message.subject));
        let node = forest.plant(Some(message));
        // "there are no grandchildren in ORDEREDSUBJECT threading"
        match same {
            Some(root) => forest.adopt(root, node),
            None => roots.push(node),
        }
    }
    roots.sort_by_key(|root| forest.order(*root));
    (forest, roots)
}

#[cfg(test)]
mod tests {
    use super::super::forest::tests::{message, written};
    use super::*;

    #[test]
    fn messages_of_one_subject_are_one_thread() {
        let messages = vec![
            message(1, 50, "Re: beta", "", &[]),
            message(2, 10, "alpha", "", &[]),
            message(3, 20, "beta", "", &[]),
            message(4, 30, "re: alpha", "", &[]),
            message(5, 30, "ALPHA (fwd)", "", &[]),
            message(6, 5, "", "", &[]),
            message(7, 60, "gamma", "", &[]),
        ];
        assert_eq!(written(threads(messages)), "(6)(2 (4)(5))(3 1)(7)");
        assert_eq!(written(threads(Vec::new())), "");
    }
}
