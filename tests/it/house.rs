//! The rules of the house (ARCHITECTURE.md) that a reader of the source can check: who may know whom, who touches the world, and what
//! nobody does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workplace::project;

/// Which rooms a room of the harness may name. `suite` is two rooms: its nouns, which everyone may know, and its loading.
const MAY_KNOW: [(&str, &[&str]); 13] = [
    ("suite", &[]),
    ("transcript", &["suite"]),
    ("protocol", &["suite", "transcript"]),
    ("outcome", &["suite", "transcript"]),
    ("matching", &["suite", "protocol", "outcome"]),
    ("loading", &["suite", "transcript", "protocol", "outcome", "matching"]),
    ("dialogue", &["suite", "loading", "transcript", "protocol", "outcome", "matching"]),
    ("transport", &["suite"]),
    ("target", &["suite", "loading", "transcript", "outcome", "transport"]),
    ("report", &["suite", "transcript", "outcome"]),
    ("snapshot", &["suite", "transcript", "outcome", "report"]),
    (
        "runner",
        &["suite", "loading", "transcript", "protocol", "outcome", "matching", "dialogue", "transport", "target", "snapshot"],
    ),
    (
        "cli",
        &[
            "suite",
            "loading",
            "transcript",
            "protocol",
            "outcome",
            "matching",
            "dialogue",
            "transport",
            "target",
            "snapshot",
            "report",
            "runner",
        ],
    ),
];

/// Files of `suite/` that are nouns; the others load.
const NOUNS: [&str; 5] = ["action", "model", "template", "duration", "values"];

/// What of `suite` belongs to loading.
const LOADING: [&str; 12] =
    ["load", "Library", "Places", "yaml", "lint", "build", "steps", "block", "inline", "problem", "requirements", "unescape"];

/// Edges that go upward on purpose, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("suite/action.rs", "matching", "a case holds its patterns compiled: they are parsed once, at the border")];

/// Every source file below a folder, with the text outside of its tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = project().join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "{folder} has few files: is it the right folder?");
    let name = |file: &Path| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    let mut sources: Vec<(String, String)> = files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect();
    sources.retain(|(name, _)| !is_test(name));
    sources.sort();
    sources.into_iter().map(|(name, text)| (name, without_tests(&text))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Files that are compiled for tests only.
fn is_test(name: &str) -> bool {
    name.split('/').any(|part| {
        part == "tests" || part == "tests.rs" || part == "sample.rs" || part == "contract.rs" || part == "view_model.rs"
    })
}

/// The text before what is compiled for tests only, which stands last; comments left out.
fn without_tests(text: &str) -> String {
    let starts = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\nimpl "];
    let end = starts.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The room a file belongs to.
fn room(name: &str) -> &str {
    let first = name.split('/').next().unwrap().trim_end_matches(".rs");
    let stem = name.rsplit('/').next().unwrap().trim_end_matches(".rs");
    if first == "suite" && stem != "mod" && !NOUNS.contains(&stem) { "loading" } else { first }
}

/// The rooms a text names by `crate::`.
fn named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let first = word(rest);
        if first != "suite" {
            rooms.push(first);
            continue;
        }
        // `crate::suite::{A, load}` or `crate::suite::load::x`.
        let list = rest.strip_prefix("suite::").unwrap_or_default();
        let names: Vec<String> = match list.strip_prefix('{') {
            Some(inside) => {
                inside.split(['}', ';']).next().unwrap_or_default().split(',').map(|name| word(name.trim())).collect()
            }
            None => vec![word(list)],
        };
        rooms.extend(names.iter().map(|name| if LOADING.contains(&name.as_str()) { "loading" } else { "suite" }.to_owned()));
    }
    rooms
}

#[test]
fn no_edge_goes_upward() {
    let mut upward = Vec::new();
    let mut used = [false; EXCEPTIONS.len()];
    for (name, text) in sources("src") {
        let room = room(&name);
        if ["lib", "main"].contains(&room) {
            continue;
        }
        let Some((_, may)) = MAY_KNOW.iter().find(|(known, _)| *known == room) else {
            panic!("src/{name} belongs to no room of ARCHITECTURE.md");
        };
        for other in named(&text) {
            if other == room || may.contains(&other.as_str()) || (room == "loading" && other == "suite") {
                continue;
            }
            match EXCEPTIONS.iter().position(|(file, to, _)| *file == name && *to == other) {
                Some(at) => used[at] = true,
                None => upward.push(format!("src/{name} names {other}")),
            }
        }
    }
    upward.dedup();
    assert!(upward.is_empty(), "{upward:#?}");
    for (used, (file, to, _)) in used.iter().zip(EXCEPTIONS) {
        assert!(used, "{file} no longer names {to}: the exception can go");
    }
}

/// Files below `src` whose text has a word, without those that may.
fn files_with(folder: &str, words: &[&str], may: &[&str]) -> Vec<String> {
    let found = sources(folder).into_iter().filter(|(name, text)| {
        let may = may.iter().any(|allowed| name.starts_with(allowed));
        !may && words.iter().any(|word| text.contains(word))
    });
    found.map(|(name, _)| name).collect()
}

#[test]
fn the_world_is_touched_at_the_rim_only() {
    let sockets = ["tokio::net", "std::net::Tcp", "std::net::Udp", "TcpStream", "TcpListener"];
    assert_eq!(files_with("src", &sockets, &["transport/"]), [""; 0]);
    let clocks = ["Instant::now", "SystemTime::now", "now_utc"];
    assert_eq!(files_with("src", &clocks, &["transport/", "runner/", "cli/"]), [""; 0]);
    let threads = ["thread::spawn", "tokio::spawn", "JoinSet", "spawn_blocking"];
    assert_eq!(files_with("src", &threads, &["transport/", "runner/", "cli/"]), [""; 0]);
    // A command of a target file has its own time-out.
    assert_eq!(files_with("src", &["tokio::"], &["transport/", "runner/", "cli/", "target/process.rs"]), [""; 0]);
    let files = ["std::fs", "fs::"];
    assert_eq!(files_with("src", &files, &["suite/", "target/", "snapshot/", "cli/", "transport/tls.rs"]), [""; 0]);
}

#[test]
fn crates_stay_behind_their_one_door() {
    assert_eq!(files_with("src", &["serde_saphyr", "Spanned"], &["suite/yaml.rs"]), [""; 0]);
    assert_eq!(files_with("src", &["quick_junit"], &["report/junit/"]), [""; 0]);
    assert_eq!(files_with("src", &["reference_server"], &["target/reference.rs", "cli/serve.rs"]), [""; 0]);
    assert_eq!(files_with("src", &["annotate_snippets"], &["suite/problem.rs", "report/"]), [""; 0]);
    assert_eq!(files_with("reference-server/src", &["rusqlite"], &["store/", "queue/", "queue.rs"]), [""; 0]);
    assert_eq!(files_with("reference-server/src", &["hickory"], &["relay/dns.rs"]), [""; 0]);
}

#[test]
fn harness_and_reference_server_meet_only_on_the_wire() {
    assert_eq!(files_with("reference-server/src", &["mailspec::", "use mailspec"], &[]), [""; 0]);
    let manifest = fs::read_to_string(project().join("reference-server/Cargo.toml")).unwrap();
    assert!(!manifest.lines().any(|line| line.starts_with("mailspec")), "{manifest}");
    let protocols = ["reference_server::smtp", "reference_server::pop3", "reference_server::imap", "reference_server::mime"];
    assert_eq!(files_with("src", &protocols, &[]), [""; 0]);
}

#[test]
fn nothing_from_outside_is_unwrapped() {
    let mut found = Vec::new();
    for folder in ["src", "reference-server/src"] {
        for (name, text) in sources(folder) {
            // A regular expression that stands in the source is not from outside.
            let lines = text.lines().filter(|line| !line.contains("expect(\"a constant expression\")"));
            found.extend(
                lines
                    .filter(|line| {
                        [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("].iter().any(|word| line.contains(word))
                    })
                    .map(|line| format!("{folder}/{name}: {}", line.trim())),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut lengths = Vec::new();
    for folder in ["src", "reference-server/src"] {
        for (name, text) in sources(folder) {
            let length = text.lines().count();
            assert!(length <= 520, "{folder}/{name} has {length} lines without its tests");
            lengths.push(length);
        }
    }
    lengths.sort_unstable();
    assert!(lengths[lengths.len() / 2] <= 150, "the median is {} lines", lengths[lengths.len() / 2]);
}

/// The checks above can fail.
#[test]
fn the_reader_reads() {
    assert_eq!(named("use crate::suite::{Case, load};\nuse crate::runner::Options;"), ["suite", "loading", "runner"]);
    assert_eq!(named("use crate::suite::yaml::{At, read};"), ["loading"]);
    assert_eq!(room("suite/model.rs"), "suite");
    assert_eq!(room("suite/lint.rs"), "loading");
    assert_eq!(room("outcome.rs"), "outcome");
    assert_eq!(without_tests("a\n// x.unwrap()\n#[cfg(test)]\nmod tests {\nx.unwrap()\n}\n"), "a\n");
}
