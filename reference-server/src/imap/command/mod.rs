//! The closed table of commands: what each is called, when it is legal, and what it does. One file per command.

pub mod append;
pub mod authenticate;
pub mod cancel_update;
pub mod capability;
pub mod check;
pub mod close;
pub mod compress;
pub mod copy;
pub mod create;
pub mod delete;
pub mod deleteacl;
pub mod enable;
pub mod esearch;
pub mod expunge;
pub mod fetch;
pub mod genurlauth;
pub mod getacl;
pub mod getmetadata;
pub mod getquota;
pub mod getquotaroot;
pub mod id;
pub mod idle;
pub mod language;
pub mod list;
pub mod listrights;
pub mod login;
pub mod logout;
pub mod lsub;
pub mod moving;
pub mod myrights;
pub mod namespace;
pub mod noop;
pub mod notify;
pub mod rename;
pub mod replace;
pub mod resetkey;
pub mod search;
pub mod select;
pub mod setacl;
pub mod setmetadata;
pub mod setquota;
pub mod sort;
pub mod starttls;
pub mod status;
pub mod store;
pub mod subscribe;
pub mod thread;
pub mod uid;
pub mod unauthenticate;
pub mod unselect;
pub mod urlfetch;

use super::context::{Context, State};
use super::enabled::UTF8_ACCEPT;
use super::grammar::Cursor;
use super::grammar::cursor::Parsed;
use super::long::Long;
use super::response::{Code, Status};
use super::selected::Naming;
use crate::extensions::{Extension, Without};
use crate::faults::Fault;
use crate::store::Expunges;

/// A command of the protocol.
pub struct Command {
    /// Its name, in upper case.
    pub name: &'static str,
    /// The extension it belongs to; without it there is no such command.
    pub extension: Option<Extension>,
    /// When it may be sent.
    pub legal: Legal,
    /// Whether EXPUNGE may be sent while it is answered (RFC 3501 §7.4.1).
    pub expunges: Expunges,
    /// Whether it names messages by their numbers, or is answered with them: RFC 9586 §3.2 and §3.8 forbid it to those who
    /// enabled UIDONLY.
    pub by_number: bool,
    /// Whether its literals are messages.
    pub large_literals: bool,
    /// Reads what follows the name, up to the end of the command, and then does it. What it writes are untagged
    /// responses and continuation requests.
    pub run: fn(&mut Context, &mut Cursor<'_>, &mut Vec<u8>) -> Parsed<Outcome>,
}

/// In which states a command is legal (RFC 3501 §9: command-any, -nonauth, -auth, -select).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legal {
    Always,
    NotAuthenticated,
    /// In the authenticated state and in the selected state.
    Authenticated,
    Selected,
}

/// What a command came to.
pub enum Outcome {
    /// It is over.
    Done(Status),
    /// It is over, and was sent with the UID prefix.
    DoneByUid(Status),
    /// It is over and so is the session.
    Logout(Status),
    /// After the response the TLS handshake follows.
    StartTls(Status),
    /// After the response both sides compress.
    Compress(Status),
    /// After the response neither side compresses any more.
    EndCompression(Status),
    /// The client must answer a challenge.
    Sasl(authenticate::Running),
    /// The client waits for news until it says DONE.
    Idle(idle::Running),
    /// The answers come one after the other.
    Fetch(Box<fetch::Running>),
    /// It may take long, and is answered when it is done.
    Long(Naming, Box<dyn Long>),
}

/// Every command.
const COMMANDS: &[&Command] = &[
    &append::COMMAND,
    &authenticate::COMMAND,
    &cancel_update::COMMAND,
    &capability::COMMAND,
    &check::COMMAND,
    &close::COMMAND,
    &compress::COMMAND,
    &copy::COMMAND,
    &create::COMMAND,
    &delete::COMMAND,
    &deleteacl::COMMAND,
    &enable::COMMAND,
    &esearch::COMMAND,
    &select::EXAMINE,
    &expunge::COMMAND,
    &fetch::COMMAND,
    &genurlauth::COMMAND,
    &getacl::COMMAND,
    &getmetadata::COMMAND,
    &getquota::COMMAND,
    &getquotaroot::COMMAND,
    &id::COMMAND,
    &idle::COMMAND,
    &language::COMMAND,
    &list::COMMAND,
    &listrights::COMMAND,
    &login::COMMAND,
    &logout::COMMAND,
    &lsub::COMMAND,
    &moving::COMMAND,
    &myrights::COMMAND,
    &namespace::COMMAND,
    &noop::COMMAND,
    &notify::COMMAND,
    &rename::COMMAND,
    &replace::COMMAND,
    &resetkey::COMMAND,
    &search::COMMAND,
    &select::SELECT,
    &setacl::COMMAND,
    &setmetadata::COMMAND,
    &setquota::COMMAND,
    &sort::COMMAND,
    &starttls::COMMAND,
    &status::COMMAND,
    &store::COMMAND,
    &subscribe::SUBSCRIBE,
    &thread::COMMAND,
    &uid::COMMAND,
    &unauthenticate::COMMAND,
    &unselect::COMMAND,
    &subscribe::UNSUBSCRIBE,
    &urlfetch::COMMAND,
];

/// What most commands share: legal once logged in, no hindrance to EXPUNGE, no message numbers, no messages in literals.
const USUAL: Command = Command {
    name: "",
    extension: None,
    legal: Legal::Authenticated,
    expunges: Expunges::Tell,
    by_number: false,
    large_literals: false,
    run: |_, _, _| Ok(Outcome::Done(Status::bad("There is no such command"))),
};

/// Reads the name of a command; it must be one of this server's, legal in this state, and not about message numbers where
/// they are not used.
pub fn find(cursor: &mut Cursor<'_>, context: &Context) -> Result<&'static Command, Status> {
    let command = find_in(cursor, context.site.without, context.state())?;
    if command.by_number {
        context.may_use_numbers(Fault::ImapUidOnlyTakesNumbers)?;
    }
    Ok(command)
}

/// What a command is refused with until the client has enabled UTF8=ACCEPT, on a server that asks for that: "A server that
/// advertises "UTF8=ONLY" will reject, with a "NO [CANNOT]" response [RFC5530], any command that might require UTF-8 support and is
/// not preceded by an "ENABLE UTF8=ACCEPT" command" (RFC 6855 §6).
pub fn require_utf8(command: &Command, context: &Context) -> Result<(), Status> {
    const WITHOUT_TEXT: [&str; 4] = ["COMPRESS", "ENABLE", "IDLE", "UNAUTHENTICATE"];
    let has_text = matches!(command.legal, Legal::Authenticated | Legal::Selected) && !WITHOUT_TEXT.contains(&command.name);
    let serves_all = context.lacks(Extension::ImapUtf8Accept) || context.faults().on(Fault::ImapUtf8OnlyServesAll);
    let required = context.site.utf8_only && !serves_all;
    match required && has_text && !context.enabled.has(UTF8_ACCEPT) {
        true => Err(Status::no(Code::Cannot, "This server is for clients that enable UTF8=ACCEPT")),
        false => Ok(()),
    }
}

fn find_in(cursor: &mut Cursor<'_>, without: Without, state: State) -> Result<&'static Command, Status> {
    let name = cursor.atom("the name of a command").map_err(|error| Status::bad(error.to_string()))?;
    let found = COMMANDS.iter().find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()));
    let found = found.filter(|command| !command.extension.is_some_and(|extension| without.lacks(extension)));
    let Some(command) = found else {
        return Err(Status::bad(format!("There is no command {}", String::from_utf8_lossy(name))));
    };
    let legal = match command.legal {
        Legal::Always => true,
        Legal::NotAuthenticated => state == State::NotAuthenticated,
        Legal::Authenticated => state != State::NotAuthenticated,
        Legal::Selected => state == State::Selected,
    };
    if legal {
        return Ok(command);
    }
    let name = command.name;
    Err(Status::bad(match (command.legal, state) {
        (Legal::NotAuthenticated, _) => format!("{name} is not valid once logged in"),
        (_, State::NotAuthenticated) => format!("{name} is not valid before login"),
        _ => format!("{name} is only valid while a mailbox is selected"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn the_table_is_in_order_and_without_doubles() {
        assert!(COMMANDS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[rstest]
    #[case("noop", State::NotAuthenticated, true)]
    #[case("LOGIN x y", State::NotAuthenticated, true)]
    #[case("LOGIN x y", State::Authenticated, false)]
    #[case("STARTTLS", State::Selected, false)]
    #[case("SELECT", State::NotAuthenticated, false)]
    #[case("SELECT", State::Selected, true)]
    #[case("FETCH", State::Authenticated, false)]
    #[case("FETCH", State::Selected, true)]
    #[case("FETCHX", State::Selected, false)]
    #[case("", State::Selected, false)]
    #[case(" NOOP", State::Selected, false)]
    fn commands_have_their_states(#[case] text: &str, #[case] state: State, #[case] legal: bool) {
        assert_eq!(find_in(&mut Cursor::new(text.as_bytes()), Without::NOTHING, state).is_ok(), legal);
    }

    #[test]
    fn commands_go_with_their_extensions() {
        let without: Without = [Extension::ImapUnselect].into_iter().collect();
        assert!(find_in(&mut Cursor::new(b"UNSELECT"), without, State::Selected).is_err());
        assert!(find_in(&mut Cursor::new(b"CLOSE"), without, State::Selected).is_ok());
    }
}
