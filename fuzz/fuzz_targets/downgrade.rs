//! Messages for a server of 7 bits: what comes out has none above 127 and no line that is too long, and needs no second
//! conversion.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::relay::downgraded;

fuzz_target!(|message: &[u8]| {
    if let Ok(converted) = downgraded(message) {
        assert!(converted.is_ascii(), "{}", converted.escape_ascii());
        let again = downgraded(&converted);
        assert_eq!(again.as_deref(), Ok(converted.as_slice()), "{}", converted.escape_ascii());
    }
});
