//! A message as one server can take it: as it is, converted, or not at all.

use std::borrow::Cow;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Privacy};
use super::downgrade::downgraded;
use super::extensions::Extensions;
use super::parameters::Shape;
use super::survey::Survey;
use super::wire::Broken;
use crate::faults::{Fault, Faults};
use crate::mail::{Address, Body, ByMode};
use crate::queue::{Diagnosis, Entry, Message};
use crate::store;
use crate::waiting::waiting;

/// From this size on, chunks are better than lines: nothing is to be stuffed, and a refusal comes early.
const CHUNKED: u64 = 128 * 1024;

/// A message that is ready to be offered.
pub(super) struct Letter<'a> {
    pub entry: &'a Entry,
    message: &'a Message,
    survey: Survey,
    /// The bytes of a message that fits in one piece: they are read once.
    only: Option<Vec<u8>>,
    /// What is sent to servers that take 7 bits only, or why there is nothing to send; made when one is met.
    converted: Option<Result<Vec<u8>, Diagnosis>>,
    /// A message is converted in memory, so not many at a time.
    _permit: Option<OwnedSemaphorePermit>,
    faults: Faults,
}

/// How a message goes to one server.
#[derive(Debug)]
pub(super) struct Form {
    pub shape: Shape,
    /// With BDAT instead of DATA (RFC 3030 §2).
    pub chunked: bool,
    /// What [`Letter::convert`] has made is sent instead of the stored message.
    pub converted: bool,
}

impl<'a> Letter<'a> {
    /// Reads the message once.
    pub fn open(entry: &'a Entry, message: &'a Message, faults: Faults) -> Result<Self, Broken> {
        let survey = Survey::default();
        let mut letter = Self { entry, message, survey, only: None, converted: None, _permit: None, faults };
        let pieces = letter.message.size().div_ceil(Message::CHUNK);
        let mut survey = Survey::default();
        let mut only = None;
        for number in 0..pieces {
            let piece = letter.stored_piece(number)?;
            survey.look(&piece);
            if pieces == 1 {
                only = Some(piece);
            }
        }
        letter.survey = survey;
        letter.only = only;
        Ok(letter)
    }

    /// How many pieces are to be sent.
    pub fn pieces(&self, form: &Form) -> u64 {
        if form.converted { 1 } else { self.message.size().div_ceil(Message::CHUNK) }
    }

    /// A piece of what is to be sent.
    pub fn piece(&self, form: &Form, number: u64) -> Result<Cow<'_, [u8]>, Broken> {
        match (&self.converted, &self.only) {
            (Some(Ok(bytes)), _) if form.converted => Ok(Cow::Borrowed(bytes)),
            (_, Some(only)) => Ok(Cow::Borrowed(only)),
            _ => self.stored_piece(number).map(Cow::Owned),
        }
    }

    fn stored_piece(&self, number: u64) -> Result<Vec<u8>, Broken> {
        let start = number * Message::CHUNK;
        self.message.read(start..start + Message::CHUNK).map_err(unreadable)
    }

    /// Makes the message fit for a server that takes 7 bits only, if it is one and the message does not fit.
    pub async fn convert(&mut self, known: &Extensions, conversions: &Arc<Semaphore>) -> Result<(), Broken> {
        if self.converted.is_some() || self.goes_as_it_is(known) {
            return Ok(());
        }
        // The semaphore is never closed.
        self._permit = Arc::clone(conversions).acquire_owned().await.ok();
        let message = self.message.whole().map_err(unreadable)?;
        let made = waiting(|| downgraded(&message)).map_err(|fixed| {
            let reason = format!("the next server takes 7 bits only, and the message cannot be converted: {fixed}");
            Diagnosis::local(fixed.status(), reason)
        });
        self.converted = Some(made);
        Ok(())
    }

    /// Whether REQUIRETLS binds it. A notification may go without (RFC 8689 §5).
    pub fn requires_tls(&self) -> bool {
        self.entry.require_tls && self.entry.reverse_path.is_some()
    }

    /// Whether this address cannot be told to a server without SMTPUTF8.
    pub fn needs_utf8(address: &Address) -> bool {
        !address.local().is_ascii()
    }

    /// How the message can go over this connection, or why it cannot.
    pub fn form(&self, connection: &Connection, now: OffsetDateTime) -> Result<Form, Diagnosis> {
        let (entry, known, host) = (self.entry, &connection.known, connection.host.name.as_str());
        self.check_tls(connection)?;
        self.check_deadline(known, host, now)?;
        let utf8_sender = entry.reverse_path.as_ref().is_some_and(Self::needs_utf8);
        let utf8_header = entry.smtputf8 && self.survey.eight_bit_header;
        if utf8_sender && !known.smtputf8 {
            // RFC 6531 §3.5: X.6.7, non-ASCII addresses not permitted for that sender/recipient.
            return Err(Diagnosis::local("5.6.7", format!("{host} does not know SMTPUTF8, which the sender's address needs")));
        }
        if utf8_header && !known.smtputf8 {
            // RFC 6531 §3.5: X.6.9, the header cannot be transferred.
            return Err(Diagnosis::local("5.6.9", format!("{host} does not know SMTPUTF8, which the message needs")));
        }
        let utf8 = entry.smtputf8 && known.smtputf8;
        let (body, size) = if self.goes_as_it_is(known) {
            (self.declared(utf8_header), self.message.size())
        } else {
            match &self.converted {
                Some(Ok(bytes)) => (Body::SevenBit, bytes.len() as u64),
                Some(Err(diagnosis)) => return Err(diagnosis.clone()),
                None => return Err(Diagnosis::local("4.3.0", "the message was not converted")),
            }
        };
        let converted = !self.goes_as_it_is(known);
        if let Some(Some(most)) = known.size.filter(|most| most.is_some_and(|most| size > most)) {
            // RFC 1870 §6.1; RFC 3463 §3.4: X.3.4, message too big for system.
            return Err(Diagnosis::local("5.3.4", format!("the message has {size} octets, and {host} takes {most} at most")));
        }
        let require_tls = entry.require_tls && known.require_tls && connection.privacy == Privacy::Verified;
        let big = size >= CHUNKED && !self.survey.binary;
        let chunked = body == Body::BinaryMime || (known.chunking && big);
        let body = if self.faults.on(Fault::SmtpClientUndeclaredBinary) { Body::SevenBit } else { body };
        Ok(Form { shape: Shape { body, utf8, size, require_tls }, chunked, converted })
    }

    /// Whether this server can be sent the stored octets. A line that is longer than it should be is for the server to refuse
    /// (RFC 5321 §4.5.3.1): a conversion might break a signature for nothing.
    fn goes_as_it_is(&self, known: &Extensions) -> bool {
        if self.entry.body == Body::BinaryMime {
            return known.binary_mime || self.faults.on(Fault::SmtpClientRawBinary);
        }
        let eight_bit = self.has_eight_bits(self.entry.smtputf8 && known.smtputf8);
        !eight_bit || known.eight_bit_mime || self.faults.on(Fault::SmtpClientRaw8Bit)
    }

    /// Octets above 127 in a header are no business of 8BITMIME where SMTPUTF8 allows them (RFC 6531 §3.6).
    fn has_eight_bits(&self, utf8_header: bool) -> bool {
        self.survey.eight_bit_body || (self.survey.eight_bit_header && !utf8_header)
    }

    /// What a message is declared as that goes as it is: what it was received as, or what it is if that was not said.
    fn declared(&self, utf8_header: bool) -> Body {
        match self.entry.body {
            Body::SevenBit if self.has_eight_bits(utf8_header) => Body::EightBitMime,
            declared => declared,
        }
    }

    /// RFC 8689 §4.2.1.
    fn check_tls(&self, connection: &Connection) -> Result<(), Diagnosis> {
        let host = &connection.host.name;
        let anywhere = self.faults.on(Fault::SmtpClientRequireTlsAnywhere);
        if self.requires_tls() && !connection.known.require_tls && !anywhere {
            return Err(Diagnosis::local("5.7.30", format!("{host} does not know REQUIRETLS, which the message needs")));
        }
        Ok(())
    }

    /// RFC 2852 §4.1.4.1: a message that is to be returned when it is late goes only to a server that can do so in time.
    fn check_deadline(&self, known: &Extensions, host: &str, now: OffsetDateTime) -> Result<(), Diagnosis> {
        let Some(by) = self.entry.deliver_by.filter(|by| by.mode == ByMode::Return) else { return Ok(()) };
        if self.faults.on(Fault::SmtpClientIgnoresDeadline) {
            return Ok(());
        }
        match known.deliver_by {
            Some(least) if (by.deadline - now).whole_seconds() >= least => Ok(()),
            Some(least) => {
                let reason = format!("{host} promises nothing in less than {least} seconds, and fewer are left");
                Err(Diagnosis::local("5.4.7", reason))
            }
            None => Err(Diagnosis::local("5.3.3", format!("{host} does not know DELIVERBY, which the message needs"))),
        }
    }
}

fn unreadable(error: store::Error) -> Broken {
    Broken::Unreadable(error.to_string())
}
