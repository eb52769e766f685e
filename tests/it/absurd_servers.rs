//! Servers that nobody should have to meet: each ends a run in short time, within bounded memory, with a message that says what the
//! server did, and with the exit code that tells a server that deviates (1) from one that cannot be tested (3).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fake::{Fake, flood};
use crate::workplace::{Ended, Workplace};

/// No server may make the harness hold more.
const MEMORY: u64 = 200 << 20;

/// Far more than the time-outs of the target file add up to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A suite of one case. A line `- |` begins another block.
fn suite(protocol: &str, dialogue: &str) -> String {
    let line = |line: &str| if line == "- |" { format!("    {line}\n") } else { format!("      {}\n", line.trim()) };
    let dialogue: String = dialogue.lines().map(line).collect();
    let dialogue = if dialogue.contains("- |") { format!("\n    - |\n{dialogue}") } else { format!(" |\n{dialogue}") };
    format!(
        "spec: RFC 5321 §4.2\nprotocol: {protocol}\ncases:\n  - id: one\n    title: The command is answered\n    \
         covers: [rfc5321/4.2/one-reply]\n    dialogue:{dialogue}"
    )
}

fn dialogue_of(protocol: &str) -> &'static str {
    match protocol {
        "smtp" => "C: NOOP\nS: 250",
        "pop3" => "C: NOOP\nS: +OK",
        _ => "C: a1 NOOP\nS: a1 OK",
    }
}

/// Runs one case against the server and looks at time, memory and exit code.
#[track_caller]
fn meet(server: &Fake, target: &str, dialogue: &str, code: i32) -> Ended {
    let workplace = Workplace::with(server, &suite(server.protocol(), dialogue));
    workplace.target(target);
    let begun = Instant::now();
    let ended = workplace.run(&["--color", "never"]);
    assert!(begun.elapsed() < PATIENCE, "it took {:?}:\n{}", begun.elapsed(), ended.all());
    assert!(ended.peak < MEMORY, "{} MB were needed:\n{}", ended.peak >> 20, ended.out.chars().take(4000).collect::<String>());
    assert!(ended.peak > 0, "the memory was not watched");
    assert!(ended.out.len() < 1 << 20, "{} octets of output", ended.out.len());
    ended.exits(code);
    // The report files are whole, whatever came.
    let junit = workplace.read("reports/latest/junit.xml");
    roxmltree::Document::parse(&junit).expect("junit.xml is well-formed");
    serde_json::from_str::<serde_json::Value>(&workplace.read("reports/latest/report.json")).expect("report.json is JSON");
    ended
}

/// What a server does with a connection that it was just given.
type Handler = fn(TcpStream);

fn silent(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

fn closes_at_once(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}

fn speaks_another_protocol(mut stream: TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    silent(stream);
}

fn speaks_noise(mut stream: TcpStream) {
    let noise: Vec<u8> = (0u32..3000).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let _ = stream.write_all(&noise);
    let _ = stream.write_all(b"\r\n");
    silent(stream);
}

fn speaks_nul(mut stream: TcpStream) {
    let _ = stream.write_all(&[0; 100]);
    let _ = stream.write_all(b"\r\n");
    silent(stream);
}

fn endless_line(stream: TcpStream) {
    flood(stream, b"x");
}

fn endless_lines(stream: TcpStream) {
    flood(stream, b"x\r\n");
}

fn endless_nul(stream: TcpStream) {
    flood(stream, &[0]);
}

fn closes_inside_the_greeting(mut stream: TcpStream) {
    let _ = stream.write_all(b"22");
    let _ = stream.shutdown(Shutdown::Both);
}

fn bare_line_feeds(mut stream: TcpStream) {
    let _ = stream.write_all(b"220 fake\n+OK fake\n* OK fake\n");
    silent(stream);
}

fn huge_literal(mut stream: TcpStream) {
    let _ = stream.write_all(b"* OK [ALERT] {209715200}\r\n");
    flood(stream, b"x");
}

/// Against these nothing can be tested: one message, exit code 3, and the case is not played.
#[rstest]
#[case::silent(silent, &["the greeting", "no answer in time"])]
#[case::closes_at_once(closes_at_once, &["the greeting", "the server closed the connection"])]
#[case::another_protocol(speaks_another_protocol, &["the greeting", "HTTP/1.1 400 Bad Request"])]
#[case::noise(speaks_noise, &["the greeting", "\\x"])]
#[case::nul(speaks_nul, &["the greeting", "\\x00\\x00"])]
#[case::endless_line(endless_line, &["the greeting", "xxxx"])]
#[case::endless_lines(endless_lines, &["the greeting"])]
#[case::endless_nul(endless_nul, &["the greeting", "\\x00\\x00"])]
#[case::half_a_greeting(closes_inside_the_greeting, &["the greeting", "the server closed the connection"])]
#[case::bare_line_feeds(bare_line_feeds, &[])]
#[case::huge_literal(huge_literal, &[])]
fn a_server_that_cannot_be_tested(
    #[case] handler: Handler,
    #[case] says: &[&str],
    #[values("smtp", "pop3", "imap")] protocol: &'static str,
) {
    let server = Fake::absurd(protocol, handler);
    let ended = meet(&server, &server.impatient(""), dialogue_of(protocol), 3);
    ended.says(&format!("the target `fake` cannot be tested: {protocol} at 127.0.0.1:{}", server.port()));
    says.iter().for_each(|text| {
        ended.says(text);
    });
    assert_eq!(ended.last_line(), "0 passed, 1 failed, 0 skipped");
    ended.says("1 not run");
}

#[rstest]
fn nobody_listens(#[values("smtp", "pop3", "imap")] protocol: &'static str) {
    let gone = Fake::new(protocol, "");
    let (target, port) = (gone.target(""), gone.port());
    drop(gone);
    // The listener goes when its thread has noticed.
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let workplace = Workplace::new();
    workplace.write("suites/one.yaml", suite(protocol, dialogue_of(protocol)));
    workplace.target(&target);
    let ended = workplace.run(&[]);
    ended.exits(3).says(&format!("{protocol} at 127.0.0.1:{port}")).says("refused");
    assert_eq!(ended.last_line(), "0 passed, 1 failed, 0 skipped");
}

/// These begin well, and answer the one command of the case absurdly: that is a deviation.
#[rstest]
#[case::no_answer("smtp", "NOOP => <hang>", "C: NOOP\nS: 250", "said nothing for 1s")]
#[case::closes("smtp", "NOOP => <close>", "C: NOOP\nS: 250", "the server closed the connection")]
#[case::closes_inside("smtp", "NOOP => 250-one\\r\\n25<close>", "C: NOOP\nS: 250", "unfinished reply")]
#[case::stops_inside("smtp", "NOOP => 250-one\\r\\n25<hang>", "C: NOOP\nS: 250", "unfinished reply came: `250-one\\r\\n25`")]
#[case::noise("smtp", "NOOP => \\x00\\xff\\x80\\r\\n", "C: NOOP\nS: 250", "\\x00\\xff\\x80")]
#[case::bare_line_feed("smtp", "NOOP => 250 ok\\n", "C: NOOP\nS: 250", "250 ok")]
#[case::endless_line("smtp", "NOOP => x<endless>", "C: NOOP\nS: 250", "at most")]
#[case::endless_reply("smtp", "NOOP => 250-more\\r\\n<endless>", "C: NOOP\nS: 250", "at most")]
#[case::reply_to_nothing("smtp", "NOOP => 250 ok\\r\\n250 ok\\r\\n", "C: NOOP\nS: 250\nC: VRFY x\nS: 500", "received 250")]
#[case::no_answer("pop3", "NOOP => <hang>", "C: NOOP\nS: +OK", "said nothing for 1s")]
#[case::endless_list("pop3", "LIST => +OK\\r\\n<fill>", "C: LIST\nS: +OK\nS: ...\nS: .", "at most")]
#[case::closes_inside_the_list(
    "pop3",
    "LIST => +OK\\r\\n1 120\\r\\n<close>",
    "C: LIST\nS: +OK\nS: ...\nS: .",
    "closed the connection"
)]
#[case::bare_line_feed("pop3", "NOOP => +OK\\n", "C: NOOP\nS: +OK", "+OK")]
#[case::no_answer("imap", "NOOP => <hang>", "C: a1 NOOP\nS: a1 OK", "said nothing for 1s")]
#[case::endless_line("imap", "NOOP => * x<endless>", "C: a1 NOOP\nS: a1 OK", "at most")]
#[case::huge_literal("imap", "NOOP => * 1 FETCH (BODY[] {209715200}\\r\\n<fill>", "C: a1 NOOP\nS: a1 OK", "209715200")]
#[case::overflowing_literal(
    "imap",
    "NOOP => * 1 FETCH (BODY[] {99999999999999999999999}\\r\\n<fill>",
    "C: a1 NOOP\nS: a1 OK",
    "a1 OK"
)]
#[case::deep_list("imap", "NOOP => ((((((((((<endless>", "C: a1 NOOP\nS: a1 OK", "at most")]
#[case::closes_inside_a_literal(
    "imap",
    "NOOP => * 1 FETCH (BODY[] {100}\\r\\nabc<close>",
    "C: a1 NOOP\nS: a1 OK",
    "closed the connection"
)]
#[case::nul("imap", "NOOP => * OK \\0\\r\\n{tag} OK done\\r\\n", "C: a1 NOOP\nS: a1 OK", "\\x00")]
#[case::another_tag("imap", "NOOP => zz OK\\r\\n", "C: a1 NOOP\nS: a1 OK", "zz OK")]
#[case::bare_line_feed("imap", "NOOP => {tag} OK\\n", "C: a1 NOOP\nS: a1 OK", "a1 OK")]
fn an_absurd_answer(#[case] protocol: &'static str, #[case] script: &str, #[case] dialogue: &str, #[case] says: &str) {
    let server = Fake::new(protocol, script);
    // What has no end is cut off by its size, after as much time as the machine needs for that; the rest waits a time-out out.
    let target = if script.contains("<endless>") || script.contains("<fill>") { Fake::target } else { Fake::impatient };
    let ended = meet(&server, &target(&server, ""), dialogue, 1);
    ended.says("FAIL").says(says);
    assert_eq!(ended.last_line(), "0 passed, 1 failed, 0 skipped");
}

/// Data without end, each reply well-formed: the case ends before the time-out does.
#[rstest]
#[case("imap", "NOOP => * OK still here\\r\\n<endless>", "C: a1 NOOP\nS: a1 OK")]
#[case("imap", "NOOP => {tag} OK done\\r\\n* 5 EXISTS\\r\\n<endless>", "C: a1 NOOP\nS: a1 OK\n- |\nS: * 6 EXISTS")]
fn a_server_that_does_not_stop_talking(#[case] protocol: &'static str, #[case] script: &str, #[case] dialogue: &str) {
    let server = Fake::new(protocol, script);
    let workplace = Workplace::with(&server, &suite(protocol, dialogue));
    workplace.target(&server.target_with_step("25s", ""));
    let begun = Instant::now();
    let ended = workplace.run(&[]);
    ended.exits(1).says("the server does not stop talking: more than 100000 replies in one case");
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
    assert!(ended.peak < MEMORY, "{} MB were needed", ended.peak >> 20);
}

/// What the network does to replies is nothing that a server does wrong.
#[rstest]
#[case("smtp", "NOOP => 250-one\\r\\n250 two\\r\\n<slowly>", "C: NOOP\nS: 250-one\nS: 250 two")]
#[case("pop3", "LIST => +OK\\r\\n1 120\\r\\n.\\r\\n<slowly>", "C: LIST\nS: +OK\nS: 1 120\nS: .")]
#[case(
    "imap",
    "NOOP => * 1 FETCH (BODY[] {5}\\r\\nab\\r\\nc)\\r\\n{tag} OK done\\r\\n<slowly>",
    "C: a1 NOOP\nS: * 1 FETCH (BODY[] ${_})\nS: a1 OK"
)]
fn replies_in_segments_of_one_octet(#[case] protocol: &'static str, #[case] script: &str, #[case] dialogue: &str) {
    let server = Fake::new(protocol, script);
    let ended = meet(&server, &server.target(""), dialogue, 0);
    assert_eq!(ended.last_line(), "1 passed, 0 failed, 0 skipped");
}

/// After STARTTLS was answered, anything but TLS comes.
#[rstest]
#[case::noise("STARTTLS => 220 go\\r\\n<garbage>", "the TLS handshake failed")]
#[case::nothing("STARTTLS => 220 go\\r\\n<hang>", "the handshake did not finish in time")]
#[case::closes("STARTTLS => 220 go\\r\\n<close>", "the TLS handshake failed")]
fn no_tls_after_starttls(#[case] script: &str, #[case] says: &str) {
    let server = Fake::new("smtp", script);
    let workplace = Workplace::with(
        &server,
        "spec: RFC 3207 §4\nprotocol: smtp\nstart: ehlo\ncases:\n  - id: tls\n    title: TLS follows\n    \
         covers: [rfc5321/4.2/one-reply]\n    dialogue:\n      - |\n        C: STARTTLS\n        S: 220\n      - tls:\n",
    );
    workplace.target(&server.impatient(""));
    workplace.run(&[]).exits(1).says(says);
    // Where TLS is only the way to the start of the case nothing is judged: the case is blocked.
    workplace.write(
        "suites/smtp.yaml",
        suite("smtp", "C: NOOP\nS: 250").replace("    dialogue", "    vary: {transport: [starttls]}\n    dialogue"),
    );
    workplace.run(&[]).exits(3).says("BLOCKED").says(says);
}

/// The connection that fills mailboxes meets the same servers.
#[rstest]
#[case::endless_line("LIST => x<endless>", "longer than 8388608 octets")]
#[case::endless_lines("LIST => * LIST () \"/\" x\\r\\n<endless>", "longer than 8388608 octets")]
#[case::huge_literal("LIST => * LIST () \"/\" {209715200}\\r\\n<fill>", "a literal of 209715200 octets")]
#[case::overflowing_literal(
    "LIST => * LIST () \"/\" {18446744073709551615}\\r\\n<fill>",
    "a literal of 18446744073709551615 octets"
)]
#[case::refusal("LIST => {tag} NO not now\\r\\n", "`LIST \"\"` was answered `NO not now`")]
#[case::closes("LIST => <close>", "closed the keeper's connection")]
fn mailboxes_cannot_be_prepared(#[case] script: &str, #[case] says: &str) {
    let server = Fake::new("imap", script);
    let workplace = Workplace::with(
        &server,
        &suite("imap", "C: a1 NOOP\nS: a1 OK").replace("cases:", "start: authenticated\nmaildrop: [plain]\ncases:"),
    );
    let begun = Instant::now();
    let ended = workplace.run(&[]);
    ended.exits(3).says("BLOCKED").says("the mailboxes could not be prepared").says(says);
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
    assert!(ended.peak < MEMORY, "{} MB were needed", ended.peak >> 20);
}

/// A server that is written to and never reads: the bytes go nowhere, and the run ends all the same.
#[test]
fn a_server_that_never_reads() {
    let server = Fake::absurd("smtp", |mut stream| {
        let _ = stream.write_all(b"220 fake\r\n");
        let mut probe = [0; 4096];
        // The probe is answered; after that nothing is read.
        if let Ok(count) = stream.read(&mut probe)
            && probe[..count].starts_with(b"EHLO")
        {
            let _ = stream.write_all(b"250 fake\r\n");
        }
        std::thread::sleep(Duration::from_secs(30));
    });
    let dialogue = "C: NOOP ${repeat:16000000:x}\nS: 250";
    let ended = meet(&server, &server.impatient(""), dialogue, 1);
    ended.says("the server took no more bytes");
}
