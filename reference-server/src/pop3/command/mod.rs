//! The commands, one file each, and the table of them.

pub(super) mod apop;
pub(super) mod auth;
pub(super) mod capa;
pub(super) mod dele;
pub(super) mod lang;
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
pub(super) mod utf8;

use std::ops::RangeInclusive;

use super::opened::{NoMessage, Opened};
use super::reply::Reply;
use super::session::Pop3Session;
use super::text::Text;
use crate::extensions::Extension;
use crate::session::After;

/// A command of the protocol.
pub(super) struct Command {
    /// Its keyword in upper case.
    pub(super) keyword: &'static str,
    /// How it is written, to tell a client that wrote it otherwise.
    pub(super) usage: &'static str,
    /// The extension it belongs to; without it there is no such command.
    pub(super) extension: Option<Extension>,
    /// How many arguments it takes.
    pub(super) arguments: RangeInclusive<usize>,
    /// Whether everything after the first space is its one argument.
    pub(super) takes_rest: bool,
    /// Whether its arguments may be UTF-8 (RFC 6856 §2.2).
    pub(super) takes_utf8: bool,
    /// In which state it may be given, and what it does then.
    pub(super) run: Run,
}

/// What a command does, by the state it is possible in (RFC 1939 §9).
pub(super) enum Run {
    /// Both states.
    Anytime(fn(&mut Pop3Session, &[&[u8]], &mut Reply<'_>) -> After),
    /// AUTHORIZATION; with the name if a successful USER came immediately before.
    Authorization(Login),
    /// TRANSACTION.
    Transaction(fn(&mut Opened, &[&[u8]], &mut Reply<'_>)),
}

/// What a command before the login does: the session, the name that USER gave, the arguments, where to answer.
pub(super) type Login = fn(&mut Pop3Session, Option<String>, &[&[u8]], &mut Reply<'_>) -> After;

/// What most commands share: no arguments, and part of every server.
const USUAL: Command = Command {
    keyword: "",
    usage: "",
    extension: None,
    arguments: 0..=0,
    takes_rest: false,
    takes_utf8: false,
    run: Run::Transaction(|_, _, _| {}),
};

/// All commands.
pub(super) const ALL: &[&Command] = &[
    &apop::COMMAND,
    &auth::COMMAND,
    &capa::COMMAND,
    &dele::COMMAND,
    &lang::COMMAND,
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
    &utf8::COMMAND,
];

/// Says that an argument names no message.
fn refuse(why: NoMessage, opened: &Opened, reply: &mut Reply<'_>) {
    match why {
        NoMessage::Syntax => reply.error(Text::NumberForm),
        NoMessage::Absent => reply.error(Text::NoSuchMessage(opened.totals().0)),
    }
}
