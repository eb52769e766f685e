//! A client that does whatever is legal, at random, and remembers what was answered OK.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::belief::Belief;
use super::talk::{Completion, Talk};
use crate::crash::Dice;

/// Beyond so many messages none are added.
const ENOUGH: usize = 150;

/// What all clients together have been promised.
#[derive(Default)]
pub struct Ledger {
    /// Messages by UID, with their sizes. Those whose UID is a multiple of three may be expunged, and are not copied.
    messages: Mutex<HashMap<u32, usize>>,
}

impl Ledger {
    /// A message was answered OK. "They MUST NOT be reused" (RFC 3501 §2.3.1.1): no UID comes twice.
    fn promise(&self, uid: u32, size: usize) {
        let former = self.messages.lock().unwrap().insert(uid, size);
        assert!(former.is_none(), "UID {uid} was given twice");
    }

    pub fn promised(&self) -> HashMap<u32, usize> {
        self.messages.lock().unwrap().clone()
    }
}

/// Whatever nobody may expunge is there as it was promised.
pub fn kept(promised: &HashMap<u32, usize>, belief: &Belief) {
    let there: HashMap<u32, Option<usize>> = belief.messages.iter().filter_map(|known| Some((known.uid?, known.size))).collect();
    for (uid, size) in promised.iter().filter(|(uid, _)| *uid % 3 != 0) {
        let found = there.get(uid).unwrap_or_else(|| panic!("message {uid} was answered OK and is gone"));
        assert!(found.is_none_or(|found| found == *size), "message {uid} had {size} octets, now {found:?}");
    }
}

/// One client.
pub struct Actor {
    pub talk: Talk,
    pub commands: usize,
    dice: Dice,
    ledger: Arc<Ledger>,
    keyword: String,
    /// Where its own keyword is set, by UID, as far as that was answered OK. Nobody else changes it.
    own: HashMap<u32, bool>,
}

impl Actor {
    pub async fn new(address: SocketAddr, number: u64, seed: u64, ledger: Arc<Ledger>) -> io::Result<Actor> {
        let dice = Dice(seed.wrapping_add(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let talk = Talk::open(address).await?;
        Ok(Actor { talk, commands: 0, dice, ledger, keyword: format!("$Own{number}"), own: HashMap::new() })
    }

    /// Comes back after the server was killed: everything that was answered OK before is there.
    pub async fn reopen(&mut self, address: SocketAddr) -> io::Result<()> {
        let promised = self.ledger.promised();
        let talk = Talk::open(address).await?;
        assert_eq!(talk.uidvalidity, self.talk.uidvalidity, "the UIDVALIDITY changed");
        self.talk = talk;
        kept(&promised, &self.talk.belief);
        self.keyword_is_where_it_was_set(&self.talk.belief);
        Ok(())
    }

    /// Both win: whatever others did with the same messages at the same time, this client's changes are there.
    pub fn keyword_is_where_it_was_set(&self, belief: &Belief) {
        for known in &belief.messages {
            let (Some(uid), Some(flags)) = (known.uid, &known.flags) else { continue };
            if let Some(set) = self.own.get(&uid) {
                assert_eq!(flags.contains(&self.keyword), *set, "{} of message {uid}, which has {flags:?}", self.keyword);
            }
        }
    }

    /// One command, or two.
    pub async fn act(&mut self) -> io::Result<()> {
        self.commands += 1;
        let count = self.talk.belief.messages.len();
        match self.dice.below(20) {
            _ if count == 0 => self.append().await,
            0..=3 => self.fetch().await,
            4..=6 => self.store_own().await,
            7 => self.store_shared().await,
            8 => self.store_own_by_uid().await,
            9 => self.search().await,
            10 if count < ENOUGH => self.copy().await,
            11 | 12 if count < ENOUGH => self.append().await,
            13 | 14 => self.mark_deleted().await,
            15 => self.plain("EXPUNGE", "EXPUNGE").await,
            16 => self.plain("UID EXPUNGE 1:*", "UID EXPUNGE").await,
            17 => self.talk.idle(Duration::from_millis(self.dice.below(30))).await.map(drop),
            18 => self.two_at_once().await,
            19 if self.dice.below(4) == 0 => self.talk.select().await,
            _ => self.plain("NOOP", "NOOP").await,
        }
    }

    async fn plain(&mut self, command: &str, name: &str) -> io::Result<()> {
        self.talk.ask(command, name).await.map(drop)
    }

    /// Some message numbers that follow each other.
    fn numbers(&mut self) -> Vec<usize> {
        let count = self.talk.belief.messages.len() as u64;
        let first = 1 + self.dice.below(count);
        let last = (first + self.dice.below(10)).min(count);
        (first as usize..=last as usize).collect()
    }

    fn items(&self) -> &'static str {
        if self.talk.condstore { "(UID FLAGS RFC822.SIZE MODSEQ)" } else { "(UID FLAGS RFC822.SIZE)" }
    }

    async fn fetch(&mut self) -> io::Result<()> {
        let set = range(&self.numbers());
        self.plain(&format!("FETCH {set} {}", self.items()), "FETCH").await
    }

    /// Nobody waits for the first answer before the second command is sent.
    async fn two_at_once(&mut self) -> io::Result<()> {
        let set = range(&self.numbers());
        let fetch = self.talk.send(&format!("FETCH {set} {}", self.items())).await?;
        let noop = self.talk.send("NOOP").await?;
        self.talk.completed(&fetch, "FETCH").await?;
        self.talk.completed(&noop, "NOOP").await.map(drop)
    }

    async fn store_own(&mut self) -> io::Result<()> {
        let numbers = self.numbers();
        let silent = self.dice.below(2) == 0;
        let sign = self.sign();
        let uids: Vec<u32> = numbers.iter().filter_map(|number| self.talk.belief.messages[number - 1].uid).collect();
        let what = if silent { "FLAGS.SILENT" } else { "FLAGS" };
        let command = format!("STORE {} {sign}{what} ({})", range(&numbers), self.keyword);
        let done = self.change_own(&command, "STORE", sign, &uids).await?;
        if silent && done.ok {
            self.talk.belief.changed_silently(&numbers, sign, &self.keyword.clone());
        } else if silent {
            // Which of them were changed nobody has said.
            self.plain(&format!("FETCH {} (UID FLAGS)", range(&numbers)), "FETCH").await?;
        }
        Ok(())
    }

    async fn store_own_by_uid(&mut self) -> io::Result<()> {
        let sign = self.sign();
        let Some(uid) = self.some_uid(|_| true) else { return Ok(()) };
        let command = format!("UID STORE {uid} {sign}FLAGS ({})", self.keyword);
        self.change_own(&command, "UID STORE", sign, &[uid]).await.map(drop)
    }

    async fn change_own(&mut self, command: &str, name: &str, sign: char, uids: &[u32]) -> io::Result<Completion> {
        // Until it is answered nobody knows.
        self.own.retain(|uid, _| !uids.contains(uid));
        let done = self.talk.ask(command, name).await?;
        if done.ok {
            self.own.extend(uids.iter().map(|uid| (*uid, sign == '+')));
        }
        Ok(done)
    }

    async fn store_shared(&mut self) -> io::Result<()> {
        let set = range(&self.numbers());
        let flag = ["\\Flagged", "\\Answered", "$Shared"][self.dice.below(3) as usize];
        let sign = self.sign();
        self.plain(&format!("STORE {set} {sign}FLAGS ({flag})"), "STORE").await
    }

    async fn mark_deleted(&mut self) -> io::Result<()> {
        let Some(uid) = self.some_uid(|uid| uid % 3 == 0) else { return Ok(()) };
        self.plain(&format!("UID STORE {uid} +FLAGS (\\Deleted)"), "UID STORE").await
    }

    /// Numbers are those the client knows, and its own keyword is where it was set.
    async fn search(&mut self) -> io::Result<()> {
        self.talk.belief.found.clear();
        self.plain(&format!("SEARCH KEYWORD {}", self.keyword), "SEARCH").await?;
        let belief = &self.talk.belief;
        for number in &belief.found {
            let known = belief.messages.get(*number as usize - 1).unwrap_or_else(|| panic!("SEARCH found message {number}"));
            let set = known.uid.and_then(|uid| self.own.get(&uid));
            assert!(set.is_none_or(|set| *set), "SEARCH found message {number}, which has no {}", self.keyword);
        }
        Ok(())
    }

    async fn append(&mut self) -> io::Result<()> {
        let message = format!("Subject: one of many\r\n\r\n{}\r\n", "x".repeat(self.dice.below(500) as usize));
        let done = self.talk.ask(&format!("APPEND INBOX {{{}+}}\r\n{message}", message.len()), "APPEND").await?;
        self.ledger.promise(last_number(&done.text, "[APPENDUID "), message.len());
        Ok(())
    }

    /// Copies a message that nobody expunges into its own mailbox.
    async fn copy(&mut self) -> io::Result<()> {
        let promised = self.ledger.promised();
        let Some(uid) = self.some_uid(|uid| uid % 3 != 0 && promised.contains_key(&uid)) else { return Ok(()) };
        let done = self.talk.ask(&format!("UID COPY {uid} INBOX"), "UID COPY").await?;
        self.ledger.promise(last_number(&done.text, "[COPYUID "), promised[&uid]);
        Ok(())
    }

    fn sign(&mut self) -> char {
        if self.dice.below(2) == 0 { '+' } else { '-' }
    }

    fn some_uid(&mut self, which: impl Fn(u32) -> bool) -> Option<u32> {
        let uids: Vec<u32> = self.talk.uids().into_iter().filter(|uid| which(*uid)).collect();
        (!uids.is_empty()).then(|| uids[self.dice.below(uids.len() as u64) as usize])
    }
}

fn range(numbers: &[usize]) -> String {
    format!("{}:{}", numbers[0], numbers[numbers.len() - 1])
}

/// The last number of a response code.
fn last_number(text: &str, code: &str) -> u32 {
    let (_, rest) = text.split_once(code).unwrap_or_else(|| panic!("no {code} in {text}"));
    rest.split(']').next().unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}
