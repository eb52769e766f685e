//! The commands, one file each, and the table of them.

pub(super) mod apop;
pub(super) mod auth;
pub(super) mod capa;
pub(super) mod dele;
pub(super) mod list;
pub(super) mod noop;
pub(super) mod pass;
pub(super) mod quit;
pub(super) mod retr;
pub(super) mod rset;
pub(super) mod stat;
pub(super) mod stls;
pub(super) mod top;
pub(super) mod uidl;
pub(super) mod user;

use std::ops::RangeInclusive;

use super::opened::{NoMessage, Opened};
use super::reply::Reply;
use super::session::Pop3Session;
use crate::session::After;

/// A command of the protocol.
pub(super) struct Command {
    /// Its keyword in upper case.
    pub(super) keyword: &'static str,
    /// How it is written, to tell a client that wrote it otherwise.
    pub(super) usage: &'static str,
    /// How many arguments it takes.
    pub(super) arguments: RangeInclusive<usize>,
    /// Whether everything after the first space is its one argument.
    pub(super) takes_rest: bool,
    /// In which state it may be given, and what it does then.
    pub(super) run: Run,
}

/// What a command does, by the state it is possible in (RFC 1939 §9).
pub(super) enum Run {
    /// Both states.
    Anytime(fn(&mut Pop3Session, &mut Reply<'_>) -> After),
    /// AUTHORIZATION; with the name if a successful USER came immediately before.
    Authorization(Login),
    /// TRANSACTION.
    Transaction(fn(&mut Opened, &[&[u8]], &mut Reply<'_>)),
}

/// What a command before the login does: the session, the name that USER gave, the arguments, where to answer.
pub(super) type Login = fn(&mut Pop3Session, Option<String>, &[&[u8]], &mut Reply<'_>) -> After;

/// All commands.
pub(super) const ALL: &[&Command] = &[
    &apop::COMMAND,
    &auth::COMMAND,
    &capa::COMMAND,
    &dele::COMMAND,
    &list::COMMAND,
    &noop::COMMAND,
    &pass::COMMAND,
    &quit::COMMAND,
    &retr::COMMAND,
    &rset::COMMAND,
    &stat::COMMAND,
    &stls::COMMAND,
    &top::COMMAND,
    &uidl::COMMAND,
    &user::COMMAND,
];

/// Says that an argument names no message.
fn refuse(why: NoMessage, opened: &Opened, reply: &mut Reply<'_>) {
    match why {
        NoMessage::Syntax => reply.error("a message-number is decimal digits"),
        NoMessage::Absent => reply.error(&format!("no such message; {} can be read", opened.totals().0)),
    }
}
