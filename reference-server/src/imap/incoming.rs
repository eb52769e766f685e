//! From what APPEND and REPLACE bring to a message the store can take.

use super::catenate::catenate;
use super::context::{Context, refusal};
use super::grammar::append::{Allowed, Data, Octets, Written};
use super::response::{Code, Status};
use super::stored_header::stored_header;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mime;
use crate::store::{Body, Flags, Hold, NewMessage};

/// A message to be appended.
pub struct Incoming {
    pub message: NewMessage,
    /// Keeps octets that are in the store already until a mailbox has them.
    _hold: Option<Hold>,
}

impl Context {
    /// Which forms of a message the grammar has on this connection.
    pub fn allowed_in_append(&self) -> Allowed {
        Allowed {
            binary: !self.lacks(Extension::ImapBinary),
            catenate: !self.lacks(Extension::ImapCatenate),
            utf8: !self.lacks(Extension::ImapUtf8Accept),
        }
    }

    /// Makes a message of what was written.
    pub fn incoming(&mut self, written: Written<'_>) -> Result<Incoming, Status> {
        let Written { flags, date, data } = written;
        let (body, size, hold) = match data {
            Data::Octets(octets) => self.literal(octets)?,
            Data::Catenate(pieces) => {
                let (blob, size, hold) = catenate(self, pieces)?;
                (Body::Stored(blob), size, Some(hold))
            }
        };
        // "A zero-length message literal argument is an error, and MUST return a NO" (RFC 3502 §6.3.11).
        if size == 0 {
            return Err(Status::no(None, "An empty message is not appended"));
        }
        // "If a client uploads a message that exceeds the maximum upload size set for that mailbox, then the server SHALL
        // reject the APPEND command with a tagged TOOBIG response code" (RFC 7889 §4).
        if size > u64::from(self.append_limit()) && !self.faults().on(Fault::ImapIgnoresAppendLimit) {
            return Err(Status::no(Code::TooBig, format!("A message has at most {} octets", self.append_limit())));
        }
        self.check_header(&body)?;
        let flags = if self.faults().on(Fault::ImapAppendLosesFlags) { Flags::none() } else { flags };
        let now = self.site.clock.now();
        let date = date.unwrap_or(now);
        Ok(Incoming { message: NewMessage { body, flags, date, saved: Some(now) }, _hold: hold })
    }

    /// "If an IMAP server supports "UTF8=ACCEPT" and the IMAP client has not issued the "ENABLE UTF8=ACCEPT" command, the server
    /// MUST reject, with a "NO" response, an "APPEND" command that includes any 8-bit character in message header fields"
    /// (RFC 6855 §4). A client of IMAP4rev2 may append such messages without it (RFC 9051 §6.3.12).
    fn check_header(&self, body: &Body) -> Result<(), Status> {
        if self.enabled.utf8() || self.lacks(Extension::ImapUtf8Accept) || self.faults().on(Fault::ImapAppendTakesUtf8Header) {
            return Ok(());
        }
        let internationalized = match body {
            Body::Bytes(octets) => mime::is_internationalized(octets),
            Body::Stored(blob) => !stored_header(&self.store, *blob).map_err(refusal)?.is_ascii(),
        };
        match internationalized {
            true => Err(Status::no(Code::Cannot, "A header in UTF-8 is for clients that enable UTF8=ACCEPT")),
            false => Ok(()),
        }
    }

    /// The octets of a literal, with their number.
    fn literal(&mut self, octets: Octets<'_>) -> Result<(Body, u64, Option<Hold>), Status> {
        match octets {
            Octets::Here(octets) => Ok((Body::Bytes(octets.to_vec()), octets.len() as u64, None)),
            Octets::Staged { number, binary } => {
                let staged = self.staging.take(number).ok_or_else(|| Status::bad("The literal was used before"))?;
                let (blob, size, hold) = staged.finish(binary)?;
                Ok((Body::Stored(blob), size, Some(hold)))
            }
        }
    }

    /// Whether APPENDUID and COPYUID are told.
    pub fn tells_uids(&self) -> bool {
        !self.lacks(Extension::ImapUidPlus)
    }
}
