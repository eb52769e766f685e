//! What the queue's nouns are on disk, and back.

use time::OffsetDateTime;

use super::{Diagnosis, Entry, EntryId, Remote, Waiting};
use crate::mail::{Address, Body, ByMode, DeliverBy, Envelope, Notify, OriginalRecipient, Recipient, Ret};
use crate::store::sql::queue::{DiagnosisRow, EntryRow, RecipientRow};
use crate::store::{BlobId, Error, Result};

/// An entry that is about to be queued.
pub(super) fn entry_row(envelope: &Envelope, blob: BlobId, accepted: OffsetDateTime, event: OffsetDateTime) -> EntryRow {
    EntryRow {
        accepted: millis(accepted),
        reverse_path: envelope.reverse_path.as_ref().map(Address::to_string),
        body: match envelope.body {
            Body::SevenBit => 0,
            Body::EightBitMime => 1,
            Body::BinaryMime => 2,
        },
        blob: blob.0,
        smtputf8: envelope.smtputf8,
        tls: match (envelope.require_tls, envelope.tls_optional) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        },
        ret: envelope.ret.map(|ret| u8::from(ret == Ret::Full)),
        envid: envelope.envid.clone(),
        priority: envelope.priority,
        hold_until: envelope.hold_until.map(millis),
        hold_request: envelope.hold_request.clone(),
        submitter: envelope.submitter.as_ref().map(Address::to_string),
        deliver_by: envelope.deliver_by.map(|by| (millis(by.deadline), u8::from(by.mode == ByMode::Notify), by.trace)),
        told: 0,
        event: Some(millis(event)),
    }
}

/// A recipient of it, due then.
pub(super) fn recipient_row(recipient: &Recipient, priority: i8, due: OffsetDateTime) -> RecipientRow {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    RecipientRow {
        address: recipient.address.to_string(),
        due: millis(due),
        destination: recipient.address.domain().to_string(),
        priority,
        notify: recipient.notify.map(|notify| bit(notify.success, 1) | bit(notify.failure, 2) | bit(notify.delay, 4)),
        original: recipient.original.as_ref().map(|original| (original.kind.clone(), original.address.clone())),
        ..RecipientRow::default()
    }
}

/// An entry with some of its recipients. Fails if what is stored makes no sense.
pub(super) fn entry(id: i64, row: &EntryRow, recipients: &[RecipientRow]) -> Result<Entry> {
    Ok(Entry {
        id: EntryId(id),
        accepted: instant(row.accepted),
        reverse_path: row.reverse_path.as_deref().map(address).transpose()?,
        body: match row.body {
            0 => Body::SevenBit,
            1 => Body::EightBitMime,
            2 => Body::BinaryMime,
            other => return Err(Error::Failed(format!("the queue holds {other} for a kind of body, which is none"))),
        },
        smtputf8: row.smtputf8,
        ret: row.ret.map(|full| if full == 0 { Ret::Headers } else { Ret::Full }),
        envid: row.envid.clone(),
        require_tls: row.tls == 1,
        tls_optional: row.tls == 2,
        priority: row.priority,
        hold_until: row.hold_until.map(instant),
        hold_request: row.hold_request.clone(),
        submitter: row.submitter.as_deref().map(address).transpose()?,
        deliver_by: row.deliver_by.map(|(deadline, mode, trace)| DeliverBy {
            deadline: instant(deadline),
            mode: if mode == 0 { ByMode::Return } else { ByMode::Notify },
            trace,
        }),
        blob: BlobId(row.blob),
        recipients: recipients.iter().map(waiting).collect::<Result<_>>()?,
    })
}

/// A recipient that waits.
pub(super) fn waiting(row: &RecipientRow) -> Result<Waiting> {
    let (kind, original) = row.original.clone().unzip();
    let recipient = address(&row.address)?;
    if recipient.to_string() != row.address {
        // Its row is found by the address: what became of it could not be written down.
        return Err(Error::Failed(format!("the queue holds {:?}, which is to be spelled {recipient}", row.address)));
    }
    Ok(Waiting {
        address: recipient,
        notify: row.notify.map(|bits| Notify { success: bits & 1 != 0, failure: bits & 2 != 0, delay: bits & 4 != 0 }),
        original: kind.zip(original).map(|(kind, address)| OriginalRecipient { kind, address }),
        attempts: row.attempts,
    })
}

pub(super) fn diagnosis_row(diagnosis: &Diagnosis) -> DiagnosisRow {
    DiagnosisRow {
        status: diagnosis.status.clone(),
        reason: diagnosis.reason.clone(),
        remote: diagnosis.remote.as_ref().map(|remote| (remote.host.clone(), remote.reply.clone())),
    }
}

pub(super) fn diagnosis(row: &DiagnosisRow) -> Diagnosis {
    Diagnosis {
        status: row.status.clone(),
        reason: row.reason.clone(),
        remote: row.remote.clone().map(|(host, reply)| Remote { host, reply }),
    }
}

fn address(text: &str) -> Result<Address> {
    Address::parse(text).map_err(|error| Error::Failed(format!("the queue holds {text:?}, which is no address: {error}")))
}

pub(super) fn millis(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

pub(super) fn instant(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn envelope() -> impl Strategy<Value = Envelope> {
        let millis = 0_i64..4_000_000_000_000;
        let bodies = prop_oneof![Just(Body::SevenBit), Just(Body::EightBitMime), Just(Body::BinaryMime)];
        let by = (millis.clone(), any::<bool>(), any::<bool>()).prop_map(|(deadline, notify, trace)| DeliverBy {
            deadline: instant(deadline),
            mode: if notify { ByMode::Notify } else { ByMode::Return },
            trace,
        });
        let ret = prop_oneof![Just(Ret::Full), Just(Ret::Headers)];
        let fields = (bodies, (any::<bool>(), 0..3), prop::option::of(ret), prop::option::of(".*"));
        let rest = (prop::option::of(-9_i8..=9), prop::option::of(millis), prop::option::of(by), any::<bool>());
        (fields, rest).prop_map(|((body, (smtputf8, tls), ret, envid), (priority, hold, deliver_by, null))| Envelope {
            reverse_path: (!null).then(|| Address::parse("\"a b\"@example.org").unwrap()),
            recipients: Vec::new(),
            body,
            smtputf8,
            ret,
            envid,
            require_tls: tls == 1,
            tls_optional: tls == 2,
            priority,
            hold_until: hold.map(instant),
            hold_request: hold.map(|hold| format!("for;{hold}")),
            submitter: null.then(|| Address::parse("alice@example.org").unwrap()),
            deliver_by,
        })
    }

    fn recipient() -> impl Strategy<Value = Recipient> {
        let notify = any::<(bool, bool, bool)>().prop_map(|(success, failure, delay)| Notify { success, failure, delay });
        let original = (".*", ".*").prop_map(|(kind, address)| OriginalRecipient { kind, address });
        (prop::option::of(notify), prop::option::of(original)).prop_map(|(notify, original)| Recipient {
            address: Address::parse("\"b@c\"@[192.0.2.1]").unwrap(),
            notify,
            original,
        })
    }

    proptest! {
        #[test]
        fn an_envelope_comes_back_as_it_was(envelope in envelope(), recipient in recipient()) {
            let row = entry_row(&envelope, BlobId(7), instant(1), instant(2));
            let waits = recipient_row(&recipient, 3, instant(5));
            prop_assert_eq!(&waits.destination, "[192.0.2.1]");
            let read = entry(9, &row, &[waits]).unwrap();
            let [waiting] = read.recipients.as_slice() else { panic!("one recipient") };
            prop_assert_eq!(&waiting.address, &recipient.address);
            prop_assert_eq!(waiting.notify, recipient.notify);
            prop_assert_eq!(&waiting.original, &recipient.original);
            let again = Envelope {
                reverse_path: read.reverse_path, recipients: Vec::new(), body: read.body, smtputf8: read.smtputf8, ret: read.ret,
                envid: read.envid, require_tls: read.require_tls,
                tls_optional: read.tls_optional, priority: read.priority, hold_until: read.hold_until, hold_request: read.hold_request, submitter: read.submitter,
                deliver_by: read.deliver_by,
            };
            prop_assert_eq!(again, envelope);
        }
    }
}
