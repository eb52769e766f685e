//! Writes what FETCH tells of a message's form: ENVELOPE, BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use super::response::{write_nstring, write_string};
use crate::mime::{Address, Content, Disposition, Envelope, Parameter, Part};

/// ```abnf
/// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
///            env-in-reply-to SP env-message-id ")"
/// ```
pub fn write_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    out.push(b'(');
    write_nstring(out, envelope.date.as_deref());
    out.push(b' ');
    write_nstring(out, envelope.subject.as_deref());
    let lists = [&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to, &envelope.cc, &envelope.bcc];
    for addresses in lists {
        out.push(b' ');
        write_addresses(out, addresses);
    }
    out.push(b' ');
    write_nstring(out, envelope.in_reply_to.as_deref());
    out.push(b' ');
    write_nstring(out, envelope.message_id.as_deref());
    out.push(b')');
}

/// ```abnf
/// env-from = "(" 1*address ")" / nil
/// address  = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/// ```
/// A host that is NIL would say that a group begins or ends, so a mailbox without one has the empty string.
fn write_addresses(out: &mut Vec<u8>, addresses: &[Address]) {
    if addresses.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for address in addresses {
        let (name, route, mailbox, host) = match address {
            Address::Mailbox { name, route, local, host } => {
                (name.as_deref(), route.as_deref(), Some(local.as_slice()), Some(host.as_slice()))
            }
            Address::GroupStart(name) => (None, None, Some(name.as_slice()), None),
            Address::GroupEnd => (None, None, None, None),
        };
        out.push(b'(');
        write_nstring(out, name);
        out.push(b' ');
        write_nstring(out, route);
        out.push(b' ');
        write_nstring(out, mailbox);
        out.push(b' ');
        write_nstring(out, host);
        out.push(b')');
    }
    out.push(b')');
}

/// Writes the structure of a part, with the extension data for BODYSTRUCTURE and without it for BODY.
///
/// ```abnf
/// body            = "(" (body-type-1part / body-type-mpart) ")"
/// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
/// ```
pub fn write_body(out: &mut Vec<u8>, part: &Part, extended: bool) {
    out.push(b'(');
    match &part.content {
        Content::Multipart(parts) => {
            parts.iter().for_each(|part| write_body(out, part, extended));
            out.push(b' ');
            write_string(out, &part.subtype);
            if extended {
                out.push(b' ');
                write_parameters(out, &part.parameters);
                write_disposition_language_and_location(out, part);
            }
        }
        Content::Leaf | Content::Message { .. } => write_single_part(out, part, extended),
    }
    out.push(b')');
}

/// ```abnf
/// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
/// body-type-msg   = media-message SP body-fields SP envelope SP body SP body-fld-lines
/// body-type-text  = media-text SP body-fields SP body-fld-lines
/// body-fields     = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
/// body-ext-1part  = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
/// ```
fn write_single_part(out: &mut Vec<u8>, part: &Part, extended: bool) {
    write_string(out, &part.kind);
    out.push(b' ');
    write_string(out, &part.subtype);
    out.push(b' ');
    write_parameters(out, &part.parameters);
    out.push(b' ');
    write_nstring(out, part.id.as_deref());
    out.push(b' ');
    write_nstring(out, part.description.as_deref());
    out.push(b' ');
    write_string(out, &part.encoding);
    out.extend_from_slice(format!(" {}", part.size()).as_bytes());
    // Only MESSAGE/RFC822 shows the message inside; of other messages the grammar knows the size alone.
    if let Content::Message { envelope, root } = &part.content
        && part.is("message", "rfc822")
    {
        out.push(b' ');
        write_envelope(out, envelope);
        out.push(b' ');
        write_body(out, root, extended);
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    } else if part.kind.eq_ignore_ascii_case(b"text") {
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    }
    if extended {
        out.push(b' ');
        write_nstring(out, part.md5.as_deref());
        write_disposition_language_and_location(out, part);
    }
}

/// ```abnf
/// body-fld-dsp  = "(" string SP body-fld-param ")" / nil
/// body-fld-lang = nstring / "(" string *(SP string) ")"
/// body-fld-loc  = nstring
/// ```
fn write_disposition_language_and_location(out: &mut Vec<u8>, part: &Part) {
    match &part.disposition {
        None => out.extend_from_slice(b" NIL"),
        Some(Disposition { kind, parameters }) => {
            out.extend_from_slice(b" (");
            write_string(out, kind);
            out.push(b' ');
            write_parameters(out, parameters);
            out.push(b')');
        }
    }
    match part.language.as_slice() {
        [] => out.extend_from_slice(b" NIL"),
        [language] => {
            out.push(b' ');
            write_string(out, language);
        }
        languages => {
            for (at, language) in languages.iter().enumerate() {
                out.extend_from_slice(if at == 0 { b" (" } else { b" " });
                write_string(out, language);
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    write_nstring(out, part.location.as_deref());
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
fn write_parameters(out: &mut Vec<u8>, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    for (at, parameter) in parameters.iter().enumerate() {
        out.push(if at == 0 { b'(' } else { b' ' });
        write_string(out, &parameter.name);
        out.push(b' ');
        write_string(out, &parameter.value);
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{Message, envelope};

    fn body(raw: &str, extended: bool) -> String {
        let mut out = Vec::new();
        write_body(&mut out, &Message::parse(raw.as_bytes()).root, extended);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_part_has_lines_and_basic_fields() {
        let raw = "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\nContent-ID: <a@b>\r\n\r\none\r\ntwo\r\n";
        assert_eq!(body(raw, false), r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") "<a@b>" NIL "7BIT" 10 2)"#);
        assert_eq!(body(raw, true), r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") "<a@b>" NIL "7BIT" 10 2 NIL NIL NIL NIL)"#);
    }

    #[test]
    fn a_multipart_nests_and_shows_messages_inside() {
        let raw = "Content-Type: multipart/mixed; boundary=x\r\nContent-Language: de, en\r\n\r\n--x\r\n\
            Content-Type: image/png\r\nContent-Disposition: attachment; filename=\"a b.png\"\r\n\r\nAA\r\n--x\r\n\
            Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhi\r\n--x--\r\n";
        assert_eq!(
            body(raw, false),
            r#"(("image" "png" NIL NIL NIL "7BIT" 2)("message" "rfc822" NIL NIL NIL "7BIT" 17 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7BIT" 2 1) 3) "mixed")"#
        );
        let extended = body(raw, true);
        assert!(extended.contains(r#""7BIT" 2 NIL ("attachment" ("filename" "a b.png")) NIL NIL)"#), "{extended}");
        assert!(extended.ends_with(r#" "mixed" ("boundary" "x") NIL ("de" "en") NIL)"#), "{extended}");
    }

    #[test]
    fn envelopes_show_groups_and_what_no_quoted_string_can_hold() {
        let header = b"From: \"A \\\"B\\\"\" <@r.test:a@b.test>\r\nTo: team: c@d.test;\r\nSubject: caf\xc3\xa9\r\n\r\n";
        let mut out = Vec::new();
        write_envelope(&mut out, &envelope(header));
        let from = r#"(("A \"B\"" "@r.test" "a" "b.test"))"#;
        let to = r#"((NIL NIL "team" NIL)(NIL NIL "c" "d.test")(NIL NIL NIL NIL))"#;
        let expected = format!("(NIL {{5}}\r\ncafé {from} {from} {from} {to} NIL NIL NIL NIL)");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
