//! URLFETCH (RFC 4467 §7).

use super::fetch::{Running, answer::Answer};
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::write_string;

/// `urlfetch = "URLFETCH" 1*(SP url-full)`
pub const COMMAND: Command = Command { name: "URLFETCH", extension: Some(Extension::ImapUrlAuth), run, ..USUAL };

/// The most URLs of one command: each may keep a message from being removed while the answer is sent.
const MOST: usize = 100;

/// ```abnf
/// urlfetch-data = "*" SP "URLFETCH" 1*(SP url-full SP nstring)
/// ```
/// "The URLFETCH command MUST return an untagged URLFETCH response and a tagged OK response to any URLFETCH command that is
/// syntactically valid" (RFC 4467 §7).
fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    let mut urls = Vec::new();
    loop {
        cursor.space()?;
        if urls.len() == MOST {
            return cursor.expected("no more than 100 URLs");
        }
        urls.push(cursor.astring("a URL")?);
        if cursor.rest().is_empty() {
            break;
        }
    }
    let mut answer = Answer::default();
    answer.text(b"* URLFETCH");
    for url in urls {
        answer.text(b" ");
        write_string(answer.tail(), &url);
        answer.text(b" ");
        match context.url_content(&String::from_utf8_lossy(&url)) {
            Ok(Some(content)) => content.show(&mut answer),
            Ok(None) => answer.text(b"NIL"),
            Err(status) => return Ok(Outcome::Done(status)),
        }
    }
    answer.text(b"\r\n");
    Ok(Outcome::Fetch(Running::of_answer(answer, &COMMAND)))
}
