//! The beginning of a message as a person would read it (RFC 8970).

use super::decoding::Decoder;
use super::part::{Content, Part};
use super::text::to_utf8;

/// "The server SHOULD limit the length of the preview text to 200 preview characters" (RFC 8970 §3.3).
const LONGEST: usize = 200;

/// As many octets of a part as are looked at.
pub const ENOUGH: usize = 16 * 1024;

/// The part a preview is made of: the first that is plain text, else the first that is HTML. Attachments are none.
pub fn preview_part(root: &Part) -> Option<&Part> {
    find(root, &|part| part.is("text", "plain")).or_else(|| find(root, &|part| part.is("text", "html")))
}

fn find<'p>(part: &'p Part, wanted: &impl Fn(&Part) -> bool) -> Option<&'p Part> {
    let attached = part.disposition.as_ref().is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case(b"attachment"));
    match &part.content {
        Content::Leaf => (wanted(part) && !attached && !part.body.is_empty()).then_some(part),
        Content::Multipart(parts) => parts.iter().find_map(|part| find(part, wanted)),
        Content::Message { root, .. } => find(root, wanted),
    }
}

/// The preview, from the beginning of the part's body, still encoded. Empty if nothing can be read.
pub fn preview(part: &Part, body: &[u8]) -> String {
    let Some(decoder) = Decoder::of(&part.encoding) else { return String::new() };
    let text = to_utf8(&decoder.decode(body), part.parameter("charset").unwrap_or(b"us-ascii"));
    let text = if part.is("text", "html") { without_markup(&text) } else { text };
    let mut preview = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let needed = word.chars().count() + usize::from(length > 0);
        if length > 0 {
            if length + needed > LONGEST {
                break;
            }
            preview.push(' ');
        }
        preview.extend(word.chars().take(LONGEST));
        length += needed;
    }
    preview
}

/// The text of HTML: tags, comments, styles and scripts left out, the commonest entities written as characters.
fn without_markup(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let (length, replacement) = if from.starts_with('<') { markup(from) } else { entity(from) };
        text.push_str(replacement);
        rest = from.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The length of a tag, and of what it keeps from the reader; it may end a word.
fn markup(html: &str) -> (usize, &'static str) {
    let until = |end: &str| html.find(end).map_or(html.len(), |at| at + end.len());
    if html.starts_with("<!--") {
        return (until("-->"), "");
    }
    for hidden in ["script", "style", "head", "title"] {
        let opens = html.get(1..=hidden.len()).is_some_and(|name| name.eq_ignore_ascii_case(hidden));
        let ends = html.as_bytes().get(hidden.len() + 1).is_some_and(|octet| !octet.is_ascii_alphanumeric());
        if opens && ends {
            let close = format!("</{hidden}");
            let lower = html.to_ascii_lowercase();
            let at = lower.find(&close).unwrap_or(lower.len());
            let end = html.get(at..).and_then(|rest| rest.find('>')).map_or(html.len(), |end| at + end + 1);
            return (end, " ");
        }
    }
    let inline = ["b", "i", "em", "strong", "a", "span", "u", "font"];
    let name = html.trim_start_matches(['<', '/']);
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let joins = inline.iter().any(|tag| name.eq_ignore_ascii_case(tag));
    (until(">"), if joins { "" } else { " " })
}

fn entity(html: &str) -> (usize, &'static str) {
    let known =
        [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&nbsp;", " ")];
    let found = known.iter().find(|(name, _)| html.starts_with(name));
    found.map_or((1, "&"), |(name, character)| (name.len(), character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::Message;

    fn shown(raw: &str) -> String {
        let message = Message::parse(raw.as_bytes());
        preview_part(&message.root).map(|part| preview(part, &raw.as_bytes()[part.body.clone()])).unwrap_or_default()
    }

    #[test]
    fn the_first_plain_text_is_shown_in_one_line() {
        assert_eq!(shown("Subject: x\r\n\r\nPreview\r\n  text!\r\n"), "Preview text!");
        let alternative = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>rich\r\n\
            --x\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nf=C3=BCr\r\n--x--\r\n";
        assert_eq!(shown(alternative), "für");
    }

    #[test]
    fn markup_is_left_out() {
        let html = "Content-Type: text/html\r\n\r\n<html><head><title>T</title></head><STYLE>p {}</STYLE><p>One<br>t<b>w</b>o &amp; <!-- no -->three &lt;";
        assert_eq!(shown(html), "One two & three <");
    }

    #[test]
    fn it_is_short_and_empty_where_there_is_no_text() {
        let long = format!("Subject: x\r\n\r\n{}", "word ".repeat(1000));
        assert_eq!(shown(&long).chars().count(), 199);
        let endless = format!("Subject: x\r\n\r\n{}", "é".repeat(1000));
        assert_eq!(shown(&endless).chars().count(), 200);
        assert_eq!(shown("Content-Type: image/png\r\n\r\nAAAA"), "");
        assert_eq!(shown("Content-Transfer-Encoding: x-rot13\r\n\r\nuryyb"), "");
        assert_eq!(shown("Subject: x\r\n\r\n"), "");
    }
}
