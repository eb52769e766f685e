//! The lines of a dialogue as an author may write them: a case, or problems.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mailspec::suite::{Protocol, Start, StartState, inline};

fuzz_target!(|input: (u8, &str)| {
    let protocol = Protocol::ALL[usize::from(input.0) % Protocol::ALL.len()];
    let start = Start { protocol, service: None, state: StartState::Greeted, role: "alice".into(), mailbox: None, server: None };
    if let Err(problems) = inline::case("fuzz", start, input.1, Duration::from_secs(1)) {
        assert!(!problems.is_empty());
    }
});
