//! GETMETADATA (RFC 5464 §4.2).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::mailbox_name::WrittenName;
use crate::imap::metadata_entry::{Annotated, Entry, write_metadata};
use crate::imap::response::{Code, Status};

/// ```abnf
/// getmetadata         = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
/// entries             = entry / "(" entry *(SP entry) ")"
/// getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"
/// ```
/// The examples of RFC 5464 have the options behind the mailbox, so that they are taken there too.
pub const COMMAND: Command = Command { name: "GETMETADATA", extension: Some(Extension::ImapMetadataServer), run, ..USUAL };

/// How much is to be told; by default the entries that are named, whatever their size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    max_size: Option<u32>,
    depth: Depth,
}

/// Which entries below are told of too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    None,
    Next,
    All,
}

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let mut options = None;
    if cursor.peek() == Some(b'(') {
        options = Some(read_options(cursor)?);
        cursor.space()?;
    }
    let name = cursor.mailbox()?;
    cursor.space()?;
    if options.is_none() && matches!(cursor.rest(), [b'(', first, ..] if first.is_ascii_alphabetic()) {
        options = Some(read_options(cursor)?);
        cursor.space()?;
    }
    let entries = entries(cursor)?;
    cursor.end()?;
    let told = tell(context, &name, options.unwrap_or_default(), &entries, out);
    Ok(Outcome::Done(told.unwrap_or_else(|status| status)))
}

/// ```abnf
/// maxsize-opt = "MAXSIZE" SP number
/// scope-opt   = "DEPTH" SP ("0" / "1" / "infinity")
/// ```
fn read_options(cursor: &mut Cursor<'_>) -> Parsed<Options> {
    let mut options = Options::default();
    cursor.need(b'(', "the opening parenthesis of the options")?;
    loop {
        let offset = cursor.offset();
        match cursor.atom("MAXSIZE or DEPTH")?.to_ascii_uppercase().as_slice() {
            b"MAXSIZE" => {
                cursor.space()?;
                options.max_size = Some(cursor.number()?);
            }
            b"DEPTH" => {
                cursor.space()?;
                let offset = cursor.offset();
                options.depth = match cursor.atom("0, 1 or infinity")?.to_ascii_lowercase().as_slice() {
                    b"0" => Depth::None,
                    b"1" => Depth::Next,
                    b"infinity" => Depth::All,
                    _ => return Err(SyntaxError { offset, expected: "0, 1 or infinity" }),
                };
            }
            _ => return Err(SyntaxError { offset, expected: "MAXSIZE or DEPTH" }),
        }
        if cursor.eat(b')') {
            return Ok(options);
        }
        cursor.need(b' ', "one space or the closing parenthesis after an option")?;
    }
}

fn entries(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    match cursor.peek() {
        Some(b'(') => cursor.metadata_entries(),
        _ => Ok(vec![cursor.metadata_entry()?]),
    }
}

fn tell(
    context: &Context,
    name: &WrittenName<'_>,
    options: Options,
    asked: &[String],
    out: &mut Vec<u8>,
) -> Result<Status, Status> {
    let annotated = context.annotated(name)?;
    let Found { entries, longest } = found(context, &annotated, options, asked)?;
    if !entries.is_empty() {
        write_metadata(context, out, &annotated.name, &entries);
    }
    let status = Status::ok("GETMETADATA completed");
    Ok(match longest {
        Some(size) => status.with(Code::Metadata(format!("LONGENTRIES {size}"))),
        None => status,
    })
}

/// What there is of the entries that were asked for.
pub struct Found {
    /// Each with its value, if it has one.
    pub entries: Vec<Entry>,
    /// Octets of the longest value that was left out for its size.
    longest: Option<usize>,
}

/// Looks up entries: one that was asked for and has no value is told of with NIL; below it, only those that have one.
pub fn found(context: &Context, annotated: &Annotated, options: Options, asked: &[String]) -> Result<Found, Status> {
    let mut all = context.store.annotations(annotated.id, context.account_name()).map_err(refusal)?;
    if context.faults().on(Fault::ImapMetadataPrivateShared) {
        all.extend(context.store.annotations_of_everybody(annotated.id).map_err(refusal)?);
    }
    all.extend(context.computed_annotations(annotated));
    let depth = if context.faults().on(Fault::ImapMetadataDepthIgnored) { Depth::All } else { options.depth };
    let mut told: Vec<Entry> = Vec::new();
    let mut longest = None;
    for entry in asked {
        let mut tell = |name: &str, value: Option<&Vec<u8>>| {
            let fits = |value: &&Vec<u8>| {
                let long = options.max_size.is_some_and(|most| value.len() > most as usize);
                if long {
                    longest = longest.max(Some(value.len()));
                }
                !long || context.faults().on(Fault::ImapMetadataMaxSizeIgnored)
            };
            let kept = value.filter(fits).cloned();
            let left_out = kept.is_none() && value.is_some();
            if !left_out && !told.iter().any(|(known, _)| known == name) {
                told.push((name.to_owned(), kept));
            }
        };
        let own = all.iter().find(|(known, _)| known == entry);
        if own.is_some() || depth == Depth::None {
            tell(entry, own.map(|(_, value)| value));
        }
        for (known, value) in all.iter().filter(|(known, _)| is_below(known, entry, depth)) {
            tell(known, Some(value));
        }
    }
    Ok(Found { entries: told, longest })
}

/// "only entries immediately below the specified entry are returned", or all (RFC 5464 §4.2.2).
fn is_below(entry: &str, superior: &str, depth: Depth) -> bool {
    let Some(rest) = entry.strip_prefix(superior).and_then(|rest| rest.strip_prefix('/')) else { return false };
    match depth {
        Depth::None => false,
        Depth::Next => !rest.contains('/'),
        Depth::All => true,
    }
}
