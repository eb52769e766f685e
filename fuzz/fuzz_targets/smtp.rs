//! SMTP commands and messages, as server: from the first line, inside a transaction, inside a message, inside AUTH.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec_fuzz::{play, with_rooms};
use reference_server::session::Peer;
use reference_server::smtp::{Role, SmtpSession};

const PROLOGUES: &[&str] = &[
    "",
    "EHLO client.example\r\n",
    "EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\n",
    "EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n",
    "EHLO client.example\r\nAUTH LOGIN\r\n",
    "EHLO client.example\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, input) = input;
    let choice = usize::from(choice);
    let prologue = PROLOGUES[choice % PROLOGUES.len()];
    let role = if choice % 2 == 0 { Role::Relay } else { Role::Submission };
    with_rooms(|rooms| {
        let mut session = SmtpSession::new(Peer::loopback(), role, rooms.site.clone(), rooms.store.clone(), rooms.queue.clone());
        let out = play(&mut session, prologue.as_bytes(), input);
        assert!(out.ends_with(b"\r\n"), "half a reply");
        for line in out.split_inclusive(|octet| *octet == b'\n') {
            let code = line.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit));
            assert!(code && matches!(line.get(3), Some(b' ' | b'-')) && line.len() <= 512, "{}", line.escape_ascii());
        }
    });
});
