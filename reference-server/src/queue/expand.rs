//! An address that stands for others: the message is theirs now (RFC 5321 §3.9, RFC 3461 §5.2.7).

use super::dsn::{Action, Report};
use super::settle::Terms;
use super::spool::Due;
use super::{Diagnosis, Entry, Waiting, heading, spool};
use crate::mail::{Address, Envelope, Notify, Recipient};
use crate::store::{Result, Tx};

/// Makes the message an entry of its own for the members. Gives the destinations that have something to do now, and what
/// the sender is to be told of the address that stood for them.
///
/// With an owner the address is a mailing list, else an alias.
pub(super) fn expand(
    tx: &Tx<'_>,
    entry: &Entry,
    waiting: &Waiting,
    members: &[Address],
    owner: Option<&Address>,
    terms: &Terms,
) -> Result<(Due, Option<Report>)> {
    let (envelope, action) = forwarded(entry, waiting, members, owner);
    // It has the same octets and is an entry of its own, with a number of its own.
    let (blob, _) = heading::store(tx, entry.blob, &[], 0)?;
    let due = spool::enter_stored(tx, envelope, blob, &terms.schedule, terms.now)?;
    let report = action.map(|action| Report {
        recipient: waiting.clone(),
        diagnosis: Diagnosis::local("2.0.0", "the message goes to those the address stands for"),
        action,
        tried: Some(terms.now),
    });
    Ok((due, report))
}

/// The envelope of the message that goes on, and what the sender hears.
fn forwarded(entry: &Entry, waiting: &Waiting, members: &[Address], owner: Option<&Address>) -> (Envelope, Option<Action>) {
    let asked = waiting.notify.is_some_and(|notify| notify.success);
    let plain = Envelope {
        reverse_path: entry.reverse_path.clone(),
        recipients: members.iter().cloned().map(Recipient::new).collect(),
        body: entry.body,
        smtputf8: entry.smtputf8,
        require_tls: entry.require_tls,
        tls_optional: entry.tls_optional,
        submitter: entry.submitter.clone(),
        priority: entry.priority,
        ..Envelope::default()
    };
    if let Some(owner) = owner {
        // RFC 3461 §5.2.7.1: the list is the end of the message; what it sends is its own, and so is the trouble.
        return (Envelope { reverse_path: Some(owner.clone()), ..plain }, asked.then_some(Action::Delivered));
    }
    let single = members.len() == 1;
    // §5.2.7.2: a single recipient is told of as if it had been named. §5.2.7.3 (c): several are too, but for successes.
    let notify = if single { waiting.notify } else { waiting.notify.map(|notify| Notify { success: false, ..notify }) };
    let recipients = members
        .iter()
        .map(|address| Recipient { address: address.clone(), notify, original: waiting.original.clone() })
        .collect();
    let envelope = Envelope { recipients, ret: entry.ret, envid: entry.envid.clone(), deliver_by: entry.deliver_by, ..plain };
    (envelope, (asked && !single).then_some(Action::Expanded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Ret;
    use crate::queue::Job;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn check(notify: Option<Notify>, members: &[&str], owner: Option<&str>) -> (Envelope, Option<Action>) {
        let to = Recipient { address: address("team@example.org"), notify, original: None };
        let envelope = Envelope {
            reverse_path: Some(address("alice@example.org")),
            recipients: vec![to],
            ret: Some(Ret::Headers),
            envid: Some("QQ1".to_owned()),
            ..Envelope::default()
        };
        let (job, _) = Job::sample(envelope, b"");
        let members: Vec<Address> = members.iter().map(|member| address(member)).collect();
        forwarded(&job.entry, &job.entry.recipients[0], &members, owner.map(address).as_ref())
    }

    const ALL: Option<Notify> = Some(Notify { success: true, failure: true, delay: true });

    #[test]
    fn an_alias_of_one_passes_everything_on() {
        let (envelope, action) = check(ALL, &["bob@example.org"], None);
        assert_eq!((envelope.envid.as_deref(), envelope.ret, action), (Some("QQ1"), Some(Ret::Headers), None));
        assert_eq!(envelope.reverse_path, Some(address("alice@example.org")));
        assert!(envelope.recipients.iter().all(|recipient| recipient.notify == ALL));
    }

    #[test]
    fn an_alias_of_several_is_expanded() {
        let (envelope, action) = check(ALL, &["bob@example.org", "carol@example.org"], None);
        assert_eq!((envelope.envid.as_deref(), action), (Some("QQ1"), Some(Action::Expanded)));
        let without = Some(Notify { success: false, failure: true, delay: true });
        assert!(envelope.recipients.iter().all(|recipient| recipient.notify == without));
        assert_eq!(check(None, &["bob@example.org", "carol@example.org"], None).1, None);
    }

    #[test]
    fn a_list_is_the_end_of_the_message() {
        let (envelope, action) = check(ALL, &["bob@example.org"], Some("owner@example.org"));
        assert_eq!((envelope.envid, envelope.ret, action), (None, None, Some(Action::Delivered)));
        assert_eq!(envelope.reverse_path, Some(address("owner@example.org")));
        assert!(envelope.recipients.iter().all(|recipient| recipient.notify.is_none()));
    }
}
