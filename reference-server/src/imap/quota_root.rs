//! Quota roots (RFC 9208): each account has one, which all its mailboxes share, and so have the mailboxes of nobody.

use super::context::{Context, refusal};
use super::grammar::cursor::{Cursor, Parsed};
use super::mailbox_name::write_mailbox_as;
use super::response::{Code, Status, write_astring};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::store::{NOBODY, Quota, Resource};

/// What the name of a root begins with; the name of the account follows.
const PREFIX: &str = "#user/";

impl Cursor<'_> {
    /// `quota-root-name = astring`
    pub fn quota_root(&mut self) -> Parsed<String> {
        Ok(String::from_utf8_lossy(&self.astring("the name of a quota root")?).into_owned())
    }
}

/// The root of an account.
pub fn root_of(account: &str) -> String {
    if account == NOBODY {
        return account.to_owned();
    }
    format!("{PREFIX}{account}")
}

impl Context {
    /// Whether the server tells of this resource.
    pub fn limits(&self, resource: Resource) -> bool {
        !self.lacks(match resource {
            Resource::Storage => Extension::ImapQuotaStorage,
            Resource::Message => Extension::ImapQuotaMessage,
        })
    }

    /// The account of a root that the user may ask for: their own, and that of the mailboxes of nobody.
    pub fn own_root(&self, root: &str) -> Result<&str, Status> {
        if root == NOBODY && self.has_shared_namespace() {
            return Ok(NOBODY);
        }
        match root.strip_prefix(PREFIX).filter(|account| *account == self.account_name()) {
            Some(_) => Ok(self.account_name()),
            None => Err(Status::no(Code::NoPerm, "You have no such quota root")),
        }
    }

    /// ```abnf
    /// quota-response = "QUOTA" SP quota-root-name SP quota-list
    /// quota-resource = resource-name SP resource-usage SP resource-limit
    /// ```
    /// "an empty list means there are no administrative resource limits in the quota root" (RFC 9208 §4.2.1).
    pub fn write_quota(&self, out: &mut Vec<u8>, account: &str) -> Result<(), Status> {
        let quotas = self.store.quotas(account).map_err(refusal)?;
        let told = quotas.iter().filter(|quota| self.limits(quota.resource)).map(|Quota { resource, usage, most }| {
            let usage = if self.faults().on(Fault::ImapQuotaUsageStale) { 0 } else { *usage };
            format!("{} {usage} {most}", resource.name())
        });
        let told = told.collect::<Vec<_>>().join(" ");
        out.extend_from_slice(b"* QUOTA ");
        write_astring(out, root_of(account).as_bytes());
        out.extend_from_slice(format!(" ({told})\r\n").as_bytes());
        Ok(())
    }
}

/// `quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)`
pub fn write_quota_root(context: &Context, out: &mut Vec<u8>, name: &str, account: &str) {
    out.extend_from_slice(b"* QUOTAROOT ");
    write_mailbox_as(out, name, context.enabled.utf8());
    out.push(b' ');
    write_astring(out, root_of(account).as_bytes());
    out.extend_from_slice(b"\r\n");
}
