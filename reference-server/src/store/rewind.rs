//! What no store should do: give UIDs a second time. Only a server that misbehaves on purpose asks for it.

use super::{MailboxId, Result, Store, sql};

impl Store {
    /// The next message gets the UID after the greatest one that is in the mailbox now, whoever had it before.
    ///
    /// This breaks RFC 3501 §2.3.1.1; it is there so that suites can prove that they notice.
    pub fn rewind_uids(&self, mailbox: MailboxId) -> Result<()> {
        self.write(move |tx| sql::mailbox::rewind_uids(tx.connection, mailbox))
    }
}
