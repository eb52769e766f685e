//! Entries of annotations (RFC 5464): their names, and whose mailboxes a user may annotate.

use super::context::Context;
use super::grammar::cursor::{Cursor, Parsed, SyntaxError};
use super::mailbox_name::{WrittenName, write_mailbox_as};
use super::namespace::denied;
use super::response::{Status, write_astring, write_string};
use crate::extensions::Extension;
use crate::store::{Annotation, MailboxId, Right, Rights, THE_SERVER};

/// Says how the administrator is reached; nobody can change it (RFC 5464 §3.2.1.1).
pub const ADMIN: &str = "/shared/admin";

/// What annotations are of.
pub struct Annotated {
    pub id: MailboxId,
    /// As the user knows it; empty for the server.
    pub name: String,
}

/// The name of an entry, and its value if it has one.
pub type Entry = (String, Option<Vec<u8>>);

impl Cursor<'_> {
    /// ```abnf
    /// entry = astring    ; slash-separated path to entry, MUST NOT contain "*" or "%"
    /// ```
    /// "Entry names are case-insensitive", and "Invalid entry names result in a BAD response" (RFC 5464 §3.2).
    pub fn metadata_entry(&mut self) -> Parsed<String> {
        let offset = self.offset();
        let octets = self.astring("the name of an entry")?;
        let entry = String::from_utf8_lossy(&octets).to_ascii_lowercase();
        match is_valid(&entry) {
            true => Ok(entry),
            false => Err(SyntaxError { offset, expected: "a valid entry name below /private/ or /shared/" }),
        }
    }

    /// `"(" entry *(SP entry) ")"`
    pub fn metadata_entries(&mut self) -> Parsed<Vec<String>> {
        self.need(b'(', "the opening parenthesis of the entries")?;
        let mut entries = Vec::new();
        loop {
            entries.push(self.metadata_entry()?);
            if self.eat(b')') {
                return Ok(entries);
            }
            self.need(b' ', "one space or the closing parenthesis after an entry")?;
        }
    }
}

/// "Entry names can have any number of components starting at 2, unless they fall under the vendor namespaces […] in which
/// case they have at least 4 components" (RFC 5464 §3.2).
fn is_valid(entry: &str) -> bool {
    let Some(path) = entry.strip_prefix('/') else { return false };
    let components: Vec<&str> = path.split('/').collect();
    let fits = |octet: u8| octet > 0x19 && octet != 0x7f && octet.is_ascii() && !matches!(octet, b'*' | b'%');
    let least = if components.get(1) == Some(&"vendor") { 4 } else { 2 };
    matches!(components.first(), Some(&("private" | "shared")))
        && components.len() >= least
        && components.iter().all(|component| !component.is_empty())
        && entry.bytes().all(fits)
}

impl Context {
    /// The mailbox of a name, or the server if it is empty: "users can only set and retrieve private or shared mailbox
    /// annotations on a mailbox on which they have the "l" right and any one of the "r", "s", "w", "i", or "p" rights"
    /// (RFC 5464 §3.3).
    pub fn annotated(&self, name: &WrittenName<'_>) -> Result<Annotated, Status> {
        if name.0.is_empty() {
            return Ok(Annotated { id: THE_SERVER, name: String::new() });
        }
        if self.lacks(Extension::ImapMetadata) {
            return Err(Status::no(None, "Only the server has annotations here"));
        }
        let (_, mailbox) = self.with_right(&name.decoded(self)?, Right::Lookup)?;
        match mailbox.rights.meets(Rights::OF_ANNOTATION) {
            true => Ok(Annotated { id: mailbox.id, name: mailbox.name }),
            false => Err(denied(mailbox.rights)),
        }
    }

    /// What the server itself says of the server.
    pub fn computed_annotations(&self, annotated: &Annotated) -> Vec<Annotation> {
        let admin = format!("mailto:postmaster@{}", self.site.accounts.domain());
        let computed = (annotated.id == THE_SERVER).then(|| (ADMIN.to_owned(), admin.into_bytes()));
        computed.into_iter().collect()
    }
}

/// ```abnf
/// metadata-resp = "METADATA" SP mailbox SP (entry-values / entry-list)
/// entry-values  = "(" entry-value *(SP entry-value) ")"
/// entry-value   = entry SP value
/// ```
pub fn write_metadata(context: &Context, out: &mut Vec<u8>, name: &str, entries: &[Entry]) {
    out.extend_from_slice(b"* METADATA ");
    write_mailbox_as(out, name, context.enabled.utf8());
    for (at, (entry, value)) in entries.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b" (" } else { b" " });
        write_astring(out, entry.as_bytes());
        out.push(b' ');
        match value {
            None => out.extend_from_slice(b"NIL"),
            // `literal8` carries what a string can not (RFC 3516 §4.2).
            Some(value) if value.contains(&0) => {
                out.extend_from_slice(format!("~{{{}}}\r\n", value.len()).as_bytes());
                out.extend_from_slice(value);
            }
            Some(value) => write_string(out, value),
        }
    }
    out.extend_from_slice(b")\r\n");
}

/// Tells that an annotation changed, and not to what: "Only the names of changed metadata entries" are told (RFC 5465 §5.7).
///
/// `entry-list = entry *(SP entry)`
pub fn write_changed_entry(context: &Context, out: &mut Vec<u8>, name: &str, entry: &str) {
    out.extend_from_slice(b"* METADATA ");
    write_mailbox_as(out, name, context.enabled.utf8());
    out.push(b' ');
    write_astring(out, entry.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/private/comment", true)]
    #[case("/shared/a/b/c", true)]
    #[case("/SHARED/Comment", true)]
    #[case("/shared/vendor/cmu/color", true)]
    #[case("/shared/vendor/cmu", false)]
    #[case("/shared", false)]
    #[case("/shared/", false)]
    #[case("/shared//a", false)]
    #[case("/other/a", false)]
    #[case("shared/a", false)]
    #[case("\"/shared/a*\"", false)]
    #[case("\"/shared/a%\"", false)]
    fn entry_names(#[case] written: &str, #[case] expected: bool) {
        assert_eq!(Cursor::new(written.as_bytes()).metadata_entry().is_ok(), expected);
    }
}
