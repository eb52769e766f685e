//! Addresses: what is understood is shown so that it is understood as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::mail::Address;

fuzz_target!(|text: &str| {
    if let Ok(address) = Address::parse(text) {
        let shown = address.to_string();
        assert_eq!(Address::parse(&shown).as_ref(), Ok(&address), "{shown}");
    }
});
