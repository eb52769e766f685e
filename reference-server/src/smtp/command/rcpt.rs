//! RCPT, RFC 5321 §4.1.1.3: one recipient more. Its parameters are those of the extensions.

use super::Command;
use crate::faults::Fault;
use crate::mail::{Address, Domain, Recipient};
use crate::refusals::{Asked, Said};
use crate::smtp::conversation::{Awaited, Conversation, Role};
use crate::smtp::extension;
use crate::smtp::lmtp::full;
use crate::smtp::parameter::parameters;
use crate::smtp::path::{ForwardPath, forward_path, unqualified};
use crate::smtp::reply::Reply;
use crate::smtp::submission::is_qualified;

pub(super) struct Rcpt;

const TO: &str = "TO:";

impl Command for Rcpt {
    fn verb(&self) -> &'static str {
        "RCPT"
    }

    fn syntax(&self) -> &'static str {
        "TO:<forward-path> [parameters of the extensions that EHLO lists]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if let Some(reply) = super::not_yet(conversation) {
            return reply;
        }
        let most = if conversation.broken(Fault::SmtpFewRecipients) { 10 } else { conversation.site.limits.recipients };
        let Some(transaction) = &mut conversation.transaction else {
            return Reply::new(503, "5.5.1", "Send MAIL first");
        };
        if transaction.chunks.is_some() || transaction.failed {
            return Reply::new(503, "5.5.1", "The message is under way; RSET ends it");
        }
        transaction.asked += 1;
        let full = transaction.asked > most;
        let recipient = match recipient(conversation, argument) {
            Ok(recipient) => recipient,
            Err(reply) => return reply,
        };
        if full
            && conversation.broken(Fault::SmtpForgetsRecipients)
            && let Some(transaction) = &mut conversation.transaction
        {
            transaction.envelope.recipients.truncate(1);
            transaction.accepted.retain(|index| *index == 0);
        }
        if full {
            // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
            return Reply::new(452, "4.5.3", "Too many recipients");
        }
        if let Some(asked) = ask(conversation, &recipient) {
            conversation.awaited = Awaited::LookUp(Box::new((asked, recipient)));
            return accepted();
        }
        accept(conversation, recipient)
    }

    fn takes_utf8(&self) -> bool {
        true
    }
}

fn accept(conversation: &mut Conversation, recipient: Recipient) -> Reply {
    if let Some(transaction) = &mut conversation.transaction {
        let recipients = &mut transaction.envelope.recipients;
        let known = recipients.iter().position(|known| known.address == recipient.address);
        let index = known.unwrap_or(recipients.len());
        if known.is_none() {
            recipients.push(recipient);
        }
        transaction.accepted.push(index);
    }
    accepted()
}

fn accepted() -> Reply {
    Reply::new(250, "2.1.5", "Recipient accepted")
}

/// RFC 7505 §4.1: the user who mistyped a domain learns at once that it takes no mail. Each domain of a transaction is asked about once;
/// `None`: the recipient is accepted without asking.
fn ask(conversation: &Conversation, recipient: &Recipient) -> Option<Asked> {
    let refusals = conversation.refusals.as_ref()?;
    let domain = recipient.address.domain();
    let same = |known: &Recipient| known.address.domain() == domain;
    let known = conversation.transaction.as_ref().is_some_and(|transaction| transaction.envelope.recipients.iter().any(same));
    if known || conversation.site.accounts.is_local(domain) || conversation.broken(Fault::SmtpAcceptsNullMx) {
        return None;
    }
    let bell = conversation.peer.bell.clone();
    refusals.ask(domain, move || bell.ring())
}

/// The reply to a RCPT that was waiting for the DNS, if it does no more.
pub(in crate::smtp) fn looked_up(conversation: &mut Conversation) -> Option<Reply> {
    let Awaited::LookUp(waiting) = &conversation.awaited else { return None };
    let said = waiting.0.said()?;
    let Awaited::LookUp(waiting) = std::mem::replace(&mut conversation.awaited, Awaited::Command) else { return None };
    let (_, recipient) = *waiting;
    match said {
        // RFC 7505 §4.1, RFC 7504 §3.
        Said::NullMx => {
            return Some(Reply::new(556, "5.1.10", format!("{} does not accept mail", recipient.address.domain())));
        }
        // A DNS that is slow holds the client up once. What it did not say the sending attempt will learn.
        Said::Nothing => conversation.refusals = None,
        Said::Otherwise => {}
    }
    Some(accept(conversation, recipient))
}

/// `"TO:" Forward-path [SP Rcpt-parameters]`, as far as this server takes mail for it.
fn recipient(conversation: &Conversation, argument: &str) -> Result<Recipient, Reply> {
    if !argument.get(..TO.len()).is_some_and(|word| word.eq_ignore_ascii_case(TO)) {
        return Err(Reply::new(501, "5.5.4", "RCPT needs TO:<forward-path>"));
    }
    let accounts = &conversation.site.accounts;
    let (path, end) = path(conversation, argument)?;
    // RFC 6531 §3.5.
    let ascii = argument.get(..end).unwrap_or_default().is_ascii();
    if !ascii && !conversation.speaks_utf8() && !conversation.broken(Fault::SmtpUtf8Undeclared) {
        return Err(Reply::new(553, "5.6.7", "An address in UTF-8 needs SMTPUTF8 in MAIL"));
    }
    let address = match path {
        ForwardPath::Postmaster if conversation.broken(Fault::SmtpRefusesPostmaster) => {
            return Err(Reply::new(550, "5.1.1", "There is no postmaster"));
        }
        ForwardPath::Postmaster => Address::new("postmaster", Domain::Name(accounts.domain().to_owned())),
        ForwardPath::Mailbox(address) => address,
    };
    let mut recipient = Recipient::new(address);
    extension::rcpt(conversation, &parameters(argument, end)?, &mut recipient)?;
    let address = &recipient.address;
    let typed = argument.get(..end).and_then(|path| path.rsplit_once('@')).map(|(_, domain)| domain).unwrap_or_default();
    if conversation.broken(Fault::SmtpCaseSensitiveDomains) && typed.bytes().any(|octet| octet.is_ascii_uppercase()) {
        return Err(Reply::new(550, "5.1.2", format!("There is no domain {typed}")));
    }
    if !conversation.carries(address) {
        return Err(Reply::new(550, "5.7.1", format!("Relaying to <{address}> needs authentication")));
    }
    let known = !accounts.is_local(address.domain()) || accounts.takes(address);
    if !known && conversation.broken(Fault::Smtp521ForStrangers) {
        return Err(Reply::new(521, "5.1.1", format!("There is no mailbox <{address}>")));
    }
    if !known && !conversation.broken(Fault::SmtpAcceptsUnknownRecipient) {
        return Err(Reply::new(550, "5.1.1", format!("There is no mailbox <{address}>")));
    }
    let account =
        accounts.recipient(address).filter(|_| accounts.is_local(address.domain()) && accounts.alias(address).is_none());
    if let Some(account) = account
        && !has_room(conversation, account.name())
    {
        return Err(full(address));
    }
    Ok(recipient)
}

/// Whether the account may hold one message more. Where the store fails, accepting the message tells.
fn has_room(conversation: &Conversation, account: &str) -> bool {
    conversation.store.has_room(account, 1, 1).unwrap_or(true)
}

/// The forward-path, and the offset behind it. RFC 6409 §4.2: that of a submission is fully qualified; a user's name alone is
/// completed, if there is such a user (RFC 6409 §8).
fn path(conversation: &Conversation, argument: &str) -> Result<(ForwardPath, usize), Reply> {
    let accounts = &conversation.site.accounts;
    let submission = conversation.role == Role::Submission;
    match forward_path(argument, TO.len()) {
        Ok((ForwardPath::Mailbox(address), _))
            if submission && !is_qualified(address.domain()) && !accounts.is_local(address.domain()) =>
        {
            Err(Reply::new(554, "5.1.2", format!("The domain of <{address}> is not fully qualified")))
        }
        Ok(found) => Ok(found),
        Err(error) => match unqualified(argument, TO.len()).filter(|_| submission) {
            Some((local, end)) => {
                let address = Address::new(local, Domain::Name(accounts.domain().to_owned()));
                if accounts.takes(&address) {
                    Ok((ForwardPath::Mailbox(address), end))
                } else {
                    Err(Reply::new(554, "5.1.2", "The recipient lacks a domain, and is no user here"))
                }
            }
            None => Err(super::syntax_error("5.1.3", "RCPT", &error)),
        },
    }
}
