//! POP3 commands, before and after the login.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec_fuzz::{play, with_rooms};
use reference_server::pop3::Pop3Session;
use reference_server::session::Peer;

const PROLOGUES: &[&str] = &["", "USER alice\r\nPASS secret\r\n", "AUTH PLAIN\r\n"];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, input) = input;
    let prologue = PROLOGUES[usize::from(choice) % PROLOGUES.len()];
    with_rooms(|rooms| {
        let mut session = Pop3Session::new(rooms.site.clone(), rooms.store.clone(), Peer::loopback());
        let out = play(&mut session, prologue.as_bytes(), input);
        assert!(out.starts_with(b"+OK") && out.ends_with(b"\r\n"), "{}", out.escape_ascii());
    });
});
