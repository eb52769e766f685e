//! THREAD=REFERENCES (RFC 5256 §3). The numbers are those of the steps there.

use super::Threaded;
use super::forest::{Forest, Node};
use crate::imap::sort::value::Value;
use std::collections::HashMap;

/// Threads of messages that are given in the order of the mailbox.
pub fn threads(messages: Vec<Threaded>) -> (Forest, Vec<Node>) {
    let mut forest = linked(messages); // (1)
    let mut roots: Vec<Node> = forest.nodes().filter(|node| forest.parent(*node).is_none()).collect(); // (2)
    prune(&mut forest, &mut roots); // (3)
    forest.sort_children();
    roots.sort_by_key(|root| forest.order(*root)); // (4)
    let mut roots = merged(&mut forest, roots); // (5)
    forest.sort_children();
    roots.sort_by_key(|root| forest.order(*root)); // (6)
    (forest, roots)
}

/// (1) Links messages to their parents, with dummies for those that are only spoken of.
fn linked(messages: Vec<Threaded>) -> Forest {
    let mut forest = Forest::default();
    let mut places: HashMap<String, Node> = HashMap::new();
    for message in messages {
        let references = message.references.clone();
        let known = message.message_id.as_ref().and_then(|id| places.get(id)).copied();
        let node = match (known, message.message_id.clone()) {
            (Some(dummy), _) if forest.message(dummy).is_none() => {
                forest.fill(dummy, message);
                dummy
            }
            // "If two or more messages have the same Message ID, then only use that Message ID in the first (lowest sequence
            // number) message"; no ID, and another one's, are unique by being in no table.
            (Some(_), _) | (None, None) => forest.plant(Some(message)),
            (None, Some(id)) => {
                let node = forest.plant(Some(message));
                places.insert(id, node);
                node
            }
        };
        let mut last = None;
        for id in references {
            let reference = *places.entry(id).or_insert_with(|| forest.plant(None));
            // (A) "If a message already has a parent, don't change the existing link."
            if let Some(parent) = last
                && forest.parent(reference).is_none()
            {
                forest.adopt(parent, reference);
            }
            last = Some(reference);
        }
        // (B) "If the current message already has a parent, it is probably the result of a truncated References header
        // line, so break the current parent/child link before creating the new correct one."
        forest.orphan(node);
        if let Some(parent) = last {
            forest.adopt(parent, node);
        }
    }
    forest
}

/// (3) Takes out the dummies, and puts their children in their place: but not under the root, "unless there is only one
/// child".
fn prune(forest: &mut Forest, roots: &mut Vec<Node>) {
    // Parents come before their children in this list, so that from its end on children are pruned before their parents.
    let mut descending: Vec<Node> = roots.clone();
    let mut at = 0;
    while let Some(node) = descending.get(at).copied() {
        descending.extend_from_slice(forest.children(node));
        at += 1;
    }
    for node in descending.into_iter().rev() {
        let kept: Vec<Node> = forest.disband(node).into_iter().flat_map(|child| promoted(forest, child)).collect();
        forest.reunite(node, kept);
    }
    let left = std::mem::take(roots);
    for root in left {
        match forest.children(root) {
            [] if forest.message(root).is_none() => {}
            [_] if forest.message(root).is_none() => roots.extend(forest.disband(root)),
            _ => roots.push(root),
        }
    }
}

/// What takes the place of a child: itself, or its children if it is a dummy.
fn promoted(forest: &mut Forest, child: Node) -> Vec<Node> {
    if forest.message(child).is_some() { vec![child] } else { forest.disband(child) }
}

/// (5) Gathers threads of the same subject.
fn merged(forest: &mut Forest, roots: Vec<Node>) -> Vec<Node> {
    // (A), (B): the message that stands for each subject.
    let mut table: HashMap<Value, Node> = HashMap::new();
    for root in &roots {
        let Some(subject) = thread_subject(forest, *root) else { continue };
        let better = table.get(&subject).is_none_or(|have| {
            let dummy = forest.message(*root).is_none();
            forest.message(*have).is_some() && (dummy || is_reply(forest, *have) && !is_reply(forest, *root))
        });
        if better {
            table.insert(subject, *root);
        }
    }
    // (C)
    let mut gathered = Vec::with_capacity(roots.len());
    for root in roots {
        let subject = thread_subject(forest, root);
        let Some((subject, have)) = subject.and_then(|subject| table.get(&subject).copied().map(|have| (subject, have))) else {
            gathered.push(root);
            continue;
        };
        match (forest.message(have).is_some(), forest.message(root).is_some()) {
            _ if have == root => gathered.push(root),
            (false, false) => {
                for child in forest.disband(root) {
                    forest.adopt(have, child);
                }
            }
            (false, true) => forest.adopt(have, root),
            _ if is_reply(forest, root) && !is_reply(forest, have) => forest.adopt(have, root),
            // "Otherwise, create a new dummy message and make both the current message and the message in the subject table
            // children of the dummy. Then replace the message in the subject table with the dummy message."
            _ => {
                let dummy = forest.plant(None);
                forest.adopt(dummy, have);
                forest.adopt(dummy, root);
                table.insert(subject, dummy);
                gathered.push(dummy);
            }
        }
    }
    // What was gathered as a root may have become a child since.
    gathered.retain(|root| forest.parent(*root).is_none());
    gathered
}

/// (B)(i) The subject of a thread; none if it is empty, for such threads are left alone.
fn thread_subject(forest: &Forest, root: Node) -> Option<Value> {
    let subject = &forest.spokesman(root)?.subject;
    let empty = match subject {
        Value::Text(text) => text.is_empty(),
        Value::Octets(octets) => octets.is_empty(),
        Value::Number(_) => true,
    };
    (!empty).then(|| subject.clone())
}

fn is_reply(forest: &Forest, node: Node) -> bool {
    forest.message(node).is_some_and(|message| message.is_reply_or_forward)
}

#[cfg(test)]
mod tests {
    use super::super::forest::tests::{message, written};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_chain("(1 2 3)", vec![
        message(1, 1, "one", "a", &[]), message(2, 2, "two", "b", &["a"]), message(3, 3, "three", "c", &["a", "b"])])]
    #[case::children_before_their_parent("(3 2 1)", vec![
        message(1, 3, "c", "c", &["a", "b"]), message(2, 2, "b", "b", &["a"]), message(3, 1, "a", "a", &[])])]
    #[case::siblings_by_date("(1 (3)(2))", vec![
        message(1, 1, "a", "a", &[]), message(2, 9, "b", "b", &["a"]), message(3, 5, "c", "c", &["a"])])]
    #[case::a_parent_that_is_not_there("((1)(2))", vec![
        message(1, 1, "x", "b", &["a"]), message(2, 2, "y", "c", &["a"])])]
    #[case::an_only_child_of_one_that_is_not_there("(1)(2)", vec![
        message(1, 1, "x", "b", &["a"]), message(2, 2, "y", "d", &["c"])])]
    #[case::one_missing_in_the_middle("(1 (2)(3))", vec![
        message(1, 1, "a", "a", &[]), message(2, 2, "c", "c", &["a", "b"]), message(3, 3, "d", "d", &["a", "b"])])]
    #[case::ids_are_case_sensitive("(1)(2)", vec![
        message(1, 1, "x", "a", &[]), message(2, 2, "y", "b", &["A"])])]
    #[case::the_same_id_twice("(1 3)(2)", vec![
        message(1, 1, "x", "a", &[]), message(2, 2, "y", "a", &[]), message(3, 3, "z", "c", &["a"])])]
    #[case::truncated_references("(1 2 3)", vec![
        message(1, 1, "a", "a", &[]), message(2, 2, "b", "b", &["a"]), message(3, 3, "c", "c", &["b"])])]
    #[case::a_loop("(2 1)", vec![
        message(1, 1, "x", "a", &["b"]), message(2, 2, "y", "b", &["a"])])]
    #[case::a_reference_to_itself("(1)", vec![message(1, 1, "x", "a", &["a"])])]
    #[case::what_another_says_of_a_parent("(2 1 3)", vec![
        message(1, 1, "x", "a", &[]), message(2, 2, "y", "b", &[]), message(3, 3, "z", "c", &["b", "a"])])]
    #[case::replies_by_subject("(1 (2)(3))", vec![
        message(1, 1, "topic", "a", &[]), message(2, 2, "Re: topic", "b", &[]), message(3, 3, "Fwd: TOPIC", "c", &[])])]
    #[case::a_reply_before_its_original("(2 1)", vec![
        message(1, 1, "Re: topic", "a", &[]), message(2, 2, "topic", "b", &[])])]
    #[case::two_of_one_subject("((1)(2)(3))", vec![
        message(1, 1, "topic", "a", &[]), message(2, 2, "topic", "b", &[]), message(3, 3, "topic", "c", &[])])]
    #[case::two_replies("((1)(2))", vec![
        message(1, 1, "Re: topic", "a", &[]), message(2, 2, "Re: topic", "b", &[])])]
    #[case::no_subject("(1)(2)", vec![message(1, 1, "", "a", &[]), message(2, 2, "Re:", "b", &[])])]
    #[case::into_a_dummy("((1)(2)(3))", vec![
        message(1, 1, "topic", "b", &["a"]), message(2, 2, "x", "c", &["a"]), message(3, 3, "Re: topic", "d", &[])])]
    #[case::two_dummies("((1)(2)(3)(4))", vec![
        message(1, 1, "topic", "b", &["a"]), message(2, 2, "x", "c", &["a"]),
        message(3, 3, "topic", "e", &["d"]), message(4, 4, "y", "f", &["d"])])]
    #[case::threads_by_date("(2)(1)", vec![message(1, 9, "x", "a", &[]), message(2, 1, "y", "b", &[])])]
    #[case::equal_dates_by_number("(1)(2)", vec![message(1, 1, "x", "a", &[]), message(2, 1, "a", "b", &[])])]
    fn threads_of(#[case] expected: &str, #[case] messages: Vec<Threaded>) {
        assert_eq!(written(threads(messages)), expected);
    }

    #[test]
    fn deep_threads_need_no_deep_stack() {
        let ids: Vec<String> = (0..50_000).map(|number| format!("m{number}")).collect();
        let of = |number: usize| {
            let before = number.checked_sub(1).and_then(|before| ids.get(before));
            let references: Vec<&str> = before.iter().map(|id| id.as_str()).collect();
            message(number as u32 + 1, number as i64, &format!("s{number}"), &ids[number], &references)
        };
        let forwards = written(threads((0..ids.len()).map(of).collect()));
        assert!(forwards.starts_with("(1 2 3 ") && forwards.ends_with(" 50000)"));
        let backwards = written(threads((0..ids.len()).rev().map(of).collect()));
        assert_eq!(backwards, forwards);
    }
}
