//! The rooms of the server know each other in one direction only.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a room may use those of the lines above it, and itself.
const STOREYS: &[&[&str]] = &[
    &["mail", "faults", "extensions", "clock", "stop", "session", "waiting"],
    &["config", "mime", "refusals"],
    &["accounts"],
    &["site", "store"],
    &["sasl"],
    &["queue"],
    &["smtp", "pop3", "imap", "relay"],
    &["control", "courier", "listener", "tls"],
    &["server"],
    &["cli"],
];

fn storey(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_room_uses_one_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files(&source).iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let inside = path.strip_prefix(&source).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main"].contains(&room) {
            continue;
        }
        let own = storey(room).unwrap_or_else(|| panic!("{} has no storey: add it to the table", inside.display()));
        let text = fs::read_to_string(path).unwrap();
        for used in text.split("crate::").skip(1) {
            let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            let Some(other) = storey(used) else { continue };
            seen += 1;
            if used != room && other >= own {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 100, "the test has read too little: {seen}");
}
