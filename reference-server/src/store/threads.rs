//! Which messages belong together: those that name each other in their headers (RFC 8474 §5.2).

use std::collections::HashMap;

use rusqlite::Connection;

use super::{BlobId, MailboxId, Result, Store, mailboxes, sql};
use crate::mime;

/// The most octets of a message that are searched for its header.
const HEADER: i64 = 64 * 1024;

/// The most message identifiers of one message that count, so that a long `References` costs no more than others.
const IDENTIFIERS: usize = 100;

impl Store {
    /// The threads of these messages of a mailbox. What is found out stays: "The server MUST NOT change the THREADID of a
    /// message once reported" (RFC 8474 §5.2).
    pub fn threads(&self, mailbox: MailboxId, blobs: Vec<BlobId>) -> Result<HashMap<BlobId, i64>> {
        let (known, unknown) = self.read(|connection| {
            let mut known = HashMap::new();
            let mut unknown = Vec::new();
            for blob in blobs {
                match sql::thread::of_blob(connection, blob)? {
                    Some(thread) => {
                        known.insert(blob, thread);
                    }
                    None => unknown.push(blob),
                }
            }
            Ok((known, unknown))
        })?;
        if unknown.is_empty() {
            return Ok(known);
        }
        self.write(move |tx| {
            let account = sql::mailbox::account(tx.connection, mailbox)?.ok_or_else(mailboxes::gone)?;
            let mut threads = known;
            for blob in unknown {
                if let Some(thread) = join(tx.connection, &account, blob)? {
                    threads.insert(blob, thread);
                }
            }
            Ok(threads)
        })
    }
}

/// Puts a message into the first thread that has one of its identifiers, or into a new one. None if its bytes are gone.
fn join(connection: &Connection, account: &str, blob: BlobId) -> Result<Option<i64>> {
    if let Some(thread) = sql::thread::of_blob(connection, blob)? {
        return Ok(Some(thread));
    }
    if sql::blob::size(connection, blob.0)?.is_none() {
        return Ok(None);
    }
    let identifiers = identifiers(&sql::blob::read(connection, blob.0, 0..HEADER)?);
    let mut thread = None;
    for identifier in &identifiers {
        thread = sql::thread::of_identifier(connection, account, identifier)?;
        if thread.is_some() {
            break;
        }
    }
    let thread = thread.map_or_else(|| sql::thread::new(connection), Ok)?;
    sql::thread::join(connection, blob, thread)?;
    for identifier in &identifiers {
        sql::thread::refer(connection, account, identifier, thread)?;
    }
    Ok(Some(thread))
}

/// What a message names itself and those before it.
///
/// ```abnf
/// message-id  = "Message-ID:" msg-id CRLF            ; RFC 5322 §3.6.4
/// in-reply-to = "In-Reply-To:" 1*msg-id CRLF
/// references  = "References:" 1*msg-id CRLF
/// msg-id      = [CFWS] "<" id-left "@" id-right ">" [CFWS]
/// ```
fn identifiers(header: &[u8]) -> Vec<String> {
    let mut identifiers = Vec::new();
    for name in ["Message-ID", "References", "In-Reply-To"] {
        let value = mime::value(header, name).unwrap_or_default();
        for piece in value.split(|octet| *octet == b'<').skip(1) {
            let Some(end) = memchr::memchr(b'>', piece) else { continue };
            let identifier = String::from_utf8_lossy(piece.get(..end).unwrap_or_default()).into_owned();
            if !identifier.is_empty() && !identifiers.contains(&identifier) && identifiers.len() < IDENTIFIERS {
                identifiers.push(identifier);
            }
        }
    }
    identifiers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_itself_and_those_before_it() {
        let header =
            b"Message-ID: <c@x>\r\nReferences: <a@x>\r\n\t<b@x> (no) <c@x>\r\nIn-Reply-To: your mail of <b@x>\r\n\r\n<d@x>";
        assert_eq!(identifiers(header), ["c@x", "a@x", "b@x"]);
        assert!(identifiers(b"Subject: <a@x>\r\nReferences: <unended\r\n\r\n").is_empty());
    }
}
