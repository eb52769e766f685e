//! Python's own clients: smtplib puts mail in, poplib takes it out, in clear and after STLS.

use reference_server::config::Service;

use super::python_agrees;

/// Delivers a message with a line of dots, reads and deletes it; then logs in after STLS, and with APOP.
const SCRIPT: &str = r#"
import poplib, smtplib, ssl, sys, time
smtp_port, pop3_port, pop3s_port, certificate = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

text = "Subject: dots\r\n\r\n.\r\n..two\r\nlast"
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.sendmail("bob@example.org", ["alice@example.org"], text)

def login(pop):
    pop.user("alice")
    pop.pass_("secret")
    return pop

for attempt in range(100):
    pop = login(poplib.POP3("127.0.0.1", pop3_port))
    if pop.stat()[0] == 1:
        break
    pop.quit()
    time.sleep(0.05)
count, octets = pop.stat()
assert count == 1, count
_, lines, size = pop.retr(1)
body = lines[lines.index(b"") + 1:]
assert body == [b".", b"..two", b"last"], body
# RFC 1939 section 11: the octets are counted without the dots that were stuffed.
assert sum(len(line) + 2 for line in lines) == octets == int(pop.list(1).split()[2]), (lines, octets)
assert pop.top(1, 1)[1][-1] == b".", pop.top(1, 1)
unique_id = pop.uidl(1)
pop.dele(1)
pop.close()

context = ssl.create_default_context(cafile=certificate)
pop = poplib.POP3("localhost", pop3_port)
assert "STLS" in pop.capa()
pop.stls(context)
assert "STLS" not in pop.capa()
login(pop)
assert pop.stat()[0] == 1, "what was not confirmed by QUIT is still there"
assert pop.uidl(1) == unique_id
pop.dele(1)
pop.quit()

pop = poplib.POP3_SSL("localhost", pop3s_port, context=context)
pop.apop("alice", "secret")
assert pop.stat() == (0, 0)
try:
    login(poplib.POP3("127.0.0.1", pop3_port))
    raise SystemExit("the maildrop is not locked")
except poplib.error_proto as error:
    assert b"[IN-USE]" in error.args[0], error
pop.quit()

# UTF-8 (RFC 6856): an internationalized message is for clients that say so.
text = "From: Jérôme <bob@example.org>\r\nSubject: Frühstück\r\n\r\n.à demain\r\n".encode()
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.sendmail("bob@example.org", ["alice@example.org"], text, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
for attempt in range(100):
    pop = login(poplib.POP3("127.0.0.1", pop3_port))
    if pop.stat()[0] == 1:
        break
    pop.quit()
    time.sleep(0.05)
assert pop.capa()["UTF8"] == ["USER"], pop.capa()
for command in [lambda: pop.retr(1), lambda: pop.top(1, 0)]:
    try:
        command()
        raise SystemExit("an internationalized message was sent to a client that did not say UTF8")
    except poplib.error_proto as error:
        assert error.args[0].startswith(b"-ERR [UTF8]"), error
pop.rset()
pop.quit()

pop = poplib.POP3("127.0.0.1", pop3_port)
assert pop.utf8().startswith(b"+OK")
assert pop._longcmd("LANG")[1][1] == b"de Deutsch"
assert pop._shortcmd("LANG de-AT") == "+OK de es geht auf Deutsch weiter".encode()
login(pop)
assert pop.retr(1)[1][-1] == ".à demain".encode(), pop.retr(1)
assert "Nachricht" in pop.dele(1).decode()
pop.noop()
pop.quit()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn poplib_reads_what_smtplib_sent() {
    python_agrees(SCRIPT, &[Service::Smtp, Service::Pop3, Service::Pop3s]).await;
}
