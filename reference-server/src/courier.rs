//! Where mail goes: to a mailbox here, or away.

use std::sync::Arc;

use crate::faults::Fault;
use crate::mail::Address;
use crate::queue::{Courier, Destination, Diagnosis, Route};
use crate::site::Site;

/// The courier of a server: own domains are delivered, there is no way to others.
pub(crate) struct LocalCourier {
    pub site: Arc<Site>,
}

impl Courier for LocalCourier {
    fn route(&self, recipient: &Address) -> Route {
        let accounts = &self.site.accounts;
        if !accounts.is_local(recipient.domain()) {
            return Route::Relay(Destination(recipient.domain().clone()));
        }
        if let Some(alias) = accounts.alias(recipient) {
            return Route::Expand { members: accounts.members(alias), owner: alias.owner().cloned() };
        }
        match accounts.recipient(recipient) {
            Some(account) => Route::Mailbox { account: account.name().to_owned() },
            None => Route::Nowhere(Diagnosis::local("5.1.1", "there is no such mailbox")),
        }
    }

    /// `Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>` (RFC 5321 §4.4).
    fn heading(&self, reverse_path: Option<&Address>) -> Vec<u8> {
        if self.site.faults.on(Fault::SmtpNoReturnPath) {
            return Vec::new();
        }
        let reverse_path = reverse_path.map(Address::to_string).unwrap_or_default();
        format!("Return-Path: <{reverse_path}>\r\n").into_bytes()
    }
}
