//! The tree of parts, against the example of RFC 3501 §6.4.5 and against hostile mail.

use std::ops::Range;

use proptest::prelude::*;

use super::{Content, Envelope, Message, Parser, Part, Section, addresses, envelope, fields, text};

/// The message of RFC 3501 §6.4.5: text, octets, a message with a multipart inside, and a multipart with one more message.
const NESTED: &str = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=\"1\"\r\n\r\npreamble\r\n\
--1\r\n\r\none\r\n--1\r\nContent-Type: application/octet-stream\r\n\r\n\0\u{1}\r\n--1\r\n\
Content-Type: message/rfc822\r\nX: y\r\n\r\nSubject: inner\r\nContent-Type: multipart/mixed; boundary=\"2\"\r\n\r\n\
--2\r\n\r\n3.1\r\n--2\r\nContent-Type: application/octet-stream\r\n\r\n3.2\r\n--2--\r\nepilogue\r\n\r\n--1 \t\r\n\
Content-Type: multipart/mixed; boundary=11\r\n\r\n--11\r\nContent-Type: image/gif\r\n\r\n4.1\r\n--11\r\n\
Content-Type: message/rfc822\r\n\r\nSubject: deep\r\n\r\n4.2.1\r\n--11--\r\n--1--\r\nepilogue\r\n";

fn section<'a>(raw: &'a str, path: &[u32], section: Section) -> Option<&'a str> {
    Message::parse(raw.as_bytes()).section(path, section).map(|range| &raw[range])
}

#[test]
fn parts_are_found_by_number() {
    let of = |path: &[u32], what| section(NESTED, path, what);
    assert_eq!(of(&[], Section::Whole), Some(NESTED));
    assert!(of(&[], Section::Header).unwrap().ends_with("\"1\"\r\n\r\n"));
    assert!(of(&[], Section::Text).unwrap().starts_with("preamble"));
    assert_eq!(of(&[1], Section::Whole), Some("one"));
    assert_eq!(of(&[1], Section::Mime), Some("\r\n"));
    assert_eq!(of(&[1], Section::Header), None);
    assert_eq!(of(&[1, 1], Section::Whole), None);
    assert_eq!(of(&[2], Section::Whole), Some("\0\u{1}"));
    assert_eq!(of(&[3], Section::Mime), Some("Content-Type: message/rfc822\r\nX: y\r\n\r\n"));
    assert!(of(&[3], Section::Whole).unwrap().starts_with("Subject: inner\r\n"));
    assert!(of(&[3], Section::Header).unwrap().ends_with("\"2\"\r\n\r\n"));
    assert!(of(&[3], Section::Text).unwrap().ends_with("--2--\r\nepilogue\r\n"));
    assert_eq!(of(&[3, 1], Section::Whole), Some("3.1"));
    assert_eq!(of(&[3, 2], Section::Whole), Some("3.2"));
    assert_eq!(of(&[3, 2], Section::Mime), Some("Content-Type: application/octet-stream\r\n\r\n"));
    assert_eq!(of(&[4, 1], Section::Whole), Some("4.1"));
    assert_eq!(of(&[4, 2], Section::Header), Some("Subject: deep\r\n\r\n"));
    assert_eq!(of(&[4, 2, 1], Section::Whole), Some("4.2.1"));
    assert_eq!(of(&[4, 2, 2], Section::Whole), None);
    assert_eq!(of(&[5], Section::Whole), None);
    assert_eq!(of(&[0], Section::Whole), None);
}

#[test]
fn a_message_that_is_no_multipart_is_its_own_part_one() {
    let raw = "Subject: x\r\n\r\nbody";
    assert_eq!(section(raw, &[1], Section::Whole), Some("body"));
    assert_eq!(section(raw, &[1], Section::Mime), Some("Subject: x\r\n\r\n"));
    assert_eq!(section(raw, &[2], Section::Whole), None);
    let forwarded = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntext";
    assert_eq!(section(forwarded, &[1], Section::Header), Some("Subject: in\r\n\r\n"));
    assert_eq!(section(forwarded, &[1, 1], Section::Whole), Some("text"));
}

#[test]
fn a_part_says_what_its_header_says() {
    let raw = "Content-Type: Text/HTML; Charset=\"utf-8\"; format=flowed (a comment)\r\nContent-ID: <a@b>\r\n\
        Content-Description: what\r\n it is\r\nContent-Transfer-Encoding: Base64 (why not)\r\nContent-MD5: Q2hlY2s=\r\n\
        Content-Disposition: attachment; filename=\"a \\\"b\\\".txt\"; size=1\r\nContent-Language: de, en-GB\r\n\
        Content-Location: http://example.org/\r\n\r\na\r\nb\r\nc";
    let part = Message::parse(raw.as_bytes()).root;
    assert!(part.is("text", "html") && part.kind == b"Text");
    assert_eq!(part.parameter("charset"), Some(&b"utf-8"[..]));
    assert_eq!(part.parameter("FORMAT"), Some(&b"flowed"[..]));
    assert_eq!(part.id.as_deref(), Some(&b"<a@b>"[..]));
    assert_eq!(part.description.as_deref(), Some(&b"what it is"[..]));
    assert_eq!(part.encoding, b"Base64");
    let disposition = part.disposition.as_ref().unwrap();
    assert_eq!(disposition.kind, b"attachment");
    assert_eq!(disposition.parameters[0].value, b"a \"b\".txt");
    assert_eq!(part.language, [b"de".to_vec(), b"en-GB".to_vec()]);
    assert_eq!((part.lines, part.size()), (3, 7));
}

#[test]
fn what_is_malformed_is_plain_text() {
    for header in ["", "Content-Type: text\r\n", "Content-Type: ;;;\r\n", "Content-Type:\r\n"] {
        let part = Message::parse(format!("{header}\r\nx").as_bytes()).root;
        assert!(part.is("text", "plain"), "{header:?}");
        assert_eq!(part.parameter("charset"), Some(&b"us-ascii"[..]));
    }
    for boundary in ["", "; boundary=\"\"", "; boundary=none"] {
        let raw = format!("Content-Type: multipart/mixed{boundary}\r\n\r\n--x\r\n\r\ntext\r\n");
        let root = Message::parse(raw.as_bytes()).root;
        let [only] = root.children() else { panic!("one part") };
        assert!(only.is("text", "plain") && only.body == root.body);
    }
    let digest = "Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: a\r\n\r\nb\r\n--x--\r\n";
    assert!(matches!(Message::parse(digest.as_bytes()).root.children()[0].content, Content::Message { .. }));
}

#[test]
fn the_last_part_need_not_be_ended_and_parts_may_be_empty() {
    let raw = "Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\n\na\n--xy\n--x\n\nlast\n";
    let root = Message::parse(raw.as_bytes()).root;
    let bodies: Vec<&str> = root.children().iter().map(|part| &raw[part.body.clone()]).collect();
    assert_eq!(bodies, ["", "a\n--xy", "last\n"]);
}

#[test]
fn nesting_is_bounded() {
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    let mut part = &Message::parse(deep.as_bytes()).root;
    let mut depth = 0;
    while let [child] = part.children() {
        (part, depth) = (child, depth + 1);
    }
    assert_eq!(depth, 200);
    assert!(part.is("application", "octet-stream"));
    let wide = format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{}", "--x\r\n".repeat(100_000));
    assert!(Message::parse(wide.as_bytes()).root.children().len() <= 5_001);
}

#[test]
fn a_line_that_never_ends_is_read_all_the_same() {
    let long = "x".repeat(200_000);
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=b\r\nX: {long}\r\n\r\n--b\r\n\r\n{long}\r\n--b\r\n\r\n--{long}\r\n--b--"
    );
    let root = Message::parse(raw.as_bytes()).root;
    let bodies: Vec<usize> = root.children().iter().map(|part| part.body.len()).collect();
    assert_eq!(bodies, [200_000, 200_002]);
    assert_eq!((root.children()[0].lines, root.header.end), (1, raw.find("\r\n\r\n").unwrap() + 4));
}

#[test]
fn a_hundred_nested_parts_are_numbered_to_the_last() {
    let mut raw = String::from("Subject: deep\r\n");
    for depth in 0..100 {
        raw += &format!("Content-Type: multipart/mixed; boundary=\"b{depth}\"\r\n\r\n--b{depth}\r\n");
    }
    raw += "\r\ninnermost";
    for depth in (0..100).rev() {
        raw += &format!("\r\n--b{depth}--\r\nepilogue {depth}");
    }
    assert_eq!(section(&raw, &[1; 100], Section::Whole), Some("innermost"));
    assert_eq!(section(&raw, &[1; 101], Section::Whole), None);
    assert!(section(&raw, &[1; 99], Section::Whole).unwrap().ends_with("epilogue 99"));
}

#[test]
fn an_outer_delimiter_ends_what_is_inside() {
    let raw = "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n\
        --i\r\n\r\nnever ended\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n--o\r\nX: in the header\r\n--o--\r\n";
    let root = Message::parse(raw.as_bytes()).root;
    let [first, second, third] = root.children() else { panic!("three parts") };
    assert_eq!(&raw[first.children()[0].body.clone()], "never ended");
    assert!(matches!(&second.content, Content::Message { root, .. } if root.body.is_empty() && root.header.is_empty()));
    assert_eq!((&raw[third.header.clone()], third.body.len()), ("X: in the header", 0));
}

/// Every range lies inside its parent's body, in order, and header and body touch; lines are counted right.
fn assert_sound(raw: &[u8], part: &Part, within: Range<usize>) {
    let body = &raw[part.body.clone()];
    let unended = usize::from(body.last().is_some_and(|last| *last != b'\n'));
    assert_eq!(part.lines, body.iter().filter(|octet| **octet == b'\n').count() + unended);
    assert!(within.start <= part.header.start && part.header.end == part.body.start && part.body.end <= within.end);
    let mut at = part.body.start;
    for child in part.children() {
        assert!(child.header.start >= at);
        at = child.body.end;
        assert_sound(raw, child, part.body.clone());
    }
    assert!(!matches!(&part.content, Content::Multipart(parts) if parts.is_empty()));
}

/// Pieces hostile mail is made of.
fn mail() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "Content-Type: multipart/mixed; boundary=x\r\n",
        "Content-Type: multipart/digest; boundary=\"x y\r\n",
        "Content-Type: message/rfc822\r\n",
        "From: a <b@c>, g: d@e;\r\n",
        "\r\n",
        "\n",
        "--x\r\n",
        "--x--\r\n",
        "--x",
        "text",
        "Content-Transfer-Encoding: base64\r\n",
        "Subject: =?utf-8?B?/w==?=\r\n",
        " folded\r\n",
        "(",
        "\"",
        "\\",
        ":",
        "\u{e4}",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_pieces_a_message_comes_in_change_nothing(raw in mail(), size in 1usize..20) {
        let mut parser = Parser::new();
        raw.chunks(size).for_each(|piece| parser.push(piece));
        prop_assert_eq!(parser.finish(), Message::parse(&raw));
    }

    #[test]
    fn any_octets_are_a_message(raw in mail()) {
        let message = Message::parse(&raw);
        assert_sound(&raw, &message.root, 0..raw.len());
        prop_assert_eq!(message.root.header.start..message.root.body.end, 0..raw.len());
        envelope(&raw);
        addresses(&raw);
        text::body_texts(&raw, &message);
        let header = &raw[message.root.header];
        let mut at = 0;
        for field in fields(header) {
            prop_assert_eq!(field.range.start, at);
            at = field.range.end;
        }
    }
}

#[test]
fn a_header_alone_says_where_it_ends_and_the_same_of_its_message() {
    for raw in [
        "Subject: one\r\nFrom: a@b.test\r\n\r\nSubject: no\r\n",
        "Subject: one",
        "",
        "\r\n",
        "To: x@y\n\nbody",
        "no field\r\n\r\n",
    ] {
        let (whole, header) = (Message::parse(raw.as_bytes()), Message::of_header(raw.as_bytes(), true));
        assert_eq!((&header.root.header, &header.root.body), (&whole.root.header, &whole.root.body), "{raw:?}");
        assert_eq!(header.envelope, whole.envelope, "{raw:?}");
        assert_eq!(Message::of_header(raw.as_bytes(), false).envelope, Envelope::default());
    }
}
