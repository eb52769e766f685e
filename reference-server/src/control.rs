//! The queue as its postmaster sees it: requests and answers, over a socket in the directory of a server that runs, or by
//! whoever has opened the database of one that does not.
//!
//! One line of JSON asks, one answers. The socket is for the owner of the directory only.

use serde::{Deserialize, Serialize};

use crate::queue::{EntryId, Listed, Overview, Queue, Selection, Sender};

#[cfg(unix)]
mod socket;
#[cfg(unix)]
pub(crate) use socket::{Socket, ask};

/// Only Unix has the socket.
#[cfg(not(unix))]
pub(crate) async fn ask(_: &std::path::Path, _: &Request) -> anyhow::Result<Answer> {
    anyhow::bail!("a server has this directory: stop it first")
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Request {
    Overview,
    /// Entries after this one, at most so many.
    List {
        selection: Selection,
        after: Option<EntryId>,
        most: usize,
    },
    /// The beginning of an entry's message.
    Beginning(EntryId),
    Hold(Selection),
    Release(Selection),
    Flush(Selection),
    /// `notify`: the senders are told.
    Delete {
        selection: Selection,
        notify: bool,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Overview(Overview),
    Entries(Vec<Listed>),
    Text(Option<String>),
    /// How many recipients were changed.
    Changed(usize),
    Failed(String),
}

/// Octets of a message that are shown.
const SHOWN: u64 = 4096;

/// Does what is wanted. `sender` is who notifies; without one nobody can be told.
pub(crate) fn answer(queue: &Queue, sender: Option<&Sender>, request: Request) -> Answer {
    let done = match request {
        Request::Overview => queue.overview().map(Answer::Overview),
        Request::List { selection, after, most } => queue.list(&selection, after, most).map(Answer::Entries),
        Request::Beginning(id) => {
            queue.beginning(id, SHOWN).map(|bytes| Answer::Text(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())))
        }
        Request::Hold(selection) => queue.hold(selection).map(Answer::Changed),
        Request::Release(selection) => queue.release(selection).map(Answer::Changed),
        Request::Flush(selection) => queue.flush(selection).map(Answer::Changed),
        Request::Delete { notify: true, .. } if sender.is_none() => {
            return Answer::Failed("only the running server can notify senders: it knows its name".to_owned());
        }
        Request::Delete { selection, notify } => queue.delete(selection, sender.filter(|_| notify).cloned()).map(Answer::Changed),
    };
    done.unwrap_or_else(|error| Answer::Failed(error.to_string()))
}
