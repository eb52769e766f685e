//! FUTURERELEASE (RFC 4865): submissions that are held for a while, or until an instant.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::Envelope;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct FutureRelease;

impl ServiceExtension for FutureRelease {
    fn switch(&self) -> Extension {
        Extension::SmtpFutureRelease
    }

    /// RFC 4865 §4.2: on the submission port and nowhere else.
    fn usable(&self, conversation: &Conversation) -> bool {
        conversation.role == Role::Submission
    }

    /// RFC 4865 §3: the longest time, and the instant that is so far from now.
    fn announced(&self, conversation: &Conversation) -> String {
        let last = utc(latest(conversation)).format(&Rfc3339).unwrap_or_default();
        format!("FUTURERELEASE {} {last}", longest(conversation))
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        let read = match parameter.keyword.as_str() {
            "HOLDFOR" => hold_for,
            "HOLDUNTIL" => hold_until,
            _ => return None,
        };
        Some(match read(conversation, parameter) {
            // RFC 4865 §4.2 item 9.
            Ok(_) if envelope.hold_until.is_some() => {
                Err(Reply::new(501, "5.5.4", "A message is held for a time or until one, not both"))
            }
            Ok((until, request)) => {
                envelope.hold_until = Some(until);
                envelope.hold_request = Some(request);
                Ok(())
            }
            Err(reply) => Err(reply),
        })
    }
}

/// RFC 4865 §5.2.2: what is released after it should have been delivered is refused.
pub(super) fn agrees(envelope: &Envelope) -> Result<(), Reply> {
    match (envelope.hold_until, &envelope.deliver_by) {
        (Some(release), Some(by)) if release > by.deadline => {
            Err(Reply::new(501, "5.5.4", "The message would be held longer than it has time to be delivered"))
        }
        _ => Ok(()),
    }
}

/// `future-release-integer = %x31-39 *8DIGIT`
fn hold_for(conversation: &Conversation, parameter: &Parameter<'_>) -> Result<(OffsetDateTime, String), Reply> {
    let digits = parameter.value.unwrap_or_default();
    let shaped = digits.len() <= 9 && !digits.starts_with('0') && digits.bytes().all(|octet| octet.is_ascii_digit());
    match digits.parse::<i64>() {
        Ok(seconds) if shaped && (seconds <= longest(conversation) || conversation.broken(Fault::SmtpHoldsTooLong)) => {
            Ok((conversation.site.clock.now() + Duration::seconds(seconds), format!("for;{digits}")))
        }
        _ => Err(parameter.invalid(&format!("1 to {} seconds", longest(conversation)))),
    }
}

/// `Internet-style-date-time-UTC`: a date and time of RFC 3339 in UTC.
fn hold_until(conversation: &Conversation, parameter: &Parameter<'_>) -> Result<(OffsetDateTime, String), Reply> {
    let text = parameter.value.unwrap_or_default();
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| text.ends_with(['Z', 'z']));
    let latest = latest(conversation);
    match instant {
        // What is past was meant for a moment that cannot be kept any more, or the client's clock is wrong.
        Some(instant) if instant > conversation.site.clock.now() => {
            if instant <= latest || conversation.broken(Fault::SmtpHoldsTooLong) {
                Ok((instant, format!("until;{text}")))
            } else {
                Err(parameter.invalid("a time that is not so far away"))
            }
        }
        _ => Err(parameter.invalid("a time in the future, such as 2027-01-31T18:00:00Z")),
    }
}

/// In seconds.
fn longest(conversation: &Conversation) -> i64 {
    i64::try_from(conversation.site.limits.hold.as_secs()).unwrap_or(i64::MAX).clamp(1, 999_999_999)
}

fn latest(conversation: &Conversation) -> OffsetDateTime {
    conversation.site.clock.now() + Duration::seconds(longest(conversation))
}

/// In whole seconds.
fn utc(instant: OffsetDateTime) -> OffsetDateTime {
    instant.replace_nanosecond(0).unwrap_or(instant)
}
