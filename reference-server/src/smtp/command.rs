//! The commands: a closed table, one file each.

mod auth;
mod data;
mod ehlo;
mod expn;
mod helo;
mod help;
mod mail;
mod noop;
mod quit;
mod rcpt;
mod rset;
mod starttls;
mod vrfy;

use super::conversation::{Conversation, Role};
use super::reply::Reply;
use crate::faults::Fault;
use crate::mail::SyntaxError;

pub(super) use auth::line as sasl_line;

/// One command of the protocol.
trait Command: Sync {
    /// In upper case.
    fn verb(&self) -> &'static str;

    /// Its argument, as HELP shows it.
    fn syntax(&self) -> &'static str;

    /// Does what the command says. `argument` is what follows the verb and one space, without trailing blanks; empty
    /// where nothing follows.
    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply;

    /// Whether replies have no enhanced status code (RFC 2034 §4).
    fn plain_replies(&self) -> bool {
        false
    }
}

const COMMANDS: &[&dyn Command] = &[
    &ehlo::Ehlo,
    &helo::Helo,
    &mail::Mail,
    &rcpt::Rcpt,
    &data::Data,
    &rset::Rset,
    &noop::Noop,
    &quit::Quit,
    &vrfy::Vrfy,
    &expn::Expn,
    &help::Help,
    &starttls::StartTls,
    &auth::Auth,
];

/// Commands this server knows by name only (RFC 5321 §4.2.4: 502 and not 500).
const NOT_IMPLEMENTED: &[&str] = &["TURN", "SEND", "SOML", "SAML", "BDAT", "ETRN", "ATRN"];

/// Runs one command line, without its CRLF.
pub(super) fn run(conversation: &mut Conversation, line: &[u8]) -> Reply {
    // RFC 5321 §4.1.1: white space before the CRLF is tolerated.
    let line = line.trim_ascii_end();
    // RFC 5321 §2.4: commands are printable US-ASCII; among the rest are bare CR and LF, which end nothing. §4.1.2: invalid
    // character codes are answered 501.
    if let Some(at) = line.iter().position(|octet| !matches!(octet, b' '..=b'~')) {
        return Reply::new(501, "5.5.2", format!("Octet {at} of the line is not a printable US-ASCII character"));
    }
    let Ok(line) = std::str::from_utf8(line) else { return Reply::new(500, "5.5.2", "The line is not US-ASCII") };
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    let known = |command: &&&dyn Command| {
        if conversation.broken(Fault::SmtpCaseSensitiveVerbs) {
            command.verb() == verb
        } else {
            command.verb().eq_ignore_ascii_case(verb)
        }
    };
    let Some(command) = COMMANDS.iter().find(known) else {
        return if NOT_IMPLEMENTED.iter().any(|known| known.eq_ignore_ascii_case(verb)) {
            Reply::new(502, "5.5.1", format!("{} is not implemented", verb.to_ascii_uppercase()))
        } else {
            Reply::new(500, "5.5.2", "Command not recognized; HELP lists the commands")
        };
    };
    let reply = command.run(conversation, argument);
    if command.plain_replies() { reply.without_status() } else { reply }
}

/// The reply of a command that takes no argument and got one (RFC 5321 §4.3.2).
fn no_argument(verb: &str) -> Reply {
    Reply::new(501, "5.5.4", format!("{verb} takes no argument"))
}

/// The reply of a command whose argument does not fit its grammar.
fn syntax_error(status: &'static str, verb: &str, error: &SyntaxError) -> Reply {
    Reply::new(501, status, format!("{verb}: expected {} at octet {} of the argument", error.expected, error.at))
}

/// Why a mail transaction may not begin now.
fn not_yet(conversation: &Conversation) -> Option<Reply> {
    if conversation.hello.is_none() {
        // RFC 5321 §4.1.4.
        return Some(Reply::new(503, "5.5.1", "Send EHLO first"));
    }
    if conversation.role == Role::Submission && conversation.user.is_none() {
        // RFC 6409 §4.3, RFC 4954 §6.
        return Some(Reply::new(530, "5.7.0", "Authentication required"));
    }
    None
}
