//! QUIT: ends the session; from the TRANSACTION state through UPDATE, where deleted messages go (RFC 1939 §6).

use std::time::Duration;

use super::{Command, Run, USUAL};
use crate::config::Expire;
use crate::faults::Fault;
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State, fault_code};
use crate::pop3::text::{Messages, Text};
use crate::session::After;
use crate::store::Uid;

pub(super) const COMMAND: Command = Command { keyword: "QUIT", usage: "QUIT", run: Run::Anytime(run), ..USUAL };

fn run(session: &mut Pop3Session, _arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let (after, next) = match session.site.faults.on(Fault::Pop3KeepsOpenAfterQuit) {
        true => (After::Continue, State::Authorization { user: None }),
        false => (After::Close, State::Over),
    };
    let State::Transaction(opened) = std::mem::replace(&mut session.state, next) else {
        reply.ok(Text::GoodBye);
        return after;
    };
    let removed = opened.remove_marked(&expired(session, &opened));
    // The lock is released before the client can know that the session is over, so that it may come back at once.
    drop(opened);
    match removed {
        Ok(left) => reply.ok(Text::GoodByeLeft(Messages(left))),
        Err(error) => {
            tracing::error!(%error, "messages cannot be removed");
            reply.refuse(fault_code(&error), Text::NotRemoved);
        }
    }
    after
}

/// The UIDs of messages that are not kept for longer (RFC 1939 §8, RFC 2449 §6.7).
fn expired(session: &Pop3Session, opened: &Opened) -> Vec<Uid> {
    match session.expire() {
        Expire::Never if session.site.faults.on(Fault::Pop3ExpiresUntold) => opened.retrieved().collect(),
        Expire::Never => Vec::new(),
        Expire::Days(0) => opened.retrieved().collect(),
        Expire::Days(days) => {
            let (age, now) = (Duration::from_secs(u64::from(days) * 86_400), session.site.clock.uptime());
            opened.uids().filter(|uid| session.site.maildrops.met_before(&session.account, *uid, age, now)).collect()
        }
    }
}
