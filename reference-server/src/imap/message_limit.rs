//! How many messages one command may be about (RFC 9738): of a command that is about more, those with the highest UIDs are taken.

use super::context::Context;
use super::response::{Code, Condition, Status, write_untagged};
use crate::extensions::Extension;
use crate::faults::{Fault, Faults};
use crate::store::Uid;

/// The most messages of one command.
#[derive(Clone, Copy)]
pub struct MessageLimit {
    most: u32,
    faults: Faults,
}

impl Context {
    /// Of one FETCH, SEARCH, STORE, MOVE or UID EXPUNGE; `None`: as many as there are. SORT and THREAD of more are refused
    /// (RFC 9738 §3.3); ESEARCH is not among the commands that RFC 9738 names.
    pub fn message_limit(&self) -> Option<MessageLimit> {
        self.limit(Extension::ImapMessageLimit, self.site.limits.command_messages)
    }

    /// Of one COPY or APPEND. A server that limits these alone says SAVELIMIT instead of MESSAGELIMIT (RFC 9738 §3).
    pub fn save_limit(&self) -> Option<MessageLimit> {
        self.message_limit().or_else(|| self.limit(Extension::ImapSaveLimit, self.site.limits.saved_messages))
    }

    fn limit(&self, extension: Extension, most: usize) -> Option<MessageLimit> {
        let limit = MessageLimit { most: u32::try_from(most).unwrap_or(u32::MAX), faults: self.faults() };
        (!self.lacks(extension)).then_some(limit)
    }
}

impl MessageLimit {
    pub fn most(self) -> u32 {
        self.most
    }

    /// Whether so many messages are too many.
    pub fn is_exceeded_by(self, messages: usize) -> bool {
        messages > self.most as usize
    }

    /// Leaves those messages that one command may be about, if there are too many: "the server is REQUIRED to process messages
    /// from highest to lowest UID" (RFC 9738 §3.1). They are in ascending order and stay so.
    pub fn cut<T>(self, messages: &mut Vec<T>, uid: impl Fn(&T) -> Uid) -> Option<Cut> {
        let beyond = messages.len().checked_sub(self.most as usize).filter(|beyond| *beyond > 0)?;
        if self.faults.on(Fault::ImapMessageLimitFromLowest) {
            messages.truncate(self.most as usize);
        } else {
            messages.drain(..beyond);
        }
        let lowest = messages.first().map_or(0, uid);
        Some(Cut { limit: self, lowest })
    }

    /// The refusal of a command that is done for all messages or for none; `lowest` is the UID a command about fewer messages
    /// could have begun with: "The last parameter is omitted when not known" (RFC 9738 §5).
    pub fn refusal(self, lowest: Option<Uid>) -> Status {
        let code = Code::MessageLimit { most: self.most, lowest };
        Status::no(code, format!("A command is about {} messages at most; nothing was done", self.most))
    }
}

/// A command was about too many messages, and was done for some.
#[derive(Clone, Copy)]
pub struct Cut {
    limit: MessageLimit,
    lowest: Uid,
}

impl Cut {
    /// The lowest UID of those it was done for.
    pub fn lowest(self) -> Uid {
        self.lowest
    }

    /// For a command that is done for all messages or for none.
    pub fn refusal(self) -> Status {
        self.limit.refusal(Some(self.lowest))
    }

    /// The completion of the command, which tells of the limit. "when the server needs to return both EXPUNGEISSUED [RFC9051]
    /// and MESSAGELIMIT response codes, the former MUST be returned in the tagged OK response, while the latter MUST be returned
    /// in an untagged NO response" (RFC 9738 §3.1); the same goes for other codes, that of a refusal included.
    fn complete(self, status: Status, out: &mut Vec<u8>) -> Status {
        let MessageLimit { most, faults } = self.limit;
        if faults.on(Fault::ImapMessageLimitUntold) || status.condition == Condition::Bad {
            return status;
        }
        let code = Code::MessageLimit { most, lowest: Some(self.lowest) };
        if status.condition == Condition::Ok && status.code.is_none() {
            return status.with(code);
        }
        write_untagged(out, Status::no(code, format!("This was done for {most} messages only")));
        match status.code {
            Some(Code::ExpungeIssued) => Status::ok(status.text).with(Code::ExpungeIssued),
            _ => status,
        }
    }
}

/// The completion of a command, which may have been done for some messages only.
pub fn completed(status: Status, cut: Option<Cut>, out: &mut Vec<u8>) -> Status {
    match cut {
        Some(cut) => cut.complete(status, out),
        None => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_with_the_highest_uids_are_taken() {
        let limit = MessageLimit { most: 3, faults: Faults::NONE };
        let mut uids = vec![2, 5, 7, 8];
        let cut = limit.cut(&mut uids, |uid| *uid).unwrap();
        assert_eq!((uids.as_slice(), cut.lowest()), ([5, 7, 8].as_slice(), 5));
        assert!(limit.cut(&mut uids, |uid| *uid).is_none());
    }
}
