//! A message as one server can take it: as it is, converted, or not at all.

use super::connection::{Connection, Privacy};
use super::extensions::Extensions;
use super::parameters::Shape;
use super::survey::Survey;
use super::wire::Broken;
use crate::mail::{Address, Body, ByMode};
use crate::queue::{Diagnosis, Entry, Message};

/// From this size on, chunks are better than lines: nothing is to be stuffed, and a refusal comes early.
const CHUNKED: u64 = 128 * 1024;

/// A message that is ready to be offered.
pub(super) struct Letter<'a> {
    pub entry: &'a Entry,
    message: &'a Message,
    survey: Survey,
    /// The bytes of a message that fits in one piece: they are read once.
    only: Option<Vec<u8>>,
    blocking: bool,
}

/// How a message goes to one server.
#[derive(Debug)]
pub(super) struct Form {
    pub shape: Shape,
    /// With BDAT instead of DATA (RFC 3030 §2).
    pub chunked: bool,
    /// What is sent instead of the stored message.
    pub converted: Option<Vec<u8>>,
}

impl<'a> Letter<'a> {
    /// Reads the message once. `blocking`: reading waits for the disk.
    pub fn open(entry: &'a Entry, message: &'a Message, blocking: bool) -> Result<Self, Broken> {
        let mut letter = Self { entry, message, survey: Survey::default(), only: None, blocking };
        let pieces = letter.pieces();
        let mut survey = Survey::default();
        let mut only = None;
        for number in 0..pieces {
            let piece = letter.piece(number)?;
            survey.look(&piece);
            if pieces == 1 {
                only = Some(piece);
            }
        }
        letter.survey = survey;
        letter.only = only;
        Ok(letter)
    }

    /// How many pieces the stored message has.
    pub fn pieces(&self) -> u64 {
        self.message.size().div_ceil(Message::CHUNK)
    }

    /// A piece of the stored message.
    pub fn piece(&self, number: u64) -> Result<Vec<u8>, Broken> {
        if let Some(only) = &self.only {
            return Ok(only.clone());
        }
        let start = number * Message::CHUNK;
        let read = || self.message.read(start..start + Message::CHUNK);
        let piece = if self.blocking { tokio::task::block_in_place(read) } else { read() };
        piece.map_err(|error| Broken::Unreadable(error.to_string()))
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
    pub fn form(&self, connection: &Connection) -> Result<Form, Diagnosis> {
        let (entry, known, host) = (self.entry, &connection.known, connection.host.name.as_str());
        self.check_tls(connection)?;
        self.check_deadline(known, host)?;
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
        let (body, converted) = self.body(known, utf8_header)?;
        let size = converted.as_ref().map_or(self.message.size(), |bytes| bytes.len() as u64);
        if let Some(Some(most)) = known.size.filter(|most| most.is_some_and(|most| size > most)) {
            // RFC 1870 §6.1; RFC 3463 §3.4: X.3.4, message too big for system.
            return Err(Diagnosis::local("5.3.4", format!("the message has {size} octets, and {host} takes {most} at most")));
        }
        let require_tls = entry.require_tls && known.require_tls && connection.privacy == Privacy::Verified;
        let big = size >= CHUNKED && !self.survey.binary;
        let chunked = body == Body::BinaryMime || (known.chunking && big);
        Ok(Form { shape: Shape { body, utf8, size, require_tls }, chunked, converted })
    }

    /// What is declared, and what is sent instead if the message cannot be sent as it is.
    fn body(&self, known: &Extensions, utf8_header: bool) -> Result<(Body, Option<Vec<u8>>), Diagnosis> {
        let survey = &self.survey;
        if self.entry.body == Body::BinaryMime && known.binary_mime {
            return Ok((Body::BinaryMime, None));
        }
        let eight_bit = survey.eight_bit_body || (survey.eight_bit_header && !utf8_header);
        let as_it_is = self.entry.body != Body::BinaryMime && !survey.long_line && (!eight_bit || known.eight_bit_mime);
        if as_it_is {
            let declared = if eight_bit { Body::EightBitMime } else { self.entry.body };
            return Ok((declared, None));
        }
        Err(Diagnosis::local("5.6.3", "the message would have to be converted for the next server"))
    }

    /// RFC 8689 §4.2.1.
    fn check_tls(&self, connection: &Connection) -> Result<(), Diagnosis> {
        let host = &connection.host.name;
        if self.requires_tls() && !connection.known.require_tls {
            return Err(Diagnosis::local("5.7.30", format!("{host} does not know REQUIRETLS, which the message needs")));
        }
        Ok(())
    }

    /// RFC 2852 §4.1.4.1: a message that is to be returned when it is late goes only to a server that can do so in time.
    fn check_deadline(&self, known: &Extensions, host: &str) -> Result<(), Diagnosis> {
        if !self.entry.deliver_by.is_some_and(|by| by.mode == ByMode::Return) {
            return Ok(());
        }
        match known.deliver_by {
            Some(_) => Ok(()),
            None => Err(Diagnosis::local("5.3.3", format!("{host} does not know DELIVERBY, which the message needs"))),
        }
    }
}
