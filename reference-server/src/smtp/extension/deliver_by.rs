//! DELIVERBY (RFC 2852): mail that is to be delivered in time, or returned, or reported late.

use time::{Duration, OffsetDateTime};

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{ByMode, DeliverBy as Request, Envelope};
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct DeliverBy;

impl ServiceExtension for DeliverBy {
    fn switch(&self) -> Extension {
        Extension::SmtpDeliverBy
    }

    /// LMTP delivers while the client waits: no time passes.
    fn usable(&self, conversation: &Conversation) -> bool {
        conversation.role != Role::Lmtp
    }

    /// RFC 2852 §2: with the shortest time that can be kept.
    fn announced(&self, conversation: &Conversation) -> String {
        format!("DELIVERBY {}", conversation.site.limits.deliver_by.as_secs())
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "BY").then(|| {
            envelope.deliver_by = Some(request(conversation, parameter)?);
            Ok(())
        })
    }
}

/// `by-value = by-time ";" by-mode [by-trace]`
fn request(conversation: &Conversation, parameter: &Parameter<'_>) -> Result<Request, Reply> {
    let (seconds, mode, trace) = parameter
        .value
        .and_then(read)
        .ok_or_else(|| parameter.invalid("a time in seconds and a mode, such as 120;R or -30;NT"))?;
    let least = i64::try_from(conversation.site.limits.deliver_by.as_secs()).unwrap_or(i64::MAX);
    if mode == ByMode::Return && !conversation.broken(Fault::SmtpAcceptsByZero) {
        // RFC 2852 §4: zero and less is a syntax error.
        if seconds <= 0 {
            return Err(parameter.invalid("a time in the future, if the message is to be returned"));
        }
        // RFC 2852 §3: too soon is refused for good.
        if seconds < least {
            return Err(Reply::new(555, "5.5.4", format!("Mail cannot be promised in less than {least} seconds")));
        }
    }
    Ok(Request { deadline: deadline(conversation.site.clock.now(), seconds), mode, trace })
}

fn deadline(now: OffsetDateTime, seconds: i64) -> OffsetDateTime {
    // 31 years from now are a date for a long time yet.
    now.checked_add(Duration::seconds(seconds)).unwrap_or(now)
}

/// `by-time = ["-" / "+"]1*9digit`, `by-mode = "N" / "R"`, `by-trace = "T"`, in any case.
fn read(value: &str) -> Option<(i64, ByMode, bool)> {
    let (time, mode) = value.split_once(';')?;
    let digits = time.strip_prefix(['-', '+']).unwrap_or(time);
    if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = digits.parse().ok()?;
    let seconds = if time.starts_with('-') { -seconds } else { seconds };
    let (mode, trace) = match mode.to_ascii_uppercase().as_str() {
        "N" => (ByMode::Notify, false),
        "NT" => (ByMode::Notify, true),
        "R" => (ByMode::Return, false),
        "RT" => (ByMode::Return, true),
        _ => return None,
    };
    Some((seconds, mode, trace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_sign_and_a_mode() {
        assert_eq!(read("120;R"), Some((120, ByMode::Return, false)));
        assert_eq!(read("+5;rt"), Some((5, ByMode::Return, true)));
        assert_eq!(read("-999999999;N"), Some((-999_999_999, ByMode::Notify, false)));
        for wrong in ["", "120", "120;", "120;X", "120;RN", "120;TR", "1234567890;N", ";N", "+;N", "1.5;N", "--1;N"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
