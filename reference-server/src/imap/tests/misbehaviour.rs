//! Every fault can be seen, and is off unless asked for.

use super::*;
use rstest::rstest;

/// Plays the lines and gives everything heard.
fn play(server: &Server, lines: &[&str]) -> String {
    let mut client = server.client();
    lines.iter().map(|line| client.says(line)).collect()
}

const LOGIN: &str = "l LOGIN alice secret";
const APPEND: &str = "p APPEND INBOX {6+}\r\nabcdef";
const SELECT: &str = "s SELECT INBOX";

#[rstest]
#[case(Fault::ImapWrongUidnext, &[LOGIN, SELECT])]
#[case(Fault::ImapReusesUids, &[LOGIN, APPEND, SELECT, "a STORE 1 +FLAGS (\\Deleted)", "b EXPUNGE", APPEND])]
#[case(Fault::ImapAcceptsWrongPassword, &["a LOGIN alice wrong"])]
#[case(Fault::ImapCancelIsNo, &["a AUTHENTICATE PLAIN", "*"])]
#[case(Fault::ImapTagInWrongCase, &["a NOOP"])]
#[case(Fault::ImapLogoutWithoutBye, &["a LOGOUT"])]
#[case(Fault::ImapInboxCaseSensitive, &[LOGIN, "a SELECT inbox"])]
#[case(Fault::ImapFailedSelectKeepsMailbox, &[LOGIN, SELECT, "a SELECT missing", "b CHECK"])]
#[case(Fault::ImapExamineAllowsStore, &[LOGIN, APPEND, "a EXAMINE INBOX", "b STORE 1 FLAGS (\\Seen)"])]
#[case(Fault::ImapExamineTakesRecent, &[LOGIN, APPEND, "a EXAMINE INBOX", "b EXAMINE INBOX"])]
#[case(Fault::ImapPercentMatchesLikeStar, &[LOGIN, "a CREATE a/b", "b LIST \"\" %"])]
#[case(Fault::ImapDeleteUnsubscribes, &[LOGIN, "a CREATE a", "b SUBSCRIBE a", "c DELETE a", "d LSUB \"\" *"])]
#[case(Fault::ImapStatusUnseenCountsAll, &[LOGIN, "a APPEND INBOX (\\Seen) {1+}\r\nx", "b STATUS INBOX (UNSEEN)"])]
#[case(Fault::ImapAppendCreates, &[LOGIN, "a APPEND missing {1+}\r\nx"])]
#[case(Fault::ImapAppendLosesFlags, &[LOGIN, "a APPEND INBOX (\\Seen) {1+}\r\nx", SELECT])]
#[case(Fault::ImapNoExistsAfterAppend, &[LOGIN, SELECT, APPEND])]
#[case(Fault::ImapPeekSetsSeen, &[LOGIN, APPEND, SELECT, "a FETCH 1 BODY.PEEK[]"])]
#[case(Fault::ImapPartialOffByOne, &[LOGIN, APPEND, SELECT, "a FETCH 1 BODY.PEEK[]<1.3>"])]
#[case(Fault::ImapLiteralSizeOffByOne, &[LOGIN, APPEND, SELECT, "a FETCH 1 BODY.PEEK[]"])]
#[case(Fault::ImapUidFetchWithoutUid, &[LOGIN, APPEND, SELECT, "a UID FETCH 1 FLAGS"])]
#[case(Fault::ImapStoreIsNeverSilent, &[LOGIN, APPEND, SELECT, "a STORE 1 FLAGS.SILENT (\\Seen)"])]
#[case(Fault::ImapCopyLosesFlags, &[LOGIN, "a APPEND INBOX (\\Seen) {1+}\r\nx", SELECT, "b COPY 1 INBOX", "c FETCH 2 FLAGS"])]
#[case(Fault::ImapSearchIgnoresNot, &[LOGIN, APPEND, SELECT, "a SEARCH NOT SEEN"])]
#[case(Fault::ImapInProgressAtOnce, &[LOGIN, APPEND, APPEND, SELECT, "a SEARCH ALL"])]
#[case(Fault::ImapUidExpungeIgnoresSet, &[LOGIN, APPEND, SELECT, "a STORE 1 +FLAGS (\\Deleted)", "b UID EXPUNGE 9"])]
#[case(Fault::ImapCloseKeepsDeleted, &[LOGIN, APPEND, SELECT, "a STORE 1 +FLAGS (\\Deleted)", "b CLOSE", "c STATUS INBOX (MESSAGES)"])]
fn a_fault_changes_the_conversation(#[case] fault: Fault, #[case] lines: &[&str]) {
    let right = play(&Server::new(), lines);
    assert_eq!(right, play(&Server::new(), lines), "the conversation is the same each time");
    assert_ne!(right, play(&Server::misbehaving(fault), lines));
}

#[test]
fn uidvalidity_changes_between_connections() {
    let server = Server::misbehaving(Fault::ImapUidvalidityChanges);
    let validity = |server: &Server| {
        let mut heard = Vec::new();
        server.alice().session.receive(b"a SELECT INBOX\r\n", &mut heard);
        lines_with(&String::from_utf8(heard).unwrap(), "UIDVALIDITY")[0].to_owned()
    };
    assert_ne!(validity(&server), validity(&server));
    let server = Server::new();
    assert_eq!(validity(&server), validity(&server));
}

#[test]
fn expunge_comes_during_fetch() {
    let heard = |server: Server| {
        let mut one = server.alice_in_inbox(&["x", "y"]);
        let mut two = server.alice_in_inbox(&[]);
        one.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
        one.says("b EXPUNGE");
        two.says("c FETCH 2 UID")
    };
    assert!(heard(Server::misbehaving(Fault::ImapExpungeDuringFetch)).contains("* 1 EXPUNGE"));
    assert!(!heard(Server::new()).contains("EXPUNGE"));
}

#[test]
fn what_was_sent_in_clear_runs_after_the_handshake() {
    let mut client = Server::misbehaving(Fault::ImapStarttlsKeepsBuffer).client();
    client.sends(b"a STARTTLS\r\nb NOOP\r\n");
    let mut heard = Vec::new();
    client.session.secured(crate::session::Channel::default(), &mut heard);
    assert_eq!(heard, b"b OK NOOP completed\r\n");
}

#[test]
fn login_works_though_disabled() {
    let peer = || Peer { plaintext_auth: false, ..Peer::loopback() };
    Server::misbehaving(Fault::ImapLoginThoughDisabled).client_from(peer()).is_answered("a LOGIN alice secret", "a OK");
    Server::new().client_from(peer()).is_answered("a LOGIN alice secret", "a NO");
}

#[test]
fn idle_says_nothing() {
    let server = Server::misbehaving(Fault::ImapIdleSilent);
    let mut two = server.alice_in_inbox(&[]);
    two.says("a IDLE");
    server.alice().appends("INBOX", "x");
    assert_eq!(two.hears_after_a_ring(), "");
}
