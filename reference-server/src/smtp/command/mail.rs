//! MAIL, RFC 5321 §4.1.1.2: begins a transaction. Its parameters are those of the extensions.

use super::Command;
use crate::config::Senders;
use crate::faults::Fault;
use crate::mail::{Address, Domain, Envelope};
use crate::session::After;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::extension::{self, mt_priority};
use crate::smtp::parameter::parameters;
use crate::smtp::path::{reverse_path, unqualified};
use crate::smtp::reply::Reply;
use crate::smtp::submission::is_qualified;
use crate::smtp::transaction::Transaction;

pub(super) struct Mail;

const FROM: &str = "FROM:";

impl Command for Mail {
    fn verb(&self) -> &'static str {
        "MAIL"
    }

    fn syntax(&self) -> &'static str {
        "FROM:<reverse-path> [parameters of the extensions that EHLO lists]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if let Some(reply) = super::not_yet(conversation) {
            return reply;
        }
        if conversation.transaction.is_some() && !conversation.broken(Fault::SmtpMailTwice) {
            return Reply::new(503, "5.5.1", "A transaction is open already; RSET ends it");
        }
        conversation.transactions += 1;
        // RFC 9422: the MAILMAX that LIMITS announced.
        if conversation.transactions > conversation.site.limits.transactions {
            conversation.after = After::Close;
            return Reply::new(421, "4.7.0", format!("{} Too many transactions, closing", conversation.site.host));
        }
        match envelope(conversation, argument) {
            Ok(mut envelope) => {
                let lowered = mt_priority::lowered(conversation, &mut envelope);
                conversation.transaction = Some(Transaction { envelope, ..Transaction::default() });
                lowered.unwrap_or_else(|| Reply::new(250, "2.1.0", "Sender accepted"))
            }
            Err(reply) => reply,
        }
    }

    fn takes_utf8(&self) -> bool {
        true
    }
}

/// `"FROM:" Reverse-path [SP Mail-parameters]`
fn envelope(conversation: &Conversation, argument: &str) -> Result<Envelope, Reply> {
    if !argument.get(..FROM.len()).is_some_and(|word| word.eq_ignore_ascii_case(FROM)) {
        return Err(Reply::new(501, "5.5.4", "MAIL needs FROM:<reverse-path>"));
    }
    let (reverse_path, end) = sender(conversation, argument)?;
    if reverse_path.is_none() && conversation.broken(Fault::SmtpRefusesNullPath) {
        return Err(Reply::new(550, "5.1.8", "The null reverse-path is not accepted"));
    }
    let mut envelope = Envelope {
        reverse_path,
        // RFC 4954 §5: what users send is theirs, unless AUTH= says otherwise.
        submitter: conversation.user.as_ref().map(|user| user.address().clone()),
        ..Envelope::default()
    };
    extension::mail(conversation, &parameters(argument, end)?, &mut envelope)?;
    // RFC 6531 §3.5.
    let ascii = argument.get(..end).unwrap_or_default().is_ascii();
    if !ascii && !envelope.smtputf8 && !conversation.broken(Fault::SmtpUtf8Undeclared) {
        return Err(Reply::new(550, "5.6.7", "An address in UTF-8 needs SMTPUTF8"));
    }
    Ok(envelope)
}

/// The reverse-path, and the offset behind it. RFC 6409 §4.2, §6.1: that of a submission is fully qualified, and the user's if
/// that is wanted.
fn sender(conversation: &Conversation, argument: &str) -> Result<(Option<Address>, usize), Reply> {
    let accounts = &conversation.site.accounts;
    let submission = conversation.role == Role::Submission;
    let (path, end) = match reverse_path(argument, FROM.len()) {
        Ok(found) => found,
        Err(error) => match unqualified(argument, FROM.len()).filter(|_| submission) {
            Some((local, end)) => (Some(Address::new(local, Domain::Name(accounts.domain().to_owned()))), end),
            None => return Err(super::syntax_error("5.1.7", "MAIL", &error)),
        },
    };
    if let Some(address) = path.as_ref().filter(|_| submission) {
        let local = accounts.is_local(address.domain());
        if !is_qualified(address.domain()) && !local {
            return Err(Reply::new(554, "5.1.8", format!("The domain of <{address}> is not fully qualified")));
        }
        let own = |address| accounts.recipient(address).map(|account| account.name());
        if conversation.site.senders == Senders::Own && own(address) != conversation.user.as_ref().map(|user| user.name()) {
            return Err(Reply::new(550, "5.7.1", format!("<{address}> is not your address")));
        }
    }
    Ok((path, end))
}
