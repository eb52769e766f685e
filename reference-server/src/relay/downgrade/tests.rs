//! What comes out is of 7 bits, and says the same.

use proptest::prelude::*;

use super::*;
use crate::mime::Message;

#[track_caller]
fn check(message: &str, expected: &str) {
    let [message, expected] = [message, expected].map(|text| text.replace('\n', "\r\n"));
    let converted = downgraded(message.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(converted).unwrap(), expected);
}

#[track_caller]
fn refuse(message: &str, why: Fixed) {
    assert_eq!(downgraded(message.replace('\n', "\r\n").as_bytes()), Err(why));
}

#[test]
fn text_becomes_quoted_printable() {
    check(
        "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nDie größte Kröte = grün, der Baum aber auch \n.\n",
        "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
         Die gr=C3=B6=C3=9Fte Kr=C3=B6te =3D gr=C3=BCn, der Baum aber auch=20\n=2E\n",
    );
}

#[test]
fn a_message_that_is_no_mime_becomes_it() {
    check(
        "Subject: x\n\nlong enough that most of it is grün\n",
        "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
         long enough that most of it is gr=C3=BCn\n",
    );
}

#[test]
fn parts_are_encoded_one_by_one() {
    check(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\nprä\n--b\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nfür den nächsten Tag\n--b\n\
         Content-Type: image/x\nContent-Transfer-Encoding: 8bit\n\nü\n--b\n\nplain\n--b--\nepilogue\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\npr??\n--b\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nf=C3=BCr den n=C3=A4chsten Tag\n--b\n\
         Content-Type: image/x\nContent-Transfer-Encoding: base64\n\nw7w=\n--b\n\nplain\n--b--\nepilogue\n",
    );
}

#[test]
fn a_message_inside_is_a_message() {
    check(
        "MIME-Version: 1.0\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: für\n\nein ganz langer Tag für alle\n",
        "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: =?utf-8?B?ZsO8cg==?=\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nein ganz langer Tag f=C3=BCr alle\n",
    );
}

#[test]
fn what_fits_is_not_touched() {
    let message = "Subject: x\nContent-Transfer-Encoding: 8bit\n\nplain = text \n";
    check(message, message);
    let signed = "Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n";
    check(signed, signed);
}

#[test]
fn a_body_that_fits_keeps_its_encoding() {
    check(
        "Subject: für\nContent-Transfer-Encoding: quoted-printable\n\nf=C3=BCr\n",
        "Subject: =?utf-8?B?ZsO8cg==?=\nContent-Transfer-Encoding: quoted-printable\n\nf=C3=BCr\n",
    );
}

#[test]
fn binary_octets_are_base64() {
    let message = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\na\nb\0\r";
    let expected = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQpiAA0=\r\n";
    assert_eq!(downgraded(message).unwrap(), expected);
}

#[test]
fn what_would_be_broken_goes_back() {
    refuse("Content-Type: multipart/signed; boundary=b\n\n--b\n\nfür\n--b--\n", Fixed::Signed);
    refuse(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nfür\n--b--\n\n--a--\n",
        Fixed::Signed,
    );
    refuse("From: Jürgen <j@example.org>\n\nx\n", Fixed::Field);
    refuse("Content-Type: message/partial\n\nfür\n", Fixed::Part);
    refuse("Content-Transfer-Encoding: x-other\n\nfür\n", Fixed::Part);
    refuse("Content-Type: multipart/mixed; boundary=b\n\nfür\n", Fixed::Part);
}

/// The decoded octets of all leaves; those of messages too.
fn leaves(message: &[u8]) -> Vec<Vec<u8>> {
    fn collect(message: &[u8], part: &Part, found: &mut Vec<Vec<u8>>) {
        match &part.content {
            Content::Multipart(parts) => parts.iter().for_each(|part| collect(message, part, found)),
            Content::Message { root, .. } => collect(message, root, found),
            Content::Leaf => found.push(text::decode_transfer(&message[part.body.clone()], &part.encoding)),
        }
    }
    let mut found = Vec::new();
    collect(message, &Message::parse(message).root, &mut found);
    found
}

fn leaf() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec!["text/plain; charset=utf-8", "text/html", "application/octet-stream", "image/png"]);
    let bodies =
        prop_oneof!["([ -~äö€\t]{0,120}\r\n){0,4}".prop_map(String::into_bytes), "[ -~ä]{990,1100}".prop_map(String::into_bytes)];
    let texts = (kinds.clone(), bodies).prop_map(|(kind, body)| (kind, "8bit", body));
    let octets = (kinds, "(\r|\n|\0|a|ä){0,20}").prop_map(|(kind, body)| (kind, "binary", body.into_bytes()));
    prop_oneof![texts, octets].prop_map(|(kind, encoding, body)| {
        [format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").into_bytes(), body].concat()
    })
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        let multipart = (prop::collection::vec(inner.clone(), 1..4), any::<u32>()).prop_map(|(parts, number)| {
            let mut bytes = format!("Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n").into_bytes();
            for part in parts {
                bytes.extend_from_slice(format!("--b{number}\r\n").as_bytes());
                bytes.extend_from_slice(&part);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(format!("--b{number}--\r\n").as_bytes());
            bytes
        });
        let message =
            inner.prop_map(|part| [b"Content-Type: message/rfc822\r\n\r\nMIME-Version: 1.0\r\n".to_vec(), part].concat());
        prop_oneof![multipart, message]
    })
}

proptest! {
    #[test]
    fn every_leaf_says_the_same(part in part()) {
        let message = [b"Subject: gr\xc3\xbc\xc3\x9fe\r\nMIME-Version: 1.0\r\n".to_vec(), part].concat();
        let converted = downgraded(&message).unwrap();
        prop_assert!(is_sendable(&converted), "{}", String::from_utf8_lossy(&converted));
        prop_assert_eq!(leaves(&converted), leaves(&message), "{}", String::from_utf8_lossy(&converted));
        prop_assert_eq!(downgraded(&converted).unwrap(), converted);
    }

    #[test]
    fn any_octets_are_met(octets in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
        let message = if header { [b"Subject: x\r\n\r\n".to_vec(), octets].concat() } else { octets };
        if let Ok(converted) = downgraded(&message) {
            prop_assert!(converted.is_ascii());
        }
    }
}
