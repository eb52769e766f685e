//! The commands: a closed table, one file each.

mod auth;
mod bdat;
mod data;
mod ehlo;
mod etrn;
mod expn;
mod helo;
mod help;
mod lhlo;
mod mail;
mod noop;
mod quit;
mod rcpt;
mod rset;
mod starttls;
mod vrfy;

use super::conversation::{Conversation, Role};
use super::reply::Reply;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::SyntaxError;

pub(super) use auth::line as sasl_line;
pub(super) use rcpt::looked_up as rcpt_looked_up;

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

    /// Whether its argument may be UTF-8 (RFC 6531 §3.3, §3.7.4.2).
    fn takes_utf8(&self) -> bool {
        false
    }

    /// The extension without which there is no such command.
    fn extension(&self) -> Option<Extension> {
        None
    }

    /// Whether the command is spoken at an endpoint of this role.
    fn suits(&self, role: Role) -> bool {
        let _ = role;
        true
    }
}

const COMMANDS: &[&dyn Command] = &[
    &ehlo::Ehlo,
    &helo::Helo,
    &lhlo::Lhlo,
    &mail::Mail,
    &rcpt::Rcpt,
    &data::Data,
    &bdat::Bdat,
    &rset::Rset,
    &noop::Noop,
    &quit::Quit,
    &vrfy::Vrfy,
    &expn::Expn,
    &help::Help,
    &starttls::StartTls,
    &auth::Auth,
    &etrn::Etrn,
];

/// Commands this server knows by name only (RFC 5321 §4.2.4: 502 and not 500).
const NOT_IMPLEMENTED: &[&str] = &["TURN", "SEND", "SOML", "SAML", "ATRN"];

/// The commands there are in this session.
fn commands(conversation: &Conversation) -> impl Iterator<Item = &'static dyn Command> {
    let there = |command: &&&dyn Command| {
        command.suits(conversation.role) && !command.extension().is_some_and(|extension| conversation.lacks(extension))
    };
    COMMANDS.iter().filter(there).copied()
}

/// Runs one command line, without its CRLF.
pub(super) fn run(conversation: &mut Conversation, line: &[u8]) -> Reply {
    // RFC 5321 §4.1.1: white space before the CRLF is tolerated.
    let line = line.trim_ascii_end();
    let line = match text(line, conversation) {
        Ok(line) => line,
        Err(reply) => return reply,
    };
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    // RFC 7504 §3: a server that takes no mail says so again, until the client goes.
    let refuses = conversation.role == Role::Refusal && !conversation.broken(Fault::SmtpNoMailTakesMail);
    if refuses && !verb.eq_ignore_ascii_case("QUIT") {
        return Reply::new(521, "5.3.2", format!("{} does not accept mail", conversation.site.host));
    }
    let known = |command: &&'static dyn Command| {
        if conversation.broken(Fault::SmtpCaseSensitiveVerbs) {
            command.verb() == verb
        } else {
            command.verb().eq_ignore_ascii_case(verb)
        }
    };
    let command = commands(conversation).find(known);
    if let Some(at) = line.bytes().position(|octet| !octet.is_ascii())
        && !command.is_some_and(Command::takes_utf8)
    {
        return not_ascii(at);
    }
    let Some(command) = command else {
        let switched_off = COMMANDS.iter().filter(|command| command.suits(conversation.role)).map(|command| command.verb());
        let mut known = NOT_IMPLEMENTED.iter().copied().chain(switched_off);
        return if known.any(|known| known.eq_ignore_ascii_case(verb)) {
            Reply::new(502, "5.5.1", format!("{} is not implemented", verb.to_ascii_uppercase()))
        } else {
            Reply::new(500, "5.5.2", "Command not recognized; HELP lists the commands")
        };
    };
    let reply = command.run(conversation, argument);
    if command.plain_replies() { reply.without_status() } else { reply }
}

/// The line as text. RFC 5321 §2.4: commands are printable US-ASCII; among the rest are bare CR and LF, which end nothing. §4.1.2:
/// invalid character codes are answered 501. RFC 6531 §3.3 adds UTF-8, for some commands.
fn text<'l>(line: &'l [u8], conversation: &Conversation) -> Result<&'l str, Reply> {
    let utf8 = !conversation.lacks(Extension::SmtpUtf8);
    let wrong = |octet: &u8| !(matches!(octet, b' '..=b'~') || utf8 && *octet >= 0x80);
    if let Some(at) = line.iter().position(wrong) {
        return Err(not_ascii(at));
    }
    std::str::from_utf8(line).map_err(|error| {
        Reply::new(501, "5.5.2", format!("Octet {} of the line is neither US-ASCII nor UTF-8", error.valid_up_to()))
    })
}

fn not_ascii(at: usize) -> Reply {
    Reply::new(501, "5.5.2", format!("Octet {at} of the line is not a printable US-ASCII character"))
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
        let hello = if conversation.role == Role::Lmtp { "LHLO" } else { "EHLO" };
        return Some(Reply::new(503, "5.5.1", format!("Send {hello} first")));
    }
    let anyone = conversation.broken(Fault::SmtpSubmissionWithoutAuth);
    if conversation.role == Role::Submission && conversation.user.is_none() && !anyone {
        // RFC 6409 §4.3, RFC 4954 §6.
        return Some(Reply::new(530, "5.7.0", "Authentication required"));
    }
    None
}

/// The name that VRFY and EXPN ask for, and whether the reply may have UTF-8: `String [ SP "SMTPUTF8" ]` (RFC 6531 §3.7.4.2).
fn name_asked<'a>(conversation: &Conversation, argument: &'a str) -> (&'a str, bool) {
    let parameter = argument.len().checked_sub(" SMTPUTF8".len()).and_then(|at| argument.split_at_checked(at));
    match parameter {
        Some((name, parameter))
            if parameter.eq_ignore_ascii_case(" SMTPUTF8")
                && conversation.is_extended()
                && !conversation.lacks(Extension::SmtpUtf8) =>
        {
            (name.trim_end(), true)
        }
        _ => (argument, false),
    }
}
