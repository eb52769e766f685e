//! CAPABILITY (RFC 3501 §6.1.1).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, State};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Status, write_untagged};

/// `"CAPABILITY"`
pub const COMMAND: Command = Command { name: "CAPABILITY", legal: Legal::Always, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    write_untagged(out, format_args!("CAPABILITY {}", names(context)));
    Ok(Outcome::Done(Status::ok("CAPABILITY completed")))
}

/// The capabilities at this moment: the extensions of the table `extensions.rs`, in its order. How to log in is told to
/// those who have not: "Servers MUST implement the STARTTLS, AUTH=PLAIN, and LOGINDISABLED capabilities" (RFC 3501 §9).
pub fn names(context: &Context) -> String {
    let mut names = vec!["IMAP4rev1".to_owned()];
    let imap = Extension::ALL.iter().filter(|extension| extension.name().starts_with("imap/"));
    let here = imap.filter(|extension| !context.site.without.lacks(**extension));
    names.extend(here.filter_map(|extension| announced(*extension, context)));
    if context.state() == State::NotAuthenticated {
        if !context.plaintext_allowed() {
            names.push("LOGINDISABLED".to_owned());
        }
        names.extend(context.mechanisms().iter().map(|mechanism| format!("AUTH={}", mechanism.name())));
    }
    names.join(" ")
}

/// Whether a misbehaving server announces less than it takes.
fn minus_only(context: &Context) -> bool {
    context.faults().on(Fault::ImapLiteralMinusUnlimited)
}

/// How an extension is announced now; most are by their name, always.
fn announced(extension: Extension, context: &Context) -> Option<String> {
    match extension {
        Extension::ImapStartTls if context.peer.tls || context.state() != State::NotAuthenticated => None,
        // It says that there are no annotations but the server's (RFC 5464 §1).
        Extension::ImapMetadataServer if !context.lacks(Extension::ImapMetadata) => None,
        // "IMAP servers MUST NOT advertise both of these capabilities at the same time" (RFC 7888 §5).
        Extension::ImapLiteralMinus if !context.lacks(Extension::ImapLiteralPlus) && !minus_only(context) => None,
        Extension::ImapLiteralPlus if minus_only(context) => None,
        // "the capability string will include, at most, one of those and never both" (RFC 6855 §6).
        Extension::ImapUtf8Accept if context.faults().on(Fault::ImapUtf8OnlyBesideAccept) => {
            Some("UTF8=ACCEPT UTF8=ONLY".to_owned())
        }
        Extension::ImapUtf8Accept if context.site.utf8_only => Some("UTF8=ONLY".to_owned()),
        // The same limit for all mailboxes (RFC 7889 §2).
        Extension::ImapAppendLimit => Some(format!("{}={}", extension.keyword(), context.append_limit())),
        Extension::ImapMessageLimit => context.message_limit().map(|limit| format!("MESSAGELIMIT={}", limit.most())),
        // It is announced "instead of" MESSAGELIMIT (RFC 9738 §3).
        Extension::ImapSaveLimit if context.message_limit().is_some() => None,
        Extension::ImapSaveLimit => context.save_limit().map(|limit| format!("SAVELIMIT={}", limit.most())),
        _ => Some(extension.keyword().to_owned()),
    }
}
