//! Names of FETCH items, `BODY[HEADER.FIELDS (FROM TO)]<0>`: read, and brought to one form for comparing.

use super::cursor::Cursor;
use super::value;
use crate::protocol::Fault;

/// The name of a FETCH item. Names, sections and header field names ignore case, and the fields of a HEADER.FIELDS section
/// carry no order (RFC 9051 §6.4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `BODY`, `UID`, `RFC822.SIZE`
    pub name: String,
    /// What stands between the brackets, without the list of header fields; `None`: no brackets.
    pub section: Option<String>,
    /// The header field names of a HEADER.FIELDS section.
    pub fields: Vec<String>,
    /// The origin octet of a partial answer, `<0>`.
    pub origin: Option<u64>,
    /// One spelling for all that mean the same.
    normal: String,
}

impl Key {
    /// One spelling for all that mean the same.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    fn normalised(&self) -> String {
        let mut fields = self.fields.iter().map(|f| f.to_ascii_uppercase()).collect::<Vec<_>>();
        fields.sort();
        self.spelled(&self.name.to_ascii_uppercase(), self.section.as_deref().map(str::to_ascii_uppercase), &fields)
    }

    fn spelled(&self, name: &str, section: Option<String>, fields: &[String]) -> String {
        let mut text = name.to_owned();
        if let Some(section) = section {
            text.push('[');
            text.push_str(&section);
            if !fields.is_empty() {
                text.push_str(&format!(" ({})", fields.join(" ")));
            }
            text.push(']');
        }
        if let Some(origin) = self.origin {
            text.push_str(&format!("<{origin}>"));
        }
        text
    }
}

impl std::fmt::Display for Key {
    /// As the server wrote it, but for the representation of the header field names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.spelled(&self.name, self.section.clone(), &self.fields))
    }
}

/// The form of [`Key::normal`] for a name written as text; `None` when it is not a name.
pub(crate) fn normal_fields(text: &str) -> Option<String> {
    let mut cursor = Cursor::new(text.as_bytes());
    let key = key(&mut cursor).ok()?;
    cursor.is_at_end().then_some(key.normal)
}

pub(super) fn key(cursor: &mut Cursor<'_>) -> Result<Key, Fault> {
    let name = cursor.run(|octet| value::is_atom_octet(octet) && !matches!(octet, b'[' | b']' | b'<'));
    if name.is_empty() {
        return Err(cursor.expected("the name of a FETCH item"));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let mut key = Key { name, section: None, fields: Vec::new(), origin: None, normal: String::new() };
    if cursor.eat(b'[') {
        let section = cursor.run(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'));
        key.section = Some(String::from_utf8_lossy(section).into_owned());
        if cursor.eat(b' ') {
            cursor.require(b'(', "the list of header field names")?;
            loop {
                let field = value::value(cursor, 0)?;
                let name = field.text().ok_or_else(|| cursor.expected("a header field name"))?;
                key.fields.push(String::from_utf8_lossy(name).into_owned());
                if !cursor.eat(b' ') {
                    break;
                }
            }
            cursor.require(b')', "`)` behind the header field names")?;
        }
        cursor.require(b']', "`]` behind the section")?;
    }
    if cursor.eat(b'<') {
        key.origin = Some(cursor.number("the origin octet")?);
        cursor.require(b'>', "`>` behind the origin octet")?;
    }
    key.normal = key.normalised();
    Ok(key)
}
