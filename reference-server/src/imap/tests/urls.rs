//! CATENATE, authorized URLs, and when a connection compresses.

use super::*;

const PARTS: &str = "Subject: parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n\
    Content-Type: text/html\r\n\r\n<p>two\r\n--x--\r\n";

#[test]
fn a_message_is_put_together() {
    let mut alice = Server::new().alice_in_inbox(&[PARTS]);
    let heard = alice.says(
        "a APPEND INBOX (\\Seen) CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER\" TEXT {2+}\r\n>> URL ;UID=1/;SECTION=2 \
         URL \"/INBOX;UIDVALIDITY=0/;UID=1\")",
    );
    assert!(heard.starts_with("a NO [BADURL /INBOX;UIDVALIDITY=0/;UID=1]"), "{heard}");
    let heard = alice.says(
        "b APPEND INBOX (\\Seen) CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER\" TEXT {2+}\r\n>> URL ;UID=1/;SECTION=2 \
         URL \"INBOX/;UID=1/;SECTION=2.MIME/;PARTIAL=0.7\")",
    );
    assert!(heard.ends_with("b OK [APPENDUID V 2] APPEND completed\r\n"), "{heard}");
    let header = "Subject: parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n";
    let expected = format!("{header}>><p>twoContent");
    let told = alice.says("c FETCH 1:2 (FLAGS BODY.PEEK[])");
    assert!(told.contains(&format!("2 FETCH (FLAGS (\\Seen \\Recent) BODY[] {{{}}}\r\n{expected})", expected.len())), "{told}");
    assert!(told.contains("1 FETCH (FLAGS (\\Recent)"), "nothing is seen by it");
    for (url, why) in [
        ("imap://alice@example.org/INBOX/;UID=1", "not relative"),
        ("/INBOX", "no message"),
        ("/nowhere/;UID=1", "not there"),
        ("/INBOX/;UID=9", "no message or part"),
        ("/INBOX/;UID=1/;SECTION=7", "no message or part"),
        ("/INBOX/;UID=x", "a number that is none"),
    ] {
        let heard = alice.says(&format!("d APPEND INBOX CATENATE (URL \"{url}\")"));
        assert!(heard.starts_with(&format!("d NO [BADURL {url}]")) && heard.contains(why), "{heard}");
    }
    assert!(alice.says("e REPLACE 1 INBOX CATENATE (URL ;UID=2 TEXT {1+}\r\nx)").contains("* 1 EXPUNGE"));
    let mut without = Server::without(Extension::ImapCatenate).alice_in_inbox(&[PARTS]);
    assert!(without.says("a APPEND INBOX CATENATE (URL ;UID=1)").starts_with("a BAD"));
}

#[test]
fn a_url_lets_others_read_until_its_key_is_reset() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&[PARTS]);
    let mut bob = server.client();
    bob.says("a LOGIN bob hidden");
    let authorize = |alice: &mut Client, rump: &str| {
        let heard = alice.says(&format!("a GENURLAUTH \"{rump}\" INTERNAL"));
        assert!(heard.ends_with("a OK GENURLAUTH completed\r\n"), "{heard}");
        heard.split('"').nth(1).unwrap().to_owned()
    };
    let shared = authorize(&mut alice, "imap://alice@example.org/INBOX/;UID=1/;SECTION=1;URLAUTH=authuser");
    assert_eq!(
        bob.says(&format!("b URLFETCH \"{shared}\"")),
        format!("* URLFETCH \"{shared}\" {{3}}\r\none\r\nb OK URLFETCH completed\r\n")
    );
    let for_alice = authorize(&mut alice, "imap://alice@example.org/INBOX/;UID=1;URLAUTH=user+alice");
    assert!(bob.says(&format!("c URLFETCH \"{for_alice}\"")).contains("\" NIL\r\nc OK"));
    assert!(alice.says(&format!("d URLFETCH \"{for_alice}\"")).contains("Subject: parts"));
    // Nothing of it may be changed, and the clock of this server stands in 2026.
    for wrong in
        [shared.replace("SECTION=1", "SECTION=2"), shared.replace(":internal:01", ":internal:02"), "imap://x/".to_owned()]
    {
        assert!(bob.says(&format!("e URLFETCH \"{wrong}\"")).contains("\" NIL\r\ne OK"), "{wrong}");
    }
    let expired = authorize(&mut alice, "imap://alice@example.org/INBOX/;UID=1;EXPIRE=2026-01-01T00:00:00Z;URLAUTH=anonymous");
    let lasting = authorize(&mut alice, "imap://alice@example.org/INBOX/;UID=1;EXPIRE=2027-01-01T00:00:00Z;URLAUTH=anonymous");
    let heard = bob.says(&format!("f URLFETCH \"{expired}\" \"{lasting}\""));
    assert!(heard.contains(&format!("\"{expired}\" NIL \"{lasting}\" {{")), "{heard}");
    assert!(alice.says("g RESETKEY INBOX INTERNAL").contains("g OK [URLMECH INTERNAL]"));
    assert!(bob.says(&format!("h URLFETCH \"{shared}\"")).contains("\" NIL\r\nh OK"));
    let again = authorize(&mut alice, "imap://alice@example.org/INBOX/;UID=1;URLAUTH=anonymous");
    assert!(alice.says("i RESETKEY").ends_with("i OK All keys are removed\r\n"));
    assert!(bob.says(&format!("j URLFETCH \"{again}\"")).contains("\" NIL\r\nj OK"));
}

#[test]
fn what_is_wrong_with_a_url_is_said_at_once() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&[PARTS]);
    for (url, why) in [
        ("imap://alice@example.org/INBOX/;UID=1", "access identifier"),
        ("imap://example.org/INBOX/;UID=1;URLAUTH=anonymous", "no user name"),
        ("imap://bob@example.org/INBOX/;UID=1;URLAUTH=anonymous", "another user"),
        ("imap://alice@elsewhere.test/INBOX/;UID=1;URLAUTH=anonymous", "not known here"),
        ("imap://alice@example.org/INBOX/;UID=1;URLAUTH=user+nobody", "not known here"),
        ("imap://alice@example.org/nowhere/;UID=1;URLAUTH=anonymous", "not there"),
        ("imap://alice@example.org/INBOX;URLAUTH=anonymous", "no message"),
        ("/INBOX/;UID=1;URLAUTH=anonymous", "not absolute"),
    ] {
        let heard = alice.says(&format!("a GENURLAUTH \"{url}\" INTERNAL"));
        assert!(heard.starts_with("a BAD") && heard.contains(why), "{heard}");
    }
    assert!(alice.says("b GENURLAUTH \"imap://alice@example.org/INBOX/;UID=1;URLAUTH=anonymous\" XSAMPLE").starts_with("b BAD"));
    assert!(alice.says("c RESETKEY INBOX XSAMPLE").starts_with("c BAD"));
    assert!(Server::without(Extension::ImapUrlAuth).alice().says("a RESETKEY").starts_with("a BAD"));
}

#[test]
fn compression_begins_behind_the_answer_and_ends_with_the_login() {
    let mut alice = Server::new().alice();
    assert_eq!(alice.says("a COMPRESS DEFLATE"), "a OK DEFLATE active\r\n");
    assert_eq!(alice.after, After::Compress);
    assert!(alice.says("b COMPRESS DEFLATE").starts_with("b BAD"));
    assert_eq!(alice.says("c UNAUTHENTICATE"), "c OK UNAUTHENTICATE completed\r\n");
    assert_eq!(alice.after, After::EndCompression);
    assert!(alice.says("d COMPRESS LZW").starts_with("d BAD"));
    assert!(alice.says("e COMPRESS DEFLATE").starts_with("e OK"));
}
