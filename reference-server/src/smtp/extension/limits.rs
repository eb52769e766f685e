//! LIMITS (RFC 9422): what a client may do in one session, told in advance.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::smtp::conversation::Conversation;

pub(super) struct Limits;

/// RFC 9422: limits are numbers of up to six digits, without 0.
const MOST: usize = 999_999;

impl ServiceExtension for Limits {
    fn switch(&self) -> Extension {
        Extension::SmtpLimits
    }

    fn announced(&self, conversation: &Conversation) -> String {
        let limits = &conversation.site.limits;
        let (mails, recipients) = (limits.transactions.clamp(1, MOST), limits.recipients.clamp(1, MOST));
        format!("LIMITS MAILMAX={mails} RCPTMAX={recipients}")
    }
}
