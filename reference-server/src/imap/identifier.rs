//! Identifiers of access control lists (RFC 4314 §2, §3).

use super::context::Context;
use super::grammar::cursor::{Cursor, Parsed, SyntaxError};
use super::response::{Code, Status};
use crate::accounts::saslprep;
use crate::store::ANYONE;

/// An identifier as a client wrote it, prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenIdentifier {
    written: String,
    prepared: String,
}

impl Cursor<'_> {
    /// `identifier = astring`
    ///
    /// "If the preparation of the identifier fails or results in an empty string, the server MUST refuse to perform the command
    /// with a BAD response" (RFC 4314 §3).
    pub fn identifier(&mut self) -> Parsed<WrittenIdentifier> {
        let offset = self.offset();
        let refused = SyntaxError { offset, expected: "an identifier that SASLprep accepts, not an empty one" };
        let octets = self.astring("an identifier")?;
        let written = String::from_utf8(octets.into_owned()).map_err(|_| refused)?;
        let prepared = saslprep::strict(&written).ok_or(refused)?.into_owned();
        match prepared.trim_start_matches('-').is_empty() {
            true => Err(refused),
            false => Ok(WrittenIdentifier { written, prepared }),
        }
    }
}

impl WrittenIdentifier {
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The form the store knows: of a user, the name of the account, whatever form of the login was written.
    pub fn canonical(&self, context: &Context) -> String {
        let (minus, name) = match self.prepared.strip_prefix('-') {
            Some(name) => ("-", name),
            None => ("", self.prepared.as_str()),
        };
        let account = context.site.accounts.login(name).map(|account| account.name());
        format!("{minus}{}", account.unwrap_or(name))
    }

    /// The same, if somebody is called so.
    pub fn known(&self, context: &Context) -> Result<String, Status> {
        let canonical = self.canonical(context);
        let name = canonical.strip_prefix('-').unwrap_or(&canonical);
        match name == ANYONE || context.site.accounts.login(name).is_some() {
            true => Ok(canonical),
            false => Err(Status::no(Code::NonExistent, "Nobody here has this identifier")),
        }
    }
}
