//! A message as it lies in a mailbox: its fields, parts, envelope and texts lie inside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::mime::{self, Message, Part};

fn visit(bytes: &[u8], part: &Part, depth: usize) {
    assert!(depth < 1000, "parts without end");
    let _ = mime::text::part_text(bytes, part);
    for child in part.children() {
        visit(bytes, child, depth + 1);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let message = Message::parse(bytes);
    visit(bytes, &message.root, 0);
    let _ = (mime::envelope(bytes), mime::text::body_texts(bytes, &message));
    let mut end = 0;
    for field in mime::fields(bytes) {
        assert!(field.range.start >= end && field.range.end <= bytes.len(), "fields follow one another");
        end = field.range.end;
    }
});
