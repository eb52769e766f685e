//! Messages of authentication exchanges, of every mechanism: none of them lets in who does not know the password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailspec_fuzz::{PASSWORD, with_rooms};
use reference_server::sasl::{Exchange, Mechanism, Progress};
use reference_server::session::Peer;

fuzz_target!(|input: (u8, bool, Vec<&[u8]>)| {
    let (choice, initial, messages) = input;
    let mechanism = Mechanism::ALL[usize::from(choice) % Mechanism::ALL.len()];
    let password = PASSWORD.as_bytes();
    let knows = messages.iter().any(|message| message.windows(password.len()).any(|octets| octets == password));
    with_rooms(|rooms| {
        let mut exchange = Exchange::new(mechanism, &rooms.site, &Peer::loopback());
        let mut messages = messages.into_iter();
        let mut progress = exchange.start(if initial { messages.next() } else { None });
        while let Progress::Challenge(_) = progress {
            let Some(message) = messages.next() else { return };
            progress = exchange.answer(message);
        }
        if let Progress::Done(Ok(account)) = progress {
            assert!(knows, "{} was let in by {}", account.name(), mechanism.name());
        }
    });
});
