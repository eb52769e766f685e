//! What is measured, and the mailboxes it needs.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::imap::{Answer, Imap};
use crate::letters::letter;
use crate::measure::timed;
use crate::pop3::Pop3;
use crate::{Outcome, Server};

/// A row of the table.
pub struct Row {
    pub name: &'static str,
    /// Plays it; gives the time it took. The arguments are the server, the messages of the big mailbox, and the round.
    pub play: fn(&Server, usize, usize) -> Outcome<Duration>,
}

pub const ROWS: &[Row] = &[
    Row { name: "log in, SELECT", play: |server, _, _| timed(|| big(server).map(drop)) },
    Row { name: "FETCH 1:* (FLAGS UID)", play: |server, n, _| fetch(server, "FETCH 1:* (FLAGS UID)", n) },
    Row {
        name: "FETCH 1:* header fields",
        play: |server, n, _| {
            fetch(
                server,
                "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)])",
                n,
            )
        },
    },
    Row { name: "FETCH 1:* ENVELOPE", play: |server, n, _| fetch(server, "FETCH 1:* (UID FLAGS ENVELOPE)", n) },
    Row { name: "FETCH 1:* whole header", play: |server, n, _| fetch(server, "FETCH 1:* (BODY.PEEK[HEADER])", n) },
    Row { name: "FETCH 1:* BODYSTRUCTURE", play: |server, n, _| fetch(server, "FETCH 1:* (BODYSTRUCTURE)", n) },
    Row { name: "FETCH 1:* whole messages", play: |server, n, _| fetch(server, "FETCH 1:* (BODY.PEEK[])", n) },
    Row { name: "SEARCH by flags", play: |server, _, _| search(server, "SEARCH UNSEEN UNDELETED NOT FLAGGED") },
    Row { name: "SEARCH SUBJECT", play: |server, _, _| search(server, "SEARCH SUBJECT zanzibar") },
    Row { name: "SEARCH BODY", play: |server, _, _| search(server, "SEARCH BODY zanzibar") },
    Row { name: "STORE half of them, told", play: |server, n, round| store(server, n, round, "FLAGS") },
    Row { name: "STORE half of them, silent", play: |server, n, round| store(server, n, round, "FLAGS.SILENT") },
    Row { name: "APPEND 4 KB, 200 in a row", play: |server, _, round| append(server, 1, 200, round) },
    Row { name: "APPEND 4 KB, 10 sessions of 50", play: |server, _, round| append(server, 10, 50, round) },
    Row { name: "STATUS of 100 mailboxes", play: status },
    Row { name: "200 sessions of 25 small commands", play: |server, _, _| many_sessions(server) },
    Row { name: "POP3, RETR of 1,000 messages", play: |server, _, _| maildrop(server) },
];

const SESSIONS: usize = 200;
const ACCOUNTS: usize = 24;
/// Sessions that fill a mailbox: servers differ in how well they stand many.
const FILLING: usize = 2;

/// Fills the mailboxes of a server that has none yet.
pub fn prepare(server: &Server, messages: usize) -> Outcome<()> {
    let mut imap = Imap::login(server.imap, "user1", "secret1")?;
    imap.ask("CREATE big")?;
    imap.ask("CREATE new")?;
    fill(server, "user1", "secret1", "big", messages)?;
    fill(server, "user2", "secret2", "INBOX", 1000)?;
    let mut imap = Imap::login(server.imap, "user3", "secret3")?;
    fill(server, "user3", "secret3", "INBOX", 20)?;
    imap.ask("SELECT INBOX")?;
    for number in 0..100 {
        imap.ask(&format!("CREATE folder{number}"))?;
        imap.ask(&format!("COPY 1:20 folder{number}"))?;
    }
    for account in 4..=ACCOUNTS {
        fill(server, &format!("user{account}"), &format!("secret{account}"), "INBOX", 100)?;
    }
    Ok(())
}

/// Appends the first `count` messages, over several connections at once.
pub fn fill(server: &Server, user: &str, password: &str, mailbox: &str, count: usize) -> Outcome<()> {
    let work = |imap: &mut Imap, session| {
        (session..count).step_by(FILLING).try_for_each(|number| imap.append(mailbox, &letter(number)).map(drop))
    };
    together(FILLING, |_| Imap::login(server.imap, user, password), work).map(drop)
}

fn big(server: &Server) -> Outcome<Imap> {
    let mut imap = Imap::login(server.imap, "user1", "secret1")?;
    imap.ask("SELECT big")?;
    Ok(imap)
}

fn fetch(server: &Server, command: &str, messages: usize) -> Outcome<Duration> {
    let mut imap = big(server)?;
    let mut answer = Answer::default();
    let took = timed(|| imap.ask(command).map(|told| answer = told))?;
    if answer.lines < messages { Err(format!("told of {} messages only", answer.lines).into()) } else { Ok(took) }
}

fn search(server: &Server, command: &str) -> Outcome<Duration> {
    let mut imap = big(server)?;
    timed(|| imap.ask(command).map(drop))
}

fn store(server: &Server, messages: usize, round: usize, what: &str) -> Outcome<Duration> {
    let mut imap = big(server)?;
    let sign = if round.is_multiple_of(2) { '+' } else { '-' };
    timed(|| imap.ask(&format!("STORE 1:{} {sign}{what} (\\Answered)", messages / 2)).map(drop))
}

fn append(server: &Server, sessions: usize, each: usize, round: usize) -> Outcome<Duration> {
    let work = |imap: &mut Imap, session| {
        let first = round * 10_000 + session * each;
        (first..first + each).try_for_each(|number| imap.append("new", &letter(number)).map(drop))
    };
    together(sessions, |_| Imap::login(server.imap, "user1", "secret1"), work)
}

fn status(server: &Server, _: usize, _: usize) -> Outcome<Duration> {
    let mut imap = Imap::login(server.imap, "user3", "secret3")?;
    timed(|| {
        for number in 0..100 {
            imap.ask(&format!("STATUS folder{number} (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"))?;
        }
        Ok(())
    })
}

/// Sessions on several accounts at once, each with a mailbox open that others change.
fn many_sessions(server: &Server) -> Outcome<Duration> {
    let login = |session| {
        let account = 4 + session % (ACCOUNTS - 3);
        let mut imap = Imap::login(server.imap, &format!("user{account}"), &format!("secret{account}"))?;
        imap.ask("SELECT INBOX")?;
        Ok(imap)
    };
    together(SESSIONS, login, |imap, session| {
        for number in 0..5 {
            let message = 1 + (session * 7 + number) % 100;
            let sign = if number % 2 == 0 { '+' } else { '-' };
            imap.ask("NOOP")?;
            imap.ask(&format!("FETCH {message} (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))?;
            imap.ask(&format!("STORE {message} {sign}FLAGS (\\Flagged)"))?;
            imap.ask("SEARCH UNSEEN")?;
            imap.ask("STATUS INBOX (MESSAGES UNSEEN)")?;
        }
        Ok(())
    })
}

fn maildrop(server: &Server) -> Outcome<Duration> {
    timed(|| {
        let mut pop3 = Pop3::login(server.pop3, "user2", "secret2")?;
        for number in 1..=1000 {
            pop3.retrieve(number)?;
        }
        pop3.ask("QUIT").map(drop)
    })
}

/// Lets every session log in, and then work at once with the others; gives the time from when all are logged in to the end of
/// the last.
fn together(
    sessions: usize,
    login: impl Fn(usize) -> Outcome<Imap> + Sync,
    work: impl Fn(&mut Imap, usize) -> Outcome<()> + Sync,
) -> Outcome<Duration> {
    let ready = Barrier::new(sessions + 1);
    thread::scope(|scope| {
        let (ready, login, work) = (&ready, &login, &work);
        let session = |session| {
            move || {
                let imap = login(session);
                // Also one that could not log in: nobody waits for it.
                ready.wait();
                imap.and_then(|mut imap| work(&mut imap, session))
            }
        };
        let running: Vec<_> = (0..sessions).map(|number| scope.spawn(session(number))).collect();
        ready.wait();
        let began = Instant::now();
        for session in running {
            session.join().map_err(|_| "a session panicked")??;
        }
        Ok(began.elapsed())
    })
}
