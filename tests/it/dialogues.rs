//! Whole dialogues against servers of data: those that pass, and those that fail, each with the page a reader then sees.

use std::fs;
use std::path::{Path, PathBuf};

use crate::caller::Caller;
use crate::fake::Fake;
use crate::verdicts::{reports_agree, verdicts};
use crate::workplace::{Ended, Workplace, project};

/// The suites of a folder of `fixtures/dialogues`.
fn suites(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(project().join("fixtures/dialogues").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Plays a suite against the server beside it.
fn play(file: &Path, target: fn(&Fake, &str) -> String) -> (Workplace, Ended) {
    let suite = fs::read_to_string(file).unwrap();
    let script = fs::read_to_string(file.with_extension("server")).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let protocol = ["smtp", "pop3", "imap"].into_iter().find(|name| suite.contains(&format!("\nprotocol: {name}\n")));
    let server = Fake::new(protocol.expect("the suite has a protocol"), &script);
    let workplace = Workplace::new();
    workplace.write(&format!("suites/{}", file.file_name().unwrap().to_str().unwrap()), suite);
    let caller = fs::read_to_string(file.with_extension("client")).ok().map(|script| Caller::new(&script));
    let peers = caller.as_ref().map(Caller::peers).unwrap_or_default();
    workplace.target(&target(&server, &peers));
    let ended = workplace.run(&["--seed", "1", "--color", "never"]);
    (workplace, ended)
}

#[test]
fn passes() {
    for file in suites("passes") {
        let (workplace, ended) = play(&file, Fake::target);
        ended.exits(0);
        let verdicts = verdicts(&workplace);
        assert!(verdicts.iter().all(|(_, verdict)| verdict == "passed"), "{verdicts:?}\n{}", ended.all());
        let cases = fs::read_to_string(&file).unwrap().matches("  - id: ").count();
        assert!(verdicts.len() >= cases, "{} has {cases} cases: {verdicts:?}", file.display());
        reports_agree(&workplace, &ended);
    }
}

/// The page of a failure: what was found, where in the suite, what came, and the transcript.
#[test]
fn fails() {
    let golden = project().join("fixtures/dialogues/fails");
    insta::with_settings!({
        snapshot_path => golden,
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => vec![
            (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
            (r"\[ *\d+\.\d+s\]", "[TIME]"),
            (r"(?m)^ +\d+\.\d +(\[[^\]]*\] +| +)?(->|<-|==)", "    MS  $1$2"),
            (r"(?m)^ +(\d+ jobs?, seed)", "    $1"),
            (r"\d+ jobs?, seed", "N jobs, seed"),
        ],
    }, {
        for file in suites("fails") {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let (workplace, ended) = play(&file, Fake::impatient);
            let blocked = name == "blocked";
            ended.exits(if blocked { 3 } else { 1 });
            let wanted = if blocked { "blocked" } else { "failed" };
            assert_eq!(verdicts(&workplace), [(name.to_owned(), wanted.to_owned())], "{}", ended.all());
            reports_agree(&workplace, &ended);
            insta::assert_snapshot!(name, ended.all());
        }
    });
}
