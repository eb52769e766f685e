//! NOTIFY (RFC 5465), as far as the order of what is told and the costs go: what the suites do not see.

use super::*;
use crate::config::Limits;
use proptest::prelude::*;

const BOTH: &str = "(MessageNew MessageExpunge)";

/// What alice and another session of hers share.
fn two(notify: &str) -> (Client, Client) {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x", "y", "z"]);
    one.is_answered(&format!("a NOTIFY {notify}"), "a OK");
    (one, server.alice_in_inbox(&[]))
}

/// What was heard, but for `\Recent`, which any of the sessions may have got.
fn plain(heard: &str) -> String {
    let lines = heard.split_inclusive('\n').filter(|line| !line.contains(" RECENT\r"));
    lines.collect::<String>().replace(" \\Recent", "").replace("\\Recent", "")
}

#[test]
fn nothing_is_told_between_commands_unless_it_was_asked_for() {
    let server = Server::new();
    let mut two = server.alice_in_inbox(&["x"]);
    let mut one = server.alice_in_inbox(&[]);
    two.appends("INBOX", "y");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
    let heard = plain(&one.says(&format!("a NOTIFY SET (selected {BOTH})")));
    assert_eq!(heard, "* 2 EXISTS\r\na OK NOTIFY completed\r\n", "it is an implicit NOOP");
    two.appends("INBOX", "z");
    assert_eq!(plain(&one.hears_after_a_ring()), "* 3 EXISTS\r\n");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
}

#[test]
fn selected_tells_of_expunges_at_once_and_selected_delayed_with_a_command() {
    let (mut one, mut other) = two(&format!("SET (selected {BOTH})"));
    other.says("a STORE 2 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(plain(&one.hears_after_a_ring()), "", "flags are not wanted");
    other.says("b EXPUNGE");
    assert_eq!(plain(&one.hears_after_a_ring()), "* 2 EXPUNGE\r\n");
    let (mut one, mut other) = two(&format!("SET (selected-delayed {BOTH})"));
    other.says("a STORE 2 +FLAGS.SILENT (\\Deleted)");
    other.says("b EXPUNGE");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
    assert_eq!(plain(&one.says("c FETCH 1 UID")), "* 1 FETCH (UID 1)\r\nc OK FETCH completed\r\n");
    assert_eq!(plain(&one.says("d NOOP")), "* 2 EXPUNGE\r\nd OK NOOP completed\r\n");
}

#[test]
fn a_mailbox_that_is_not_named_stands_still_and_own_commands_are_answered() {
    let (mut one, mut other) = two("SET (personal (MailboxName))");
    other.appends("INBOX", "new");
    other.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    other.says("b EXPUNGE");
    other.says("c STORE 1 +FLAGS (\\Flagged)");
    assert_eq!(plain(&one.says("d NOOP")), "d OK NOOP completed\r\n");
    let heard = plain(&one.says("e STORE 3 +FLAGS (\\Deleted)"));
    assert_eq!(heard, "* 3 FETCH (FLAGS (\\Deleted))\r\ne OK STORE completed\r\n");
    assert_eq!(plain(&one.says("f EXPUNGE")), "* 3 EXPUNGE\r\nf OK EXPUNGE completed\r\n", "its own, and no other");
    // The expunge of others waits until it is wanted again.
    let heard = plain(&one.says(&format!("g NOTIFY SET (selected {BOTH})")));
    assert_eq!(heard, "* 1 EXPUNGE\r\n* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Flagged))\r\ng OK NOTIFY completed\r\n");
}

#[test]
fn a_client_that_resynchronises_is_not_told_more_than_it_knows() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x", "y"]);
    one.says("u UNSELECT");
    one.is_answered("a ENABLE QRESYNC", "a OK");
    one.says("s SELECT INBOX");
    one.says("b NOTIFY SET (selected NONE)");
    let mut other = server.alice_in_inbox(&[]);
    let before = one.says("c FETCH 1:* MODSEQ");
    other.says("d STORE 2 +FLAGS (\\Flagged)");
    other.appends("INBOX", "new");
    let heard = plain(&one.says("e NOOP"));
    // Messages came with the modification sequences 2 and 3.
    assert!(before.contains("MODSEQ (3)"), "{before}");
    assert!(heard.contains("HIGHESTMODSEQ 3]"), "{heard}");
}

#[test]
fn new_messages_are_fetched_behind_exists_and_own_ones_are_not() {
    let (mut one, mut other) = two("SET (selected (MessageNew (UID FLAGS) MessageExpunge))");
    other.says("t APPEND INBOX (\\Seen) {1+}\r\nn");
    let heard = plain(&one.hears_after_a_ring());
    assert_eq!(heard, "* 4 EXISTS\r\n* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n");
    let heard = plain(&one.says("a APPEND INBOX {1+}\r\nm"));
    assert!(heard.starts_with("* 5 EXISTS\r\na OK"), "{heard}");
    // What came while a command was running stands before its completion.
    other.says("t APPEND INBOX {1+}\r\no");
    let heard = plain(&one.says("b NOOP"));
    assert_eq!(heard, "* 6 EXISTS\r\n* 6 FETCH (UID 6 FLAGS ())\r\nb OK NOOP completed\r\n");
}

#[test]
fn a_client_that_names_messages_by_uids_alone_hears_of_uids_alone() {
    let server = Server::new();
    // The message has the number 1 and the UID 2.
    let mut other = server.alice_in_inbox(&["gone", "x"]);
    other.says("x STORE 1 +FLAGS.SILENT (\\Deleted)");
    other.says("y EXPUNGE");
    let mut one = server.alice();
    one.is_answered("a ENABLE UIDONLY", "a OK");
    one.is_answered("b SELECT INBOX", "b OK");
    one.is_answered("c NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge FlagChange))", "c OK");
    other.says("d STORE 1 +FLAGS.SILENT (\\Flagged)");
    assert_eq!(plain(&one.hears_after_a_ring()), "* 2 UIDFETCH (FLAGS (\\Flagged))\r\n");
    other.says("e APPEND INBOX (\\Deleted) {1+}\r\ny");
    assert_eq!(plain(&one.hears_after_a_ring()), "* 2 EXISTS\r\n* 3 UIDFETCH (FLAGS (\\Deleted))\r\n");
    other.says("f EXPUNGE");
    assert!(one.hears_after_a_ring().starts_with("* VANISHED 3\r\n"));
}

#[test]
fn large_messages_are_fetched_in_steps_and_idle_goes_on() {
    let (mut one, mut other) = two("SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge))");
    one.says("a IDLE");
    let large = message("large", &"x".repeat(3 * 1024 * 1024));
    other.appends("INBOX", &large);
    let mut heard = one.hears_after_a_ring();
    assert!(heard.len() < 2 * 1024 * 1024, "{} octets at a time", heard.len());
    heard += &one.sends(b"");
    assert!(heard.contains(&format!("* 4 FETCH (UID 4 BODY[] {{{}}}\r\n{large})\r\n", large.len())));
    assert_eq!(plain(&one.says("DONE")), "a OK IDLE terminated\r\n");
}

#[test]
fn other_mailboxes_are_told_of_by_status_and_not_while_they_are_selected() {
    let server = Server::new();
    let mut one = server.alice();
    let mut other = server.alice();
    other.says("a CREATE box");
    one.is_answered(&format!("b NOTIFY SET (mailboxes box {BOTH})"), "b OK");
    other.appends("box", "x");
    assert!(plain(&one.hears_after_a_ring()).starts_with("* STATUS box (UIDNEXT 2 MESSAGES 1 UIDVALIDITY "));
    one.says("c SELECT box");
    other.appends("box", "y");
    assert_eq!(plain(&one.hears_after_a_ring()), "", "it is selected, and SELECTED is not named");
    one.says("d UNSELECT");
    other.appends("box", "z");
    assert!(plain(&one.hears_after_a_ring()).contains("MESSAGES 3 "));
    assert_eq!(lines_with(&one.says("e APPEND box {1+}\r\nn"), "STATUS").len(), 0, "who did it knows");
}

#[test]
fn nothing_is_told_into_a_half_read_command() {
    let (mut one, mut other) = two("SET (selected (MessageNew (UID) MessageExpunge)) (personal (MailboxName))");
    assert_eq!(one.sends(b"a FETCH 1 (UI"), "");
    other.says("b CREATE new");
    other.appends("INBOX", "n");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
    let heard = plain(&one.sends(b"D)\r\n"));
    assert!(heard.starts_with("* 1 FETCH (UID 1)\r\n* 4 EXISTS\r\n* LIST (\\HasNoChildren) \"/\" new\r\n"), "{heard}");
    assert!(heard.ends_with("* 4 FETCH (UID 4)\r\na OK FETCH completed\r\n"), "{heard}");
    // A command that is refused before it is looked at tells of nothing; what waits comes behind it.
    one.sends(b"c NON");
    other.says("d DELETE new");
    assert_eq!(one.sends(b"SENSE\r\n").lines().last(), Some("* LIST (\\NonExistent \\HasNoChildren) \"/\" new"));
}

#[test]
fn too_much_ends_it_and_is_told() {
    let limits = Limits { notifications: 3, ..Limits::default() };
    let server = Server::made(Config { limits, ..Config::default() });
    let mut one = server.alice();
    let mut other = server.alice();
    one.is_answered("a NOTIFY SET (personal (MailboxName))", "a OK");
    for name in ["one", "two", "three"] {
        other.says(&format!("b CREATE {name}"));
    }
    assert_eq!(plain(&one.hears_after_a_ring()).matches("* LIST ").count(), 3);
    for name in ["1", "2", "3", "4"] {
        other.says(&format!("b CREATE {name}"));
    }
    assert!(plain(&one.hears_after_a_ring()).starts_with("* OK [NOTIFICATIONOVERFLOW] "));
    other.says("c CREATE last");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
    assert_eq!(plain(&one.says("d NOOP")), "d OK NOOP completed\r\n");
}

#[test]
fn who_logs_out_of_the_user_hears_no_more() {
    let (mut one, mut other) = two(&format!("SET (personal (MailboxName SubscriptionChange)) (selected {BOTH})"));
    one.is_answered("a UNAUTHENTICATE", "a OK");
    other.says("b CREATE new");
    other.appends("INBOX", "n");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
    one.is_answered("c LOGIN bob hidden", "c OK");
    assert_eq!(plain(&one.hears_after_a_ring()), "");
}

#[tokio::test]
async fn changes_of_others_ring_and_own_ones_do_not() {
    let server = Server::new();
    let peer = Peer::loopback();
    let bell = peer.bell.clone();
    let mut one = server.client_from(peer);
    one.says("a LOGIN alice secret");
    one.says("b NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))");
    one.says("c CREATE mine");
    one.appends("mine", "x");
    let pause = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(pause, bell.rung()).await.is_err(), "its own changes are of no interest");
    let mut other = server.alice();
    for line in ["d CREATE theirs", "e APPEND theirs {1+}\r\nx", "f APPEND mine {1+}\r\nx", "g DELETE theirs"] {
        other.says(line);
        tokio::time::timeout(pause * 100, bell.rung()).await.unwrap();
        assert_ne!(one.hears_after_a_ring(), "", "{line}");
    }
}

/// What one of two sessions does to the mailboxes of both.
#[derive(Clone, Debug)]
enum Act {
    Append(usize),
    Empty(usize),
    Create(usize),
    Delete(usize),
    /// The session that listens is woken, or speaks.
    Wake,
    Noop,
    Look(usize),
}

fn acts() -> impl Strategy<Value = Vec<(bool, Act)>> {
    let act = prop_oneof![
        4 => (0..3usize).prop_map(Act::Append),
        1 => (0..3usize).prop_map(Act::Empty),
        2 => (0..3usize).prop_map(Act::Create),
        1 => (0..3usize).prop_map(Act::Delete),
        2 => Just(Act::Wake),
        1 => Just(Act::Noop),
        1 => (0..3usize).prop_map(Act::Look),
    ];
    proptest::collection::vec((any::<bool>(), act), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever two sessions do, and whenever a third is told: of the last change of each mailbox that others made it has heard
    /// in the end, so that what it was told last is so.
    #[test]
    fn what_was_told_last_is_so(acts in acts()) {
        let server = Server::new();
        let mut listener = server.alice();
        listener.is_answered("a NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))", "a OK");
        let mut others = [server.alice(), server.alice()];
        let mut told = Belief::default();
        for (who, act) in acts {
            let other = &mut others[usize::from(who)];
            match act {
                Act::Append(at) => {
                    other.says(&format!("b APPEND box{at} {{1+}}\r\nx"));
                }
                Act::Empty(at) => {
                    other.says(&format!("c SELECT box{at}"));
                    other.says("d STORE 1:* +FLAGS.SILENT (\\Deleted)");
                    other.says("e CLOSE");
                }
                Act::Create(at) => {
                    other.says(&format!("f CREATE box{at}"));
                }
                Act::Delete(at) => {
                    other.says(&format!("g DELETE box{at}"));
                }
                Act::Wake => told.hear(&listener.hears_after_a_ring()),
                Act::Noop => told.hear(&listener.says("h NOOP")),
                // What a mailbox is like is known to who looks at it.
                Act::Look(at) => told.hear(&listener.says(&format!("i STATUS box{at} (UIDNEXT MESSAGES)"))),
            }
        }
        told.hear(&listener.hears_after_a_ring());
        for at in 0..3 {
            let name = format!("box{at}");
            let status = others[0].says(&format!("j STATUS {name} (UIDNEXT MESSAGES)"));
            let exists = status.contains("j OK");
            prop_assert_eq!(told.exists.get(&name).copied().unwrap_or(false), exists, "{}: {}", &name, status);
            let empty = status.contains("(UIDNEXT 1 ");
            if exists && !empty {
                let state = status.lines().next().unwrap_or_default().to_owned();
                prop_assert_eq!(told.state.get(&name), Some(&state));
            }
        }
    }
}

/// What a client believes by what it was told.
#[derive(Default)]
struct Belief {
    exists: std::collections::HashMap<String, bool>,
    /// By mailbox, as STATUS with UIDNEXT and MESSAGES tells.
    state: std::collections::HashMap<String, String>,
}

impl Belief {
    fn hear(&mut self, heard: &str) {
        for line in heard.lines() {
            let words: Vec<&str> = line.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                ["*", "LIST", attributes @ .., _, name] => {
                    self.exists.insert((*name).to_owned(), !attributes.contains(&"\\NonExistent"));
                }
                ["*", "STATUS", name, "UIDNEXT", next, "MESSAGES", count, ..] => {
                    self.state.insert((*name).to_owned(), format!("* STATUS {name} (UIDNEXT {next} MESSAGES {count})"));
                }
                _ => {}
            }
        }
    }
}
