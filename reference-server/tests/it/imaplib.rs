//! Python's imaplib: folders, messages, STARTTLS, implicit TLS, CRAM-MD5, and IDLE that hears what smtplib sent.

use reference_server::config::Service;

use super::python_agrees;

const SCRIPT: &str = r#"
import imaplib, smtplib, ssl, sys, time
smtp_port, imap_port, imaps_port, certificate = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
context = ssl.create_default_context(cafile=certificate)

def ok(answer):
    status, data = answer
    assert status == "OK", answer
    return data

# In clear: folders and messages.
imap = imaplib.IMAP4("127.0.0.1", imap_port)
assert "IMAP4REV1" in imap.capabilities and "STARTTLS" in imap.capabilities, imap.capabilities
try:
    imap.login("alice", "wrong")
    raise SystemExit("a wrong password was taken")
except imaplib.IMAP4.error as error:
    assert b"AUTHENTICATIONFAILED" in error.args[0], error
ok(imap.login("alice", "secret"))
assert ok(imap.namespace()) == [b'(("" "/")) (("Other Users/" "/")) NIL']
ok(imap.create("work/Entw&APw-rfe"))
ok(imap.subscribe("work/Entw&APw-rfe"))
assert ok(imap.list('""', "work/%")) == [b'(\\HasNoChildren) "/" work/Entw&APw-rfe']
assert ok(imap.lsub('""', "%")) == [b'(\\Noselect) "/" work']
text = b"From: a@example.org\r\nSubject: one\r\n\r\nfirst line\r\n{5}\r\nlast\r\n"
date = '"17-Jul-1996 02:44:25 -0700"'
for subject in [b"one", b"two", b"three"]:
    ok(imap.append("work/Entw&APw-rfe", "(\\Flagged)", date, text.replace(b"one", subject)))
assert imap.append("missing", "", date, text)[0] == "NO"
assert ok(imap.select("work/Entw&APw-rfe")) == [b"3"]
assert imap.response("UIDNEXT")[1] == [b"4"]
(envelope, body), _ = ok(imap.fetch("1", "(INTERNALDATE BODY.PEEK[])"))
assert body == text and date.encode() in envelope, (envelope, body)
assert ok(imap.fetch("2", "(BODY[TEXT]<6.4>)"))[0][1] == b"line"
assert ok(imap.search(None, "SUBJECT", '"two"')) == [b"2"]
assert ok(imap.search(None, "UNSEEN")) == [b"1 3"]
assert ok(imap.uid("SEARCH", "ALL")) == [b"1 2 3"]
assert ok(imap.store("1,3", "+FLAGS", "(\\Deleted)")) == [b"1 (FLAGS (\\Flagged \\Deleted \\Recent))", b"3 (FLAGS (\\Flagged \\Deleted \\Recent))"]
ok(imap.copy("1:2", "INBOX"))
assert ok(imap.expunge()) == [b"1", b"2"]
assert ok(imap.status("INBOX", "(MESSAGES UNSEEN)")) == [b"INBOX (MESSAGES 2 UNSEEN 1)"]
ok(imap.close())
# UIDs, UIDPLUS, UNSELECT, ID.
ok(imap.select("INBOX"))
uids = ok(imap.uid("SEARCH", "FLAGGED"))[0].split()
assert len(uids) == 2, uids
ok(imap.uid("STORE", uids[0].decode(), "+FLAGS.SILENT", "(\\Deleted $Forwarded)"))
ok(imap.unselect())
ok(imap.select("INBOX"))
assert ok(imap.uid("EXPUNGE", uids[1].decode())) == [None], "that one is not marked"
assert ok(imap.uid("FETCH", uids[0].decode(), "FLAGS"))[0].count(b"$Forwarded") == 1
ok(imap.uid("COPY", uids[0].decode(), "work/Entw&APw-rfe"))
assert imap.response("COPYUID")[1][0].split()[1] == uids[0]
ok(imap.uid("STORE", uids[0].decode(), "-FLAGS", "(\\Deleted $Forwarded)"))
assert ok(imap.expunge()) == [None]
ok(imap.check())
ok(imap.unselect())
ok(imap.unsubscribe("work/Entw&APw-rfe"))
assert ok(imap.lsub()) == [None]
assert ok(imap.xatom("ID", "NIL")) and b'"name"' in imap.response("ID")[1][0]
ok(imap.rename("work", "old"))
ok(imap.delete("old/Entw&APw-rfe"))
imap.logout()

# After STARTTLS, with a challenge.
imap = imaplib.IMAP4("localhost", imap_port)
ok(imap.starttls(context))
assert "STARTTLS" not in imap.capabilities, imap.capabilities
imap.login_cram_md5("alice", "secret")
assert ok(imap.select("INBOX", readonly=True)) == [b"2"]
assert imap.store("1", "+FLAGS", "(\\Seen)")[0] == "NO", "a mailbox opened with EXAMINE was changed"
imap.logout()

# Implicit TLS, PLAIN with a challenge, and IDLE.
imap = imaplib.IMAP4_SSL("localhost", imaps_port, ssl_context=context)
ok(imap.authenticate("PLAIN", lambda challenge: b"\0alice\0secret"))
ok(imap.select("INBOX"))
imap.send(b"i1 IDLE\r\n")
assert imap.readline().startswith(b"+ "), "no continuation request"
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.sendmail("bob@example.org", ["alice@example.org"], "Subject: news\r\n\r\nhear hear\r\n")
imap.sock.settimeout(10)
assert imap.readline() == b"* 3 EXISTS\r\n"
assert imap.readline().endswith(b" RECENT\r\n")
imap.send(b"DONE\r\n")
assert imap.readline() == b"i1 OK IDLE terminated\r\n"
assert b"Subject: news\r\n" in ok(imap.fetch("3", "(RFC822)"))[0][1]
imap.logout()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn imaplib_finds_its_way() {
    python_agrees(SCRIPT, &[Service::Smtp, Service::Imap, Service::Imaps]).await;
}
