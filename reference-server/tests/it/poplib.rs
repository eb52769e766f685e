//! Python's own clients: smtplib puts mail in, poplib takes it out, in clear and after STLS.

use std::process::Command;

use reference_server::config::{Config, Service};
use reference_server::server;

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
"#;

#[tokio::test(flavor = "multi_thread")]
async fn poplib_reads_what_smtplib_sent() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("left out: there is no python3 here");
        return;
    }
    let listen = [Service::Smtp, Service::Pop3, Service::Pop3s].map(|service| format!("{service}=127.0.0.1:0").parse().unwrap());
    let accounts = ["alice@example.org:secret", "bob@example.org:word"].map(|account| account.parse().unwrap());
    let config = Config { listen: listen.to_vec(), accounts: accounts.to_vec(), ..Config::default() };
    let running = server::start(config).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let certificate = directory.path().join("certificate.pem");
    std::fs::write(&certificate, &running.certificate).unwrap();
    let ports = ["smtp", "pop3", "pop3s"].map(|name| running.addresses[name].port().to_string());
    let script = tokio::task::spawn_blocking(move || {
        Command::new("python3").arg("-c").arg(SCRIPT).args(ports).arg(certificate).output().unwrap()
    });
    let output = script.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    running.stop().await;
}
