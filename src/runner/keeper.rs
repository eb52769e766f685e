//! Keeps the mailboxes of leased accounts: empties, fills and removes them, on an IMAP connection of its own per account.
//!
//! It destroys nothing of an account that does not say `disposable: true`; private mailboxes it made itself it removes everywhere.

use std::net::SocketAddr;
use std::time::Duration;

use crate::protocol::start::quoted;
use crate::suite::{Fixtures, MailboxSeed, SeedMessage, Segments};
use crate::target::{AccountSlot, Target};
use crate::transport::{Connection, TlsClient};

/// A connection that is logged in.
pub struct Keeper {
    connection: Connection,
    timeout: Duration,
    tag: u64,
    received: Vec<u8>,
    /// Octets of `received` that were searched for a line end without finding one.
    searched: usize,
    /// What the names of personal mailboxes start with (RFC 2342 §5).
    pub prefix: String,
    /// Headers in UTF-8 are appended as such (RFC 6855 §4).
    utf8: bool,
    /// A mailbox that belongs to nobody, and what is below it is no account's to remove.
    shared_mailbox: Option<String>,
    cleaned: bool,
    disposable: bool,
}

/// Octets of the answer to one command; lists of mailboxes are far shorter.
const ANSWER: usize = 8 << 20;

/// A command without its arguments, for messages: the password of LOGIN is one of them.
fn verb(command: &str) -> String {
    let words = if command.starts_with("LOGIN") { 1 } else { 2 };
    command.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

/// What one command was answered: the untagged lines (literals included) before the tagged one.
struct Answer {
    untagged: Vec<Vec<u8>>,
}

impl Keeper {
    /// Connects and logs in. The error says what did not work.
    pub async fn open(target: &Target, tls: &TlsClient, account: &AccountSlot) -> Result<Keeper, String> {
        let (address, secure): (SocketAddr, bool) =
            target.endpoint(crate::suite::Protocol::Imap, None, false).ok_or("the target has no IMAP endpoint")?;
        let connection = Connection::open(address, secure.then_some(tls), target.timeouts.connect)
            .await
            .map_err(|error| format!("{address}: {error}"))?;
        let mut keeper = Keeper {
            connection,
            timeout: target.timeouts.step.max(Duration::from_secs(10)),
            tag: 0,
            received: Vec::new(),
            searched: 0,
            prefix: String::new(),
            utf8: false,
            shared_mailbox: target.shared_mailbox.clone(),
            cleaned: false,
            disposable: account.disposable,
        };
        let greeting = keeper.line().await?;
        if !greeting.to_ascii_uppercase().starts_with(b"* OK") {
            return Err(format!("the greeting is `{}`", crate::transcript::visible(&greeting)));
        }
        keeper.command(&format!("LOGIN {} {}", quoted(&account.login), quoted(&account.password))).await?;
        // Servers without NAMESPACE have no prefix.
        if let Ok(answer) = keeper.command("NAMESPACE").await {
            keeper.prefix = answer.untagged.iter().find_map(|line| personal_prefix(line)).unwrap_or_default();
        }
        // Servers with UTF8=ACCEPT take fixtures with headers in UTF-8 only from those who enabled it.
        let capabilities = keeper.command("CAPABILITY").await?;
        if capabilities.untagged.iter().any(|line| announces_utf8(line)) {
            keeper.command("ENABLE UTF8=ACCEPT").await?;
            keeper.utf8 = true;
        }
        Ok(keeper)
    }

    /// Makes the account ready: at first use of a disposable account everything in it is removed; INBOX is emptied each time.
    pub async fn clean(&mut self) -> Result<(), String> {
        if !self.disposable {
            return Ok(());
        }
        if !self.cleaned {
            self.remove("*").await?;
            self.cleaned = true;
        }
        let status = self.command("STATUS INBOX (MESSAGES)").await?;
        let empty = status.untagged.iter().any(|line| line.to_ascii_uppercase().windows(11).any(|part| part == b"MESSAGES 0)"));
        if !empty {
            self.command("SELECT INBOX").await?;
            // A mailbox emptied in between makes this fail, which is as good.
            let _ = self.command("STORE 1:* +FLAGS.SILENT (\\Deleted)").await;
            self.command("EXPUNGE").await?;
            self.command("CLOSE").await?;
        }
        Ok(())
    }

    /// Creates and fills a private mailbox.
    pub async fn seed(&mut self, name: &str, seed: &MailboxSeed, fixtures: &Fixtures) -> Result<(), String> {
        match self.command(&format!("CREATE {}", quoted(name))).await {
            // The name was drawn for this case alone, so what is there is ours: Dovecot 2.3 says this now and then of a mailbox
            // that it has just made.
            Err(why) if !why.contains("[ALREADYEXISTS]") => return Err(why),
            _ => {}
        }
        self.fill(name, &seed.messages, fixtures).await
    }

    /// Appends fixtures to a mailbox, in order.
    pub async fn fill(&mut self, name: &str, messages: &[SeedMessage], fixtures: &Fixtures) -> Result<(), String> {
        for message in messages {
            let bytes = fixtures.get(&message.fixture).ok_or_else(|| format!("there is no fixture `{}`", message.fixture))?;
            let utf8 = self.utf8 && has_utf8_header(bytes);
            // Courier 5.0 knows UTF8 only behind a list of flags, which may be empty.
            let flags = match message.flags.is_empty() && !utf8 {
                true => String::new(),
                false => format!(" ({})", message.flags.join(" ")),
            };
            let date = message.date.as_ref().map(|date| format!(" {}", quoted(date))).unwrap_or_default();
            let (before, after) = match utf8 {
                true => ("UTF8 (~", ")\r\n"),
                false => ("", "\r\n"),
            };
            let command = format!("APPEND {}{flags}{date} {before}{{{}}}", quoted(name), bytes.len());
            let tag = self.send(&command).await?;
            let asked = self.line().await?;
            if !asked.starts_with(b"+") {
                return Err(format!("`{command}` was answered `{}`", crate::transcript::visible(asked.trim_ascii_end())));
            }
            self.write(bytes).await?;
            self.write(after.as_bytes()).await?;
            self.answer(&tag, &command).await?;
        }
        Ok(())
    }

    /// Removes mailboxes whose names match a LIST pattern, the deepest first; INBOX stays. Subscriptions end with them, those of names
    /// without a mailbox, too.
    pub async fn remove(&mut self, pattern: &str) -> Result<(), String> {
        let list = self.command(&format!("LIST \"\" {}", quoted(pattern))).await?;
        // A server of IMAP4rev2 alone has no LSUB, and nothing to lose by it.
        let subscribed = self.command(&format!("LSUB \"\" {}", quoted(pattern))).await.map(|answer| answer.untagged);
        // A server under test may list what was not asked for; what does not bear the prefix is not ours to remove.
        let prefix = pattern.trim_end_matches('*');
        let is_shared = |name: &str| self.shared_mailbox.as_ref().is_some_and(|shared| name.starts_with(shared.as_str()));
        let ours = |name: &String| name.starts_with(prefix) && !name.eq_ignore_ascii_case("INBOX") && !is_shared(name);
        let names = |lines: &[Vec<u8>]| lines.iter().filter_map(|line| listed(line)).filter(ours).collect::<Vec<String>>();
        let mut mailboxes = names(&list.untagged);
        mailboxes.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let subscribed = names(&subscribed.unwrap_or_default());
        let without_mailbox: Vec<&String> = subscribed.iter().filter(|name| !mailboxes.contains(name)).collect();
        for name in without_mailbox {
            let _ = self.command(&format!("UNSUBSCRIBE {}", quoted(name))).await;
        }
        for name in &mailboxes {
            let name = quoted(name);
            // Some servers keep names that only have children, or refuse to remove special mailboxes.
            let _ = self.command(&format!("DELETE {name}")).await;
            let _ = self.command(&format!("UNSUBSCRIBE {name}")).await;
        }
        Ok(())
    }

    async fn command(&mut self, command: &str) -> Result<Answer, String> {
        let tag = self.send(command).await?;
        self.answer(&tag, command).await
    }

    async fn send(&mut self, command: &str) -> Result<String, String> {
        self.tag += 1;
        let tag = format!("k{}", self.tag);
        self.write(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        match tokio::time::timeout(self.timeout, self.connection.write(bytes, Segments::Whole)).await {
            Ok(result) => result.map_err(|error| format!("the keeper's connection broke: {error}")),
            Err(_) => Err("the server takes no more bytes from the keeper".to_owned()),
        }
    }

    async fn answer(&mut self, tag: &str, command: &str) -> Result<Answer, String> {
        let mut untagged = Vec::new();
        let mut octets = 0;
        loop {
            let line = self.line().await?;
            octets += line.len();
            if octets > ANSWER {
                return Err(format!("the answer to `{}` is longer than {ANSWER} octets", verb(command)));
            }
            match line.strip_prefix(tag.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) {
                None => untagged.push(line),
                Some(status) if status.to_ascii_uppercase().starts_with(b"OK") => return Ok(Answer { untagged }),
                Some(status) => {
                    let verb = verb(command);
                    return Err(format!("`{verb}` was answered `{}`", crate::transcript::visible(status.trim_ascii_end())));
                }
            }
        }
    }

    /// One response: a line and the literals in it.
    async fn line(&mut self) -> Result<Vec<u8>, String> {
        self.searched = 0;
        loop {
            let unseen = self.received.get(self.searched..).unwrap_or_default();
            if let Some(end) = memchr::memmem::find(unseen, b"\r\n") {
                let end = self.searched + end + 2;
                let literal = crate::protocol::start::literal_size(self.received.get(..end).unwrap_or_default());
                match literal {
                    Some(size) if size > ANSWER => return Err(format!("the server announces a literal of {size} octets")),
                    Some(size) => self.searched = end + size,
                    None => return Ok(self.received.drain(..end).collect()),
                }
            } else {
                // The line end may come in two parts.
                self.searched = self.searched.max(self.received.len().saturating_sub(1));
                self.read().await?;
                continue;
            }
            while self.received.len() < self.searched {
                self.read().await?;
            }
        }
    }

    async fn read(&mut self) -> Result<(), String> {
        let mut buffer = [0u8; 16 * 1024];
        match tokio::time::timeout(self.timeout, self.connection.read(&mut buffer)).await {
            Err(_) => Err(format!("the server did not answer the keeper within {:?}", self.timeout)),
            Ok(Err(error)) => Err(format!("the keeper's connection broke: {error}")),
            Ok(Ok(0)) => Err("the server closed the keeper's connection".to_owned()),
            Ok(Ok(count)) => {
                self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
                if self.received.len() > 2 * ANSWER {
                    Err(format!("the server sends a response longer than {ANSWER} octets"))
                } else {
                    Ok(())
                }
            }
        }
    }
}

/// Whether a CAPABILITY response has UTF8=ACCEPT, or UTF8=ONLY, which implies it (RFC 6855 §3).
fn announces_utf8(line: &[u8]) -> bool {
    let line = line.to_ascii_uppercase();
    let mut words = line.trim_ascii_end().split(|octet| *octet == b' ');
    words.next() == Some(b"*")
        && words.next() == Some(b"CAPABILITY")
        && words.any(|word| [&b"UTF8=ACCEPT"[..], b"UTF8=ONLY"].contains(&word))
}

/// Whether a message has octets above 127 before its body.
fn has_utf8_header(message: &[u8]) -> bool {
    let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    !message.get(..end).unwrap_or_default().is_ascii()
}

/// The mailbox name at the end of a LIST response: an atom, a quoted string or a literal.
fn listed(line: &[u8]) -> Option<String> {
    let text = String::from_utf8(line.to_vec()).ok()?;
    let text = text.trim_end_matches("\r\n");
    let word = text.to_ascii_uppercase();
    if !word.starts_with("* LIST ") && !word.starts_with("* LSUB ") {
        return None;
    }
    if let Some((_, literal)) = text.split_once("}\r\n") {
        return Some(literal.to_owned());
    }
    if text.ends_with('"') {
        let body = text.strip_suffix('"')?;
        // The opening quote is the last one that no backslash escapes.
        let open = body.char_indices().rev().find(|(at, c)| *c == '"' && !body[..*at].ends_with('\\'))?.0;
        return Some(body.get(open + 1..)?.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    text.rsplit(' ').next().map(str::to_owned)
}

/// The prefix of the first personal namespace: `* NAMESPACE (("INBOX." ".")) NIL NIL`.
fn personal_prefix(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?;
    let rest = text.strip_prefix("* NAMESPACE ((\"")?;
    rest.split_once('"').map(|(prefix, _)| prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_names_are_read_in_every_form() {
        assert_eq!(listed(b"* LIST (\\HasNoChildren) \"/\" Drafts\r\n").as_deref(), Some("Drafts"));
        assert_eq!(listed(b"* LIST () \"/\" \"a \\\"b\"\r\n").as_deref(), Some("a \"b"));
        assert_eq!(listed(b"* LIST () \"/\" {3}\r\na b\r\n").as_deref(), Some("a b"));
        assert_eq!(listed(b"* LSUB (\\NonExistent) \"/\" Peach\r\n").as_deref(), Some("Peach"));
        assert_eq!(listed(b"* OK LIST\r\n"), None);
    }

    #[test]
    fn headers_in_utf8_are_appended_as_such() {
        assert!(announces_utf8(b"* CAPABILITY IMAP4rev1 utf8=accept IDLE\r\n") && announces_utf8(b"* CAPABILITY UTF8=ONLY\r\n"));
        assert!(!announces_utf8(b"* CAPABILITY UTF8=ALL\r\n") && !announces_utf8(b"* OK UTF8=ACCEPT\r\n"));
        assert!(has_utf8_header("Subject: \u{e9}\r\n\r\nbody".as_bytes()) && !has_utf8_header("A: b\r\n\r\n\u{e9}".as_bytes()));
    }

    #[test]
    fn the_personal_prefix_is_found() {
        assert_eq!(personal_prefix(b"* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\n").as_deref(), Some("INBOX."));
        assert_eq!(personal_prefix(b"* NAMESPACE NIL NIL NIL\r\n"), None);
    }
}
