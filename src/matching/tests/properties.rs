//! Nothing makes compiling or judging panic, and what is rendered matches what it was rendered from.

use proptest::prelude::*;

use super::*;
use crate::protocol::render;

/// Text that looks like patterns more often than chance would have it.
fn line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "250",
        "-",
        " ",
        "5.1.1",
        "+OK",
        "-ERR",
        "[",
        "]",
        "* ",
        "a1 ",
        "OK",
        "FETCH ",
        "(",
        ")",
        "UID ",
        "5",
        "${a}",
        "${_}",
        "${*}",
        "${a:number}",
        "${b:/x*/}",
        "\"",
        "\\",
        "...",
        ".",
        "|",
        "NIL",
        "BODY[1]<0>",
        "exact: ",
        "$${",
        "$2",
        "$$2",
        ",",
        "${m:modseq}",
        "${",
        "}",
        "é",
        "SEARCH",
        "1:3",
        "\\Seen",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "250 ok\r\n",
        "250-a 5\r\n",
        "+OK 5\r\n",
        "-ERR [X] no\r\n",
        ".\r\n",
        "a\r\n",
        "* 5 FETCH (UID 5 BODY[1]<0> {1}\r\nx)\r\n",
        "a1 OK [UIDNEXT 5] x\r\n",
        "* SEARCH 1 2 3\r\n",
        "* OK [UIDNEXT 5] x\r\n",
        "+ x\r\n",
        "* LIST (\\Seen) \"/\" 5\r\n",
        "a1 NO\r\n",
        "* FETCH\r\n",
        "\r\n",
        "é",
        "* X (((5)(5))) \"a\" NIL\r\n",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn nothing_panics(lines in prop::collection::vec((line(), 0..3usize), 0..5), wire in wire(), tagged in any::<bool>()) {
        for protocol in Protocol::ALL {
            let compiled = lines.iter().filter_map(|(line, necessity)| {
                let pattern = Pattern::compile(protocol, &[line]).or_else(|_| Pattern::compile(protocol, &["+OK", line, "."])).ok()?;
                let necessity = [Necessity::Must, Necessity::May, Necessity::MustNot][*necessity];
                Some(Expect { necessity, spans: Vec::new(), pattern })
            });
            let expects: Vec<Expect> = compiled.collect();
            let mut framer = framer(protocol, Limits { line: 200, reply: 300, ..Limits::default() });
            framer.sent(b"CAPA", false);
            framer.push(&wire);
            let replies: Vec<Reply> = std::iter::from_fn(|| framer.next()).collect();
            let tags = if tagged { vec!["a1".to_owned()] } else { Vec::new() };
            let exchange = Exchange { protocol, party: Party::Server, expects: &expects, tags: &tags };
            is_over(exchange, &replies, &Known);
            for ending in [Ending::Over, Ending::Closed, Ending::TimedOut] {
                let judgement = judge(exchange, &replies, ending, &Known);
                prop_assert!(judgement.consumed <= replies.len());
                for flaw in judgement.findings {
                    prop_assert!(!flaw.message.is_empty(), "{flaw:?}");
                    if let (Some((e, line)), Some((start, length))) = (flaw.expectation, flaw.part) {
                        let line = &expects[e].pattern.lines[line];
                        prop_assert!(line.get(start..start + length).is_some(), "{line} {flaw:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn errors_point_into_the_line(line in line()) {
        for protocol in Protocol::ALL {
            if let Err(error) = Pattern::compile(protocol, &[&line]) {
                prop_assert!(line.is_char_boundary(error.offset), "{error:?}");
            }
        }
    }

    #[test]
    fn rendered_responses_match_themselves(wire in response()) {
        matches_itself(Protocol::Imap, &wire)?;
    }

    #[test]
    fn rendered_replies_match_themselves(text in text(), lines in prop::collection::vec(text(), 0..40)) {
        matches_itself(Protocol::Smtp, &[b"250-", text.as_slice(), b"\r\n250 ", &text, b"\r\n"].concat())?;
        let stuffed = |line: &Vec<u8>| [if line.starts_with(b".") { &b"."[..] } else { b"" }, line, b"\r\n"].concat();
        let body: Vec<u8> = lines.iter().flat_map(stuffed).collect();
        matches_itself(Protocol::Pop3, &[b"+OK ", text.as_slice(), b"\r\n", &body, b".\r\n"].concat())?;
    }
}

/// Renders a reply, compiles what was rendered, and holds it against the reply.
fn matches_itself(protocol: Protocol, wire: &[u8]) -> Result<(), TestCaseError> {
    let mut framer = framer(protocol, Limits::default());
    if protocol == Protocol::Pop3 {
        framer.push(b"+OK\r\n");
        framer.next();
        framer.sent(b"RETR 1", false);
    }
    framer.push(wire);
    let reply = framer.next().expect("a whole reply");
    prop_assert!(!matches!(reply.parsed, Parsed::Malformed(_)), "{reply:?}");
    let lines = render(&reply);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let pattern = Pattern::compile(protocol, &lines);
    prop_assert!(pattern.is_ok(), "{lines:?} {pattern:?}");
    let mut attempt = Attempt::new(&Known);
    attempt.explain = true;
    let compared = pattern.ok().map(|pattern| pattern.compare(&reply, &mut attempt));
    prop_assert_eq!(compared, Some(Ok(())), "{:?}", lines);
    Ok(())
}

/// Text of a line: any octets but CR and LF.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![6 => b' '..=b'~', 1 => Just(b'$'), 1 => any::<u8>()];
    let no_line_end = octet.prop_filter("no line end", |octet| !matches!(octet, b'\r' | b'\n'));
    prop_oneof![9 => prop::collection::vec(no_line_end.clone(), 0..40), 1 => prop::collection::vec(no_line_end, 790..1000)]
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..30), 1 => prop::collection::vec(any::<u8>(), 190..600)]
}

/// A value as it stands on the wire.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let literal = |prefix: &'static str| {
        octets().prop_map(move |octets| [format!("{prefix}{{{}}}\r\n", octets.len()).as_bytes(), &octets].concat())
    };
    let quoted = "[ -~é]{0,20}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).into_bytes());
    let leaf = prop_oneof![
        "[a-zA-Z0-9$.:,+<>=/-]{1,10}".prop_map(String::into_bytes),
        "\\\\[A-Za-z]{1,8}".prop_map(String::into_bytes),
        Just(b"NIL".to_vec()),
        quoted,
        literal(""),
        literal("~"),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop::collection::vec(inner, 0..5).prop_map(|items| [b"(", items.join(&b" "[..]).as_slice(), b")"].concat())
    })
}

/// A response, with its CRLF.
fn response() -> impl Strategy<Value = Vec<u8>> {
    let values = || prop::collection::vec(value(), 0..5);
    let joined = |values: Vec<Vec<u8>>| values.iter().flat_map(|value| [&b" "[..], value].concat()).collect::<Vec<u8>>();
    let keys =
        prop::sample::select(vec!["UID", "BODY[]", "BODY[1.HEADER.FIELDS (FROM \"To\")]<0>", "BINARY[1]", "MODSEQ", "X.y"]);
    let text = || "[ -~é]{0,30}";
    let line = prop_oneof![
        (prop::sample::select(vec!["X", "VANISHED", "QUOTA", "ACL", "METADATA"]), values()).prop_map(move |(name, values)| [
            b"* ",
            name.as_bytes(),
            &joined(values)
        ]
        .concat()),
        (any::<u32>(), prop::collection::vec((keys, value()), 1..4)).prop_map(|(number, items)| {
            let items: Vec<Vec<u8>> = items.into_iter().map(|(key, value)| [key.as_bytes(), b" ", &value].concat()).collect();
            [format!("* {number} FETCH (").as_bytes(), &items.join(&b" "[..]), b")"].concat()
        }),
        (prop::sample::select(vec!["a1 OK", "* NO", "* BYE", "a.2 BAD"]), "[A-Z-]{1,9}", text())
            .prop_map(|(status, code, text)| format!("{status} [{code} 1:3 (\\* x)] {text}").into_bytes()),
        text().prop_map(|text| format!("* OK {text}").into_bytes()),
        text().prop_map(|text| format!("+ {text}").into_bytes()),
        (prop::collection::vec("\\\\?[A-Za-z]{1,6}", 0..6))
            .prop_map(|flags| format!("* FLAGS ({})", flags.join(" ")).into_bytes()),
        (prop::collection::vec(1..50u32, 0..9)).prop_map(|n| {
            format!("* SEARCH {}", n.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")).trim_end().to_owned().into_bytes()
        }),
    ];
    line.prop_map(|line| [line, b"\r\n".to_vec()].concat())
}
