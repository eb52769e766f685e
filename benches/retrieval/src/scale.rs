//! How the cost of each command grows with the mailbox, and with the number of mailboxes.

use std::net::SocketAddr;
use std::time::Duration;

use crate::imap::Imap;
use crate::measure::timed;
use crate::rows::fill;
use crate::{Outcome, Server};

/// What is measured in a mailbox of this name, in this order: EXPUNGE leaves half of it.
const COMMANDS: &[(&str, &str)] = &[
    ("SELECT", "SELECT {box}"),
    ("NOOP", "NOOP"),
    ("FETCH 1:* FLAGS", "FETCH 1:* (FLAGS UID)"),
    ("FETCH 1:* ENVELOPE", "FETCH 1:* (ENVELOPE)"),
    ("FETCH of one", "FETCH 500 (FLAGS ENVELOPE)"),
    ("UID FETCH of one", "UID FETCH 500 (FLAGS ENVELOPE)"),
    ("SEARCH UNSEEN", "SEARCH UNSEEN"),
    ("SEARCH SUBJECT", "SEARCH SUBJECT zanzibar"),
    ("STORE of one", "STORE 500 +FLAGS (\\Flagged)"),
    ("STORE 1:* told", "STORE 1:* +FLAGS (\\Answered)"),
    ("STORE 1:* silent", "STORE 1:* +FLAGS.SILENT (\\Seen)"),
    ("STATUS", "STATUS {box} (MESSAGES UNSEEN UIDNEXT)"),
    ("COPY 1:*", "COPY 1:* {box}-copy"),
    ("STORE half \\Deleted", "STORE 1:{half} +FLAGS.SILENT (\\Deleted)"),
    ("EXPUNGE of half", "EXPUNGE"),
];

/// What is measured in an account of so many mailboxes, fifty to a tree.
const WITH_MAILBOXES: &[(&str, &str)] = &[
    ("LIST \"\" *", "LIST \"\" *"),
    ("LIST \"\" %", "LIST \"\" %"),
    ("LIST of one tree", "LIST \"\" tree1/%"),
    ("LIST with STATUS", "LIST \"\" * RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))"),
    ("LSUB \"\" *", "LSUB \"\" *"),
    ("STATUS of one", "STATUS tree1/1 (MESSAGES UNSEEN)"),
    ("SELECT of one", "SELECT tree1/1"),
    ("CREATE", "CREATE new"),
    ("SUBSCRIBE", "SUBSCRIBE new"),
    ("RENAME of one", "RENAME new newer"),
    ("RENAME of a tree", "RENAME tree0 other"),
    ("DELETE", "DELETE newer"),
];

/// Mailboxes of a tree.
const TREE: usize = 50;

/// Makes as many mailboxes, plays the commands among them, and tells how long each took.
pub fn run_mailboxes(imap: SocketAddr, sizes: &[usize]) -> Outcome<()> {
    let columns = sizes.iter().enumerate().map(|(at, size)| mailboxes(imap, 5 + at, *size)).collect::<Outcome<Vec<_>>>()?;
    let names: Vec<&str> = WITH_MAILBOXES.iter().map(|(name, _)| *name).collect();
    print("ms, mailboxes:", sizes, &names, &columns);
    Ok(())
}

fn mailboxes(address: SocketAddr, account: usize, size: usize) -> Outcome<Vec<Duration>> {
    let mut imap = Imap::login(address, &format!("user{account}"), &format!("secret{account}"))?;
    for number in 0..size {
        imap.ask(&format!("CREATE tree{}/{}", number / TREE, number % TREE))?;
    }
    WITH_MAILBOXES.iter().map(|(_, command)| timed(|| imap.ask(command).map(drop))).collect()
}

/// Makes a mailbox of each size, plays the commands there, and tells how long each took.
pub fn run(imap: SocketAddr, sizes: &[usize]) -> Outcome<()> {
    let server = Server { name: String::new(), imap, pop3: imap };
    Imap::login(imap, "user1", "secret1")?.ask("CREATE seed")?;
    fill(&server, "user1", "secret1", "seed", 1000)?;
    let columns = sizes.iter().map(|size| column(imap, *size)).collect::<Outcome<Vec<_>>>()?;
    let names =
        COMMANDS.iter().map(|(name, _)| *name).chain(["NOOP, another session's", "IDLE hears a flag", "IDLE hears a message"]);
    print("ms, messages:", sizes, &names.collect::<Vec<_>>(), &columns);
    Ok(())
}

fn print(title: &str, sizes: &[usize], names: &[&str], columns: &[Vec<Duration>]) {
    print!("{title:<24}");
    sizes.iter().for_each(|size| print!("{size:>12}"));
    println!();
    for (at, name) in names.iter().enumerate() {
        print!("{name:<24}");
        columns.iter().filter_map(|column| column.get(at)).for_each(|took| print!("{:>12.2}", took.as_secs_f64() * 1e3));
        println!();
    }
}

fn column(address: SocketAddr, size: usize) -> Outcome<Vec<Duration>> {
    let mailbox = format!("size{size}");
    let mut imap = Imap::login(address, "user1", "secret1")?;
    imap.ask(&format!("CREATE {mailbox}"))?;
    imap.ask(&format!("CREATE {mailbox}-copy"))?;
    imap.ask("SELECT seed")?;
    let mut left = size;
    while left > 0 {
        let now = left.min(1000);
        imap.ask(&format!("COPY 1:{now} {mailbox}"))?;
        left -= now;
    }
    let mut times = Vec::new();
    for (_, command) in COMMANDS {
        let command = command.replace("{box}", &mailbox).replace("{half}", &(size / 2).to_string());
        times.push(timed(|| imap.ask(&command).map(drop))?);
    }
    let mut idler = Imap::login(address, "user1", "secret1")?;
    idler.ask(&format!("SELECT {mailbox}"))?;
    times.push(timed(|| idler.ask("NOOP").map(drop))?);
    idler.idle()?;
    times.push(timed(|| {
        imap.ask("STORE 1 -FLAGS.SILENT (\\Answered)")?;
        idler.hear(")")
    })?);
    times.push(timed(|| {
        imap.append(&mailbox, &crate::letters::letter(1))?;
        idler.hear("EXISTS")
    })?);
    idler.done()?;
    Ok(times)
}
