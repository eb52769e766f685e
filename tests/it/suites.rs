//! The committed suites: they load without errors or warnings, their schema is up to date and accepts them, and their ids hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mailspec::suite::problem::Severity;
use mailspec::suite::{Library, Places, load, yaml};
use serde_json::Value;

use crate::workplace::{Workplace, project};

fn library() -> Library {
    load(&Places { suites: project().join("suites"), fixtures: project().join("fixtures") }, &[])
}

/// Every suite file that is no part of the catalogue, as data.
fn suites() -> Vec<(String, Value)> {
    let library = library();
    let is_suite = |file: &str| !file.contains("/requirements/") && !file.contains("/topologies/");
    let suites: Vec<(String, Value)> = library
        .sources
        .iter()
        .filter(|(file, _)| is_suite(file))
        .map(|(file, text)| (file.to_string(), yaml::read(text).unwrap_or_else(|error| panic!("{file}: {}", error.message))))
        .collect();
    assert!(suites.len() > 50, "{} suites", suites.len());
    suites
}

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(project().join("suites/schema.json")).expect("suites/schema.json is there")).unwrap()
}

#[test]
fn they_load_without_a_problem() {
    let library = library();
    let problems: Vec<String> = library.problems.iter().map(ToString::to_string).collect();
    assert!(!library.problems.iter().any(|problem| problem.severity == Severity::Error), "{problems:#?}");
}

#[test]
fn the_schema_is_what_the_program_prints() {
    let printed = Workplace::new().mailspec(&["schema"]);
    let committed = fs::read_to_string(project().join("suites/schema.json")).unwrap();
    assert_eq!(printed.exits(0).out, committed, "write it anew: cargo run -- schema > suites/schema.json");
}

#[test]
fn the_schema_of_topologies_is_what_the_program_prints_and_accepts_them() {
    let folder = project().join("fixtures/topologies");
    let committed = fs::read_to_string(folder.join("schema.json")).unwrap();
    let printed = Workplace::new().mailspec(&["schema", "topologies"]);
    let remedy = "write it anew: cargo run -- schema topologies > fixtures/topologies/schema.json";
    assert_eq!(printed.exits(0).out, committed, "{remedy}");
    let validator = jsonschema::validator_for(&serde_json::from_str(&committed).unwrap()).unwrap();
    for (name, _) in library().topologies {
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        let topology: Value = yaml::read(&text).unwrap_or_else(|error| panic!("{name}: {}", error.message));
        let wrong: Vec<String> = validator.iter_errors(&topology).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn the_schema_accepts_every_suite() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    let mut wrong = Vec::new();
    for (file, suite) in suites() {
        wrong.extend(validator.iter_errors(&suite).map(|error| format!("{file}: {}: {error}", error.instance_path())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the loader refuses the schema refuses, too: an editor that knows the schema shows it while it is typed.
#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let (_, sound) = suites().into_iter().next().unwrap();
    assert!(validator.is_valid(&sound));
    for name in ["unknown-key", "unknown-action", "wrong-type", "unknown-protocol"] {
        let text = fs::read_to_string(project().join(format!("fixtures/dialogues/invalid/{name}.yaml"))).unwrap();
        let suite: Value = yaml::read(&text).unwrap_or_else(|error| panic!("{name}: {}", error.message));
        assert!(!validator.is_valid(&suite), "{name}");
    }
}

#[test]
fn every_case_rests_on_a_sentence_of_its_rfc() {
    let library = library();
    for case in library.cases() {
        assert!(!case.requirements.is_empty(), "{} covers nothing", case.id);
        for requirement in &case.requirements {
            assert!(library.requirements.contains_key(&requirement.id), "{}: {}", case.id, requirement.id);
        }
    }
}

/// The catalogue has no sentence that was only forgotten.
#[test]
fn every_sentence_has_a_case_or_says_why_it_cannot_have_one() {
    let library = library();
    let covered: BTreeSet<&str> =
        library.cases().flat_map(|case| case.requirements.iter().map(|requirement| requirement.id.as_str())).collect();
    for (id, requirement) in &library.requirements {
        let untested = requirement.untested.is_some();
        assert_ne!(covered.contains(id.as_str()), untested, "{id}: a case covers it, or `untested:` says why none can");
    }
}

#[test]
fn ids_are_names_and_tell_their_place() {
    let library = library();
    let mut names = BTreeSet::new();
    for case in library.cases() {
        assert!(names.insert(case.name()), "{} stands twice", case.name());
        let file = case.file.split_once("suites/").map_or(&*case.file, |(_, rest)| rest).trim_end_matches(".yaml");
        assert_eq!(case.id.rsplit_once('/').map(|(folder, _)| folder), Some(file), "{}", case.id);
        let last = case.id.rsplit('/').next().unwrap();
        assert!(last.chars().any(|c| c.is_ascii_alphabetic()), "{}: an ordinal is no name", case.id);
    }
}

/// As many cases as the first issue asks for, counted without their variants.
#[test]
fn there_are_suites_for_every_protocol() {
    let library = library();
    let mut counts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in library.cases() {
        counts.entry(case.id.split('/').next().unwrap()).or_default().insert(&case.id);
    }
    for (folder, least) in [("smtp", 70), ("pop3", 45), ("imap", 110), ("robustness", 15), ("journeys", 8)] {
        let count = counts.get(folder).map_or(0, BTreeSet::len);
        assert!(count >= least, "{folder} has {count} cases, fewer than {least}");
    }
}

#[test]
fn the_fixtures_are_used_and_have_mail_line_ends() {
    for (name, bytes) in &library().fixtures {
        let bare = bytes.iter().enumerate().any(|(at, octet)| *octet == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
        assert!(!bare, "{name}.eml has a line feed without a carriage return: is it `-text` in .gitattributes?");
    }
}
