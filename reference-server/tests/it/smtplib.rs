//! Python's smtplib: every way to log in, STARTTLS, implicit TLS, refusals per recipient, 8-bit mail, dots.

use reference_server::config::Service;

use super::python_agrees;

const SCRIPT: &str = r#"
import email, poplib, smtplib, ssl, sys, time
smtp_port, submission_port, submissions_port, pop3_port = map(int, sys.argv[1:5])
context = ssl.create_default_context(cafile=sys.argv[5])
MESSAGE = "From: alice@example.org\r\nSubject: {}\r\n\r\n.\r\n..\r\nlast\r\n"

def maildrop(count):
    for _ in range(200):
        pop3 = poplib.POP3("127.0.0.1", pop3_port)
        pop3.user("bob"); pop3.pass_("word")
        held = pop3.stat()[0]
        messages = [b"\r\n".join(pop3.retr(n + 1)[1]) for n in range(held)]
        pop3.quit()
        if held >= count:
            return messages
        time.sleep(0.05)
    raise SystemExit(f"{held} of {count} messages came")

# From another server: own recipients are taken, others refused, each on its own.
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.ehlo("client.example")
    assert smtp.has_extn("pipelining") and smtp.has_extn("enhancedstatuscodes") and smtp.esmtp_features["size"] == "52428800"
    refused = smtp.sendmail("x@elsewhere.example", ["bob@example.org", "nobody@example.org", "y@elsewhere.example"], MESSAGE.format("one"))
    assert {address: reply[0] for address, reply in refused.items()} == {"nobody@example.org": 550, "y@elsewhere.example": 550}, refused
    assert smtp.verify("bob") == (250, b"2.1.5 <bob@example.org>")
    assert smtp.noop()[0] == 250 and smtp.rset()[0] == 250 and smtp.help()
    try:
        smtp.sendmail("x@elsewhere.example", ["nobody@example.org"], MESSAGE.format("none"))
        raise SystemExit("mail for nobody was taken")
    except smtplib.SMTPRecipientsRefused as error:
        assert error.recipients["nobody@example.org"][1].startswith(b"5.1.1"), error

# From users.
try:
    with smtplib.SMTP("127.0.0.1", submission_port) as smtp:
        smtp.sendmail("alice@example.org", ["bob@example.org"], MESSAGE.format("none"))
    raise SystemExit("a submission without login was taken")
except smtplib.SMTPSenderRefused as error:
    assert error.smtp_code == 530, error
for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"]:
    with smtplib.SMTP("127.0.0.1", submission_port) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = "alice@example.org", "secret"
        method = getattr(smtp, "auth_" + mechanism.lower().replace("-", "_"))
        assert smtp.auth(mechanism, method)[0] == 235
        smtp.sendmail("alice@example.org", ["bob@example.org"], MESSAGE.format(mechanism))
with smtplib.SMTP("localhost", submission_port) as smtp:
    smtp.starttls(context=context)
    try:
        smtp.login("alice", "wrong")
        raise SystemExit("a wrong password was taken")
    except smtplib.SMTPAuthenticationError as error:
        assert error.smtp_code == 535, error
    smtp.login("alice", "secret")
    smtp.sendmail("alice@example.org", ["bob@example.org"], MESSAGE.format("STARTTLS"))
with smtplib.SMTP_SSL("localhost", submissions_port, context=context) as smtp:
    smtp.login("alice", "secret")
    eight_bit = MESSAGE.format("TLS").encode() + "ä\r\n".encode("latin-1")
    smtp.sendmail("alice@example.org", ["bob@example.org"], eight_bit, mail_options=["BODY=8BITMIME"])

messages = [email.message_from_bytes(message) for message in maildrop(6)]
assert [m["Subject"] for m in messages] == ["one", "PLAIN", "LOGIN", "CRAM-MD5", "STARTTLS", "TLS"], messages
assert [m["Return-Path"] for m in messages] == ["<x@elsewhere.example>"] + ["<alice@example.org>"] * 5
protocols = [m["Received"].split(" with ")[1].split()[0] for m in messages]
assert protocols == ["ESMTP", "ESMTPA", "ESMTPA", "ESMTPA", "ESMTPSA", "ESMTPSA"], protocols
assert all(m["Message-ID"] and m["Date"] for m in messages[1:]) and not messages[0]["Date"]
assert all(m.get_payload().startswith(".\r\n..\r\nlast") for m in messages), messages[0].get_payload()
assert maildrop(6)[5].endswith(b"\xe4")
"#;

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_finds_its_way() {
    python_agrees(SCRIPT, &[Service::Smtp, Service::Submission, Service::Submissions, Service::Pop3]).await;
}
