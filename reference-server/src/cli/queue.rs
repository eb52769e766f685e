//! `reference-server queue`: what a server's queue holds, and changing it, whether the server runs or not.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::Clock;
use crate::control::{Answer, Request, answer, ask};
use crate::queue::{EntryId, Held, Listed, ListedRecipient, Queue, Selection};
use crate::server::{CONTROL, DATABASE};
use crate::store::{Error, Store};

/// Entries that are asked for at a time.
const PAGE: usize = 500;

/// Look at the queue of a server with --data, and change it. The server may run or not.
#[derive(Args, Clone, Debug)]
pub struct QueueArgs {
    /// The directory of the server
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Clone, Debug)]
enum Verb {
    /// Show what waits, and why
    List {
        #[command(flatten)]
        part: Part,
        /// One JSON object in a line for each entry
        #[arg(long)]
        json: bool,
    },
    /// Show an entry and the beginning of its message
    Show {
        /// Its number
        id: i64,
    },
    /// Have nobody try these until they are released
    Hold(Part),
    /// End a hold: try these now
    Release(Part),
    /// Try these now, whatever is known of their destinations
    Flush(Part),
    /// Remove these
    Delete {
        #[command(flatten)]
        part: Part,
        /// Tell the senders, as of a failure
        #[arg(long)]
        notify: bool,
    },
}

/// Which recipients are meant.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
struct Part {
    /// An entry, by its number
    id: Option<i64>,
    /// Recipients of this domain
    #[arg(long, value_name = "DOMAIN")]
    destination: Option<String>,
    /// Everything
    #[arg(long)]
    all: bool,
}

impl Part {
    fn selection(&self) -> Option<Selection> {
        match (self.id, &self.destination) {
            (Some(id), _) => Some(Selection::Entry(EntryId(id))),
            (_, Some(domain)) => Some(Selection::Destination(domain.clone())),
            _ => self.all.then_some(Selection::All),
        }
    }

    /// What is changed must be named.
    fn named(&self) -> Result<Selection> {
        let Some(selection) = self.selection() else { bail!("say what is meant: a number, --destination DOMAIN, or --all") };
        Ok(selection)
    }
}

/// Does it, and prints what came of it.
pub async fn queue(args: QueueArgs) -> Result<()> {
    let postmaster = Postmaster::of(&args.data)?;
    match args.verb {
        Verb::List { part, json } => {
            let shown = list(&postmaster, part.selection().unwrap_or(Selection::All), json).await?;
            if let (false, Answer::Overview(overview)) = (json, postmaster.ask(Request::Overview).await?) {
                println!("{shown} shown; {} entries with {} recipients wait", overview.entries, overview.recipients);
            }
        }
        Verb::Show { id } => {
            let id = EntryId(id);
            let list = Request::List { selection: Selection::Entry(id), after: None, most: 1 };
            match (postmaster.ask(list).await?, postmaster.ask(Request::Beginning(id)).await?) {
                (Answer::Entries(entries), Answer::Text(Some(text))) => {
                    entries.iter().for_each(|entry| print!("{}", described(entry)));
                    print!("\n{}", text.replace("\r\n", "\n"));
                }
                _ => bail!("there is no entry {id} in the queue"),
            }
        }
        Verb::Hold(part) => postmaster.change(Request::Hold(part.named()?), "held").await?,
        Verb::Release(part) => postmaster.change(Request::Release(part.named()?), "released").await?,
        Verb::Flush(part) => postmaster.change(Request::Flush(part.named()?), "due now").await?,
        Verb::Delete { part, notify } => {
            postmaster.change(Request::Delete { selection: part.named()?, notify }, "deleted").await?;
        }
    }
    Ok(())
}

async fn list(postmaster: &Postmaster, selection: Selection, json: bool) -> Result<usize> {
    let (mut after, mut shown) = (None, 0);
    loop {
        let request = Request::List { selection: selection.clone(), after, most: PAGE };
        let Answer::Entries(entries) = postmaster.ask(request).await? else { bail!("the server did not answer with a list") };
        for entry in &entries {
            if json {
                println!("{}", serde_json::to_string(entry)?);
            } else {
                print!("{}", described(entry));
            }
        }
        shown += entries.len();
        match entries.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(shown),
        }
    }
}

/// Who does what is wanted.
enum Postmaster {
    /// The server that runs.
    Socket(PathBuf),
    /// This process: nobody else has the database.
    Own(Queue),
}

impl Postmaster {
    fn of(directory: &Path) -> Result<Self> {
        let database = directory.join(DATABASE);
        if !database.exists() {
            bail!("there is no {} in {}: --data names the directory of a server", DATABASE, directory.display());
        }
        match Store::open(&database) {
            Ok(store) => Ok(Postmaster::Own(Queue::new(store, Clock::real()))),
            Err(Error::InUse { .. }) => Ok(Postmaster::Socket(directory.join(CONTROL))),
            Err(error) => Err(error.into()),
        }
    }

    async fn ask(&self, request: Request) -> Result<Answer> {
        let answer = match self {
            Postmaster::Socket(path) => ask(path, &request).await?,
            Postmaster::Own(queue) => answer(queue, None, request),
        };
        match answer {
            Answer::Failed(why) => bail!(why),
            answer => Ok(answer),
        }
    }

    async fn change(&self, request: Request, done: &str) -> Result<()> {
        if let Answer::Changed(count) = self.ask(request).await? {
            println!("{count} {} {done}", if count == 1 { "recipient" } else { "recipients" });
        }
        Ok(())
    }
}

/// An entry in some lines.
fn described(entry: &Listed) -> String {
    let size = entry.size.map_or("bytes lost".to_owned(), |size| format!("{size} octets"));
    let sender = entry.reverse_path.as_deref().unwrap_or_default();
    let mut text = format!("{:<8} {}  {size}  <{sender}>\n", entry.id.to_string(), instant(entry.accepted));
    for recipient in &entry.recipients {
        text.push_str(&format!("         <{}>  {}\n", recipient.address, state(recipient)));
    }
    text
}

fn state(recipient: &ListedRecipient) -> String {
    let state = match (recipient.held, recipient.sending, recipient.due) {
        (Held::Unreadable, _, _) => "kept aside, cannot be read".to_owned(),
        (Held::Yes, _, _) => "held".to_owned(),
        (Held::No, true, _) => "being sent".to_owned(),
        (Held::No, false, Some(due)) => format!("due {}", instant(due)),
        (Held::No, false, None) => "waiting".to_owned(),
    };
    let attempts = match recipient.attempts {
        0 => String::new(),
        1 => ", 1 attempt".to_owned(),
        count => format!(", {count} attempts"),
    };
    let last = recipient.last.as_ref().map(|(status, reason)| format!(": {status} {reason}")).unwrap_or_default();
    format!("{state}{attempts}{last}")
}

fn instant(instant: OffsetDateTime) -> String {
    let whole = instant.replace_nanosecond(0).unwrap_or(instant);
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}
