//! A message put together of texts and of parts of others, without the client having to fetch and send them (RFC 4469).

use super::context::{Context, refusal};
use super::grammar::append::{Octets, Piece};
use super::response::{Code, Status};
use super::url::Url;
use super::url_content::{Content, copy};
use crate::faults::Fault;
use crate::store::{BlobId, Hold, Stage};

/// Puts the pieces one after the other; gives the octets, their number, and what keeps them.
pub fn catenate(context: &mut Context, pieces: Vec<Piece<'_>>) -> Result<(BlobId, u64, Hold), Status> {
    let store = context.store.clone();
    let mut stage = store.stage().map_err(refusal)?;
    for piece in pieces {
        match piece {
            Piece::Text(Octets::Here(octets)) => stage.push(octets).map_err(refusal)?,
            Piece::Text(Octets::Staged { number, binary }) => {
                let staged = context.staging.take(number).ok_or_else(|| Status::bad("The literal was used before"))?;
                let (blob, size, _hold) = staged.finish(binary)?;
                fits(context, &stage, size)?;
                copy(&store, blob, 0..size, &mut stage).map_err(refusal)?;
            }
            Piece::Url(url) => {
                let text = String::from_utf8_lossy(&url);
                let found = find(context, &text);
                if found.is_err() && context.faults().on(Fault::ImapCatenateSkipsBadUrl) {
                    continue;
                }
                let content = found?;
                fits(context, &stage, content.size())?;
                content.copy(&store, &mut stage).map_err(refusal)?;
            }
        }
    }
    let size = stage.size();
    let (blob, hold) = stage.finish().map_err(refusal)?;
    Ok((blob, size, hold))
}

/// "The TOOBIG response code is returned if the resulting message will exceed the 4-GB IMAP message limit. […] The server may
/// also wish to return the TOOBIG response code if the resulting message exceeds a server-specific message size limit"
/// (RFC 4469 §4.2).
fn fits(context: &Context, stage: &Stage, more: u64) -> Result<(), Status> {
    let limit = context.append_limit();
    match stage.size() + more > u64::from(limit) {
        true => Err(Status::no(Code::TooBig, format!("The message would have more than {limit} octets"))),
        false => Ok(()),
    }
}

/// The message or part of this user that a relative URL names. "Use of an absolute IMAP URL or any URL that refers to anything
/// other than a message or message part from the current authenticated IMAP session is outside the scope of this document […]
/// and a server implementing only this specification would return NO" (RFC 4469 §3).
fn find(context: &Context, text: &str) -> Result<Content, Status> {
    let bad = |why: &str| Status::no(Code::BadUrl(text.to_owned()), format!("The URL {why}"));
    let url = Url::parse(text).map_err(bad)?;
    if url.server.is_some() {
        return Err(bad("is not relative"));
    }
    if url.access.is_some() || url.expire.is_some() || url.uid.is_none() {
        return Err(bad("names no message"));
    }
    // "When in the selected state, the base URL is considered "imap://user@server/mailbox"" (RFC 4469 §3).
    let base = context.selected.as_ref().map(|selected| selected.mailbox.name.as_str());
    let name = url.mailbox_from(base).ok_or_else(|| bad("names no mailbox"))?;
    let mailbox = context.selectable(&name).map_err(|_| bad("names a mailbox that is not there"))?;
    match Content::find(&context.store, &mailbox, &url) {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(bad("names no message or part")),
        Err(error) => Err(refusal(error)),
    }
}
