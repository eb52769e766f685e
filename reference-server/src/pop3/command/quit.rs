//! QUIT: ends the session; from the TRANSACTION state through UPDATE, where deleted messages go (RFC 1939 §6).

use super::{Command, Run};
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State, messages};
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "QUIT", usage: "QUIT", arguments: 0..=0, takes_rest: false, run: Run::Anytime(run) };

fn run(session: &mut Pop3Session, reply: &mut Reply<'_>) -> After {
    let State::Transaction(opened) = std::mem::replace(&mut session.state, State::Over) else {
        reply.ok("good-bye");
        return After::Close;
    };
    let removed = opened.remove_marked();
    let left = opened.totals().0;
    // The lock is released before the client can know that the session is over, so that it may come back at once.
    drop(opened);
    match removed {
        Ok(()) => reply.ok(&format!("good-bye, {} left", messages(left))),
        Err(error) => {
            tracing::error!(%error, "messages cannot be removed");
            reply.error("[SYS/TEMP] some deleted messages were not removed");
        }
    }
    After::Close
}
