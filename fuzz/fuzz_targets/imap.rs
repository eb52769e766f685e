//! IMAP commands, before the login, after it, and with a mailbox of two messages selected.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec_fuzz::{play, with_rooms};
use reference_server::imap::ImapSession;
use reference_server::session::Peer;

const PROLOGUES: &[&str] = &[
    "",
    "a LOGIN alice secret\r\n",
    "a LOGIN alice secret\r\nb APPEND INBOX {19+}\r\nSubject: x\r\n\r\nbody\r\n\r\nc SELECT INBOX\r\n",
    "a AUTHENTICATE PLAIN\r\n",
];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, input) = input;
    let prologue = PROLOGUES[usize::from(choice) % PROLOGUES.len()];
    with_rooms(|rooms| {
        let mut session = ImapSession::new(rooms.site.clone(), rooms.store.clone(), Peer::loopback());
        let out = play(&mut session, prologue.as_bytes(), input);
        assert!(out.starts_with(b"* ") && out.ends_with(b"\r\n"), "{}", out.escape_ascii());
    });
});
