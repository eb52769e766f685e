//! Servers that do what a test says: replies given as data, or a handler that has the whole connection.
//!
//! A script has one rule a line, `COMMAND => reply`. The command is a prefix, case ignored; nothing is the greeting and `*` any other
//! line. The reply has escapes `\r \n \0 \xHH`, `{tag}` for the tag of an IMAP command and, at its end, what happens then:
//! `<close>`, `<die>` (the whole server is gone), `<slowly>` (an octet at a time), `<hang>` (nothing more is ever said),
//! `<garbage>` (noise once the client speaks again), `<endless>` (the reply again and again), `<fill>` (then `x` without
//! end). Of several rules for one command each answers once, the last for ever.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server on a free loopback port; gone when dropped.
pub struct Fake {
    protocol: &'static str,
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    gone: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
    heard: Mutex<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Then {
    ReadOn,
    Close,
    Die,
    Hang,
    Garbage,
    Endless,
    Fill,
}

#[derive(Clone, Debug)]
struct Rule {
    command: String,
    reply: Vec<u8>,
    slowly: bool,
    then: Then,
}

impl Fake {
    /// A server that keeps to a script. What the harness needs to begin at all has answers already; rules replace them.
    pub fn new(protocol: &'static str, script: &str) -> Fake {
        let usual = match protocol {
            "smtp" => {
                "=> 220 fake.example ESMTP\\r\\n\nEHLO => 250-fake.example\\r\\n250 PIPELINING\\r\\n\n\
                 QUIT => 221 bye\\r\\n<close>\n* => 500 unknown\\r\\n"
            }
            "pop3" => {
                "=> +OK fake\\r\\n\nCAPA => +OK\\r\\nUSER\\r\\n.\\r\\n\nUSER => +OK\\r\\n\nPASS => +OK\\r\\n\n\
                 QUIT => +OK\\r\\n<close>\n* => -ERR unknown\\r\\n"
            }
            _ => {
                "=> * OK fake\\r\\n\nCAPABILITY => * CAPABILITY IMAP4rev1\\r\\n{tag} OK done\\r\\n\nLOGIN => {tag} OK in\\r\\n\n\
                 LOGOUT => * BYE\\r\\n{tag} OK done\\r\\n<close>\nNAMESPACE => {tag} BAD no\\r\\n\n\
                 LIST => * LIST () \"/\" INBOX\\r\\n{tag} OK done\\r\\n\nSTATUS => * STATUS INBOX (MESSAGES 2)\\r\\n{tag} OK done\\r\\n\n\
                 * => {tag} OK done\\r\\n"
            }
        };
        let mut rules = rules(script);
        let own: Vec<String> = rules.iter().map(|rule| rule.command.clone()).collect();
        rules.extend(self::rules(usual).into_iter().filter(|rule| !own.contains(&rule.command)));
        let used: Mutex<BTreeMap<usize, bool>> = Mutex::default();
        Fake::handled(protocol, move |stream, shared| converse(stream, shared, &rules, &used))
    }

    /// A server whose connections a handler has for itself.
    pub fn absurd(protocol: &'static str, handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Fake {
        Fake::handled(protocol, move |stream, _| handler(stream))
    }

    fn handled(protocol: &'static str, handler: impl Fn(TcpStream, &Shared) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            gone: AtomicBool::new(false),
            connections: Mutex::default(),
            heard: Mutex::default(),
        });
        let (accepting, handler) = (shared.clone(), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.gone.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let _ = stream.set_nodelay(true);
                accepting.connections.lock().unwrap().extend(stream.try_clone());
                let (shared, handler) = (accepting.clone(), handler.clone());
                std::thread::spawn(move || handler(stream, &shared));
            }
        });
        Fake { protocol, shared }
    }

    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    pub fn port(&self) -> u16 {
        self.shared.address.port()
    }

    /// Lines clients sent, in the order they came.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// A target file for it, with disposable accounts; `more` are further lines. The time-outs are such that none ends on a
    /// machine that is busy with other things: a test of what happens when one ends takes [`Fake::impatient`].
    pub fn target(&self, more: &str) -> String {
        self.target_with_step("10s", more)
    }

    /// The same with one second for a step. What the server does say, it must be able to say in that time.
    pub fn impatient(&self, more: &str) -> String {
        self.target_with_step("1s", more)
    }

    /// The same with this long for a step.
    pub fn target_with_step(&self, step: &str, more: &str) -> String {
        let accounts = if more.contains("accounts:") {
            ""
        } else {
            "accounts:\n- {login: one, password: first, address: one@example.org, disposable: true}\n\
             - {login: two, password: second, address: two@example.org, disposable: true}\n"
        };
        format!(
            "name: fake\ndomain: example.org\nendpoints:\n  {}: {{port: {}, starttls: true}}\n\
             timeouts: {{connect: 10s, step: {step}}}\n{accounts}{more}",
            self.protocol,
            self.port()
        )
    }
}

impl Shared {
    /// Nobody listens any more, and every connection is closed.
    fn die(&self) {
        if !self.gone.swap(true, Ordering::SeqCst) {
            // The accepting thread wakes, sees that it is over, and drops the listener.
            let _ = TcpStream::connect(self.address);
        }
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shared.die();
    }
}

fn rules(script: &str) -> Vec<Rule> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(rule).collect()
}

fn rule(line: &str) -> Rule {
    let (command, reply) = line.split_once("=>").unwrap_or_else(|| panic!("`{line}` has no =>"));
    let mut reply = reply.strip_prefix(' ').unwrap_or(reply);
    let (mut slowly, mut then) = (false, Then::ReadOn);
    while let Some((before, word)) = reply.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        match word {
            "close" => then = Then::Close,
            "die" => then = Then::Die,
            "hang" => then = Then::Hang,
            "garbage" => then = Then::Garbage,
            "endless" => then = Then::Endless,
            "fill" => then = Then::Fill,
            "slowly" => slowly = true,
            _ => break,
        }
        reply = before;
    }
    Rule { command: command.trim().to_uppercase(), reply: mailspec::suite::unescape(reply).unwrap(), slowly, then }
}

/// Plays the script on one connection.
fn converse(mut stream: TcpStream, shared: &Shared, rules: &[Rule], used: &Mutex<BTreeMap<usize, bool>>) {
    let Ok(mut reader) = stream.try_clone().map(BufReader::new) else { return };
    // Only IMAP commands have tags.
    let tagged = rules.iter().any(|rule| rule.command == "CAPABILITY");
    let mut line = String::new();
    loop {
        // The greeting is the answer to nothing.
        let greeting = line.is_empty();
        let (tag, command) = if tagged { line.split_once(' ').unwrap_or(("", &line)) } else { ("", line.as_str()) };
        let Some(rule) = next_rule(rules, used, if greeting { "" } else { command }) else { return };
        let reply = replaced(&rule.reply, tag.trim());
        let sent = if rule.slowly {
            reply.chunks(1).try_for_each(|octet| {
                std::thread::sleep(Duration::from_micros(300));
                stream.write_all(octet)
            })
        } else {
            stream.write_all(&reply)
        };
        if sent.is_err() {
            return;
        }
        match rule.then {
            Then::ReadOn => {}
            Then::Close => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Then::Die => return shared.die(),
            Then::Hang => {
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
            Then::Endless => return flood(stream, &reply),
            Then::Fill => return flood(stream, b"x"),
            Then::Garbage => {
                let _ = reader.read(&mut [0; 512]);
                let _ = stream.write_all(&[0x42; 600]);
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
        }
        line.clear();
        let mut bytes = Vec::new();
        if !matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
            return;
        }
        // A synchronising literal is asked for and read (RFC 3501 §4.3).
        while let Some(size) = literal(&bytes) {
            let mut rest = vec![0; size];
            if stream.write_all(b"+ go\r\n").is_err() || reader.read_exact(&mut rest).is_err() {
                return;
            }
            bytes = [String::from_utf8_lossy(&bytes).trim_end().as_bytes(), b" ~ "].concat();
            if reader.read_until(b'\n', &mut bytes).is_err() {
                return;
            }
        }
        line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        shared.heard.lock().unwrap().push(line.clone());
        if line.is_empty() {
            // An empty line must not be taken for the wait for the greeting.
            line.push('\u{0}');
        }
    }
}

/// Writes the same bytes until nobody reads them any more.
pub fn flood(mut stream: TcpStream, bytes: &[u8]) {
    let block = bytes.repeat(65536 / bytes.len().max(1) + 1);
    while stream.write_all(&block).is_ok() {}
}

fn literal(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    text.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

fn next_rule<'a>(rules: &'a [Rule], used: &Mutex<BTreeMap<usize, bool>>, command: &str) -> Option<&'a Rule> {
    let command = command.to_uppercase();
    let fits = |rule: &Rule| match rule.command.as_str() {
        "" => command.is_empty(),
        "*" => !command.is_empty(),
        prefix => command.starts_with(prefix),
    };
    let mut used = used.lock().unwrap();
    // A rule for the command goes before the one for everything.
    let specific = rules.iter().enumerate().filter(|(_, rule)| rule.command != "*" && fits(rule));
    let mut candidates: Vec<(usize, &Rule)> = specific.collect();
    if candidates.is_empty() {
        candidates = rules.iter().enumerate().filter(|(_, rule)| fits(rule)).collect();
    }
    // Among rules of one command the longest prefix counts; of equal ones each answers once.
    let longest = candidates.iter().map(|(_, rule)| rule.command.len()).max()?;
    candidates.retain(|(_, rule)| rule.command.len() == longest);
    let fresh = candidates.iter().position(|(index, _)| !used.contains_key(index));
    let (index, rule) = *candidates.get(fresh.unwrap_or(candidates.len() - 1))?;
    used.insert(index, true);
    Some(rule)
}

fn replaced(reply: &[u8], tag: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = reply;
    while let Some(at) = rest.windows(5).position(|window| window == b"{tag}") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(tag.as_bytes());
        rest = &rest[at + 5..];
    }
    out.extend_from_slice(rest);
    out
}
