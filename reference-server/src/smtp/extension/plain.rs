//! Extensions without parameters of MAIL and RCPT: a keyword says that a command is there, or how replies look.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::smtp::conversation::{Conversation, Role};

/// A keyword.
pub(super) struct Plain {
    switch: Extension,
    keyword: &'static str,
    usable: fn(&Conversation) -> bool,
}

/// RFC 2920: commands may come before the replies to those in front of them, which is how the session reads anyway.
pub(super) const PIPELINING: Plain = always(Extension::SmtpPipelining, "PIPELINING");

/// RFC 3030 §2: BDAT.
pub(super) const CHUNKING: Plain = always(Extension::SmtpChunking, "CHUNKING");

/// RFC 2034.
pub(super) const ENHANCED_STATUS_CODES: Plain = always(Extension::SmtpEnhancedStatusCodes, "ENHANCEDSTATUSCODES");

/// RFC 3207 §4.2: not once TLS is there.
pub(super) const STARTTLS: Plain =
    Plain { switch: Extension::SmtpStartTls, keyword: "STARTTLS", usable: |conversation| !conversation.tls };

/// RFC 1985; RFC 6409 §7 keeps it away from submission, and LMTP has no queue to start.
pub(super) const ETRN: Plain =
    Plain { switch: Extension::SmtpEtrn, keyword: "ETRN", usable: |conversation| conversation.role == Role::Relay };

/// RFC 5321 §3.5.2: may be listed.
pub(super) const VRFY: Plain = always(Extension::SmtpVrfy, "VRFY");

/// RFC 5321 §3.5.2: a server that has EXPN must say so.
pub(super) const EXPN: Plain = always(Extension::SmtpExpn, "EXPN");

/// RFC 5321 §4.1.1.1: so must one that has HELP.
pub(super) const HELP: Plain = always(Extension::SmtpHelp, "HELP");

const fn always(switch: Extension, keyword: &'static str) -> Plain {
    Plain { switch, keyword, usable: |_| true }
}

impl ServiceExtension for Plain {
    fn switch(&self) -> Extension {
        self.switch
    }

    fn usable(&self, conversation: &Conversation) -> bool {
        (self.usable)(conversation)
    }

    fn announced(&self, _: &Conversation) -> String {
        self.keyword.to_owned()
    }
}
