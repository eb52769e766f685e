//! What IMAP calls the envelope: the fields of the header that say who wrote what to whom (RFC 3501 §7.4.2).

use super::address::{Address, addresses};
use super::header;

/// The envelope of a message. None: the header has no such field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `Date:`, as it is written.
    pub date: Option<Vec<u8>>,
    /// `Subject:`.
    pub subject: Option<Vec<u8>>,
    /// `From:`.
    pub from: Vec<Address>,
    /// `Sender:`, or where that is missing or empty, `From:`.
    pub sender: Vec<Address>,
    /// `Reply-To:`, or where that is missing or empty, `From:`.
    pub reply_to: Vec<Address>,
    /// `To:`.
    pub to: Vec<Address>,
    /// `Cc:`.
    pub cc: Vec<Address>,
    /// `Bcc:`.
    pub bcc: Vec<Address>,
    /// `In-Reply-To:`.
    pub in_reply_to: Option<Vec<u8>>,
    /// `Message-ID:`.
    pub message_id: Option<Vec<u8>>,
}

/// Reads the envelope from a header (or a message: what is after the header does not matter).
pub fn envelope(header: &[u8]) -> Envelope {
    let mut envelope = Envelope::default();
    let (mut seen_sender, mut seen_reply_to) = (Vec::new(), Vec::new());
    for field in header::fields(header) {
        let value = || header::unfolded(field.raw_value);
        let name = field.name.to_ascii_lowercase();
        let text = match name.as_slice() {
            b"date" => &mut envelope.date,
            b"subject" => &mut envelope.subject,
            b"in-reply-to" => &mut envelope.in_reply_to,
            b"message-id" => &mut envelope.message_id,
            other => {
                let list = match other {
                    b"from" => &mut envelope.from,
                    b"sender" => &mut seen_sender,
                    b"reply-to" => &mut seen_reply_to,
                    b"to" => &mut envelope.to,
                    b"cc" => &mut envelope.cc,
                    b"bcc" => &mut envelope.bcc,
                    _ => continue,
                };
                // RFC 5322 §3.6 allows one of each; of several the first counts.
                if list.is_empty() {
                    *list = addresses(&value());
                }
                continue;
            }
        };
        if text.is_none() {
            *text = Some(value());
        }
    }
    let or_from = |list: Vec<Address>| if list.is_empty() { envelope.from.clone() } else { list };
    Envelope { sender: or_from(seen_sender), reply_to: or_from(seen_reply_to), ..envelope }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_and_reply_to_default_to_from() {
        let header = b"From: a@b.test\r\nReply-To:\r\nSubject: one\r\n two\r\nsubject: other\r\nDate:\r\n\r\nTo: x@y\r\n";
        let envelope = envelope(header);
        assert_eq!(envelope.sender, envelope.from);
        assert_eq!(envelope.reply_to, envelope.from);
        assert_eq!(envelope.subject.as_deref(), Some(&b"one two"[..]));
        assert_eq!(envelope.date.as_deref(), Some(&b""[..]));
        assert_eq!((envelope.to, envelope.message_id), (vec![], None));
    }
}
