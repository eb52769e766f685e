//! Snapshot files, in the format of insta so that its tools can read them: `<root>/<target>/<id>.snap`, and beside it
//! `.snap.new` while a change waits for a review.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Filters, Mode, normalise};
use crate::outcome::{CaseOutcome, SnapshotState};
use crate::suite::Case;

/// A snapshot file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the snapshot {}: {source}", path.display())]
pub struct SnapshotError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl SnapshotError {
    fn on(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
        let path = path.to_owned();
        move |source| SnapshotError { action, path, source }
    }
}

/// The accepted snapshots of one target.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    target: String,
}

impl Store {
    /// The snapshots of `target` below `root` (`fixtures/snapshots`).
    pub fn new(root: &Path, target: &str) -> Store {
        Store { folder: root.join(file_name(target)), target: target.to_owned() }
    }

    /// Where the accepted snapshot of a case is: its id below the target's folder, `@` before a variant.
    pub fn path(&self, case: &Case) -> PathBuf {
        let variant = case.variant.to_string();
        let mut path: PathBuf = self.folder.clone();
        path.extend(case.id.split('/').map(file_name));
        let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let variant = if variant.is_empty() { variant } else { format!("@{}", variant.replace(' ', ",")) };
        path.with_file_name(format!("{last}{variant}.snap"))
    }

    /// Normalises the transcript of a case and compares it with the accepted one. `values` are names and values of the case, to
    /// which its captures are added. In [`Mode::Pending`] what differs is put down for a review, and what no longer differs is
    /// taken away again.
    pub fn compare(
        &self,
        outcome: &CaseOutcome,
        values: &[(String, String)],
        filters: &Filters,
        mode: Mode,
    ) -> Result<SnapshotState, SnapshotError> {
        if mode == Mode::Off {
            return Ok(SnapshotState::Off);
        }
        let known = values.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes()));
        let values: Vec<(String, Vec<u8>)> = known.chain(outcome.captures.iter().cloned()).collect();
        self.compare_text(&outcome.case, &normalise(&outcome.transcript, &values, filters), mode)
    }

    fn compare_text(&self, case: &Case, present: &str, mode: Mode) -> Result<SnapshotState, SnapshotError> {
        let path = self.path(case);
        let new = path.with_extension("snap.new");
        let state = match read(&path)? {
            None => SnapshotState::New,
            Some(accepted) if accepted.body == present => SnapshotState::Same,
            Some(accepted) => SnapshotState::Changed { accepted: accepted.body, present: present.to_owned() },
        };
        match (mode, &state) {
            (Mode::Pending, SnapshotState::Same) => remove(&new)?,
            (Mode::Pending, _) => write(&new, &self.file(case, present))?,
            _ => {}
        }
        Ok(state)
    }

    fn file(&self, case: &Case, body: &str) -> String {
        format!(
            "---\nsource: {}\ndescription: {}\ninfo:\n  case: {}\n  target: {}\n---\n{body}",
            scalar(&case.file),
            scalar(&case.title),
            scalar(&case.name()),
            scalar(&self.target)
        )
    }
}

/// A snapshot that waits for a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The file that waits: `….snap.new`.
    pub path: PathBuf,
    /// Id and variant of the case.
    pub case: String,
    pub target: String,
    /// The suite file.
    pub source: String,
    /// The title of the case.
    pub description: String,
    /// What was accepted before; `None`: nothing.
    pub accepted: Option<String>,
    pub present: String,
}

impl Pending {
    /// The file with the accepted snapshot.
    pub fn accepted_path(&self) -> PathBuf {
        self.path.with_extension("")
    }

    /// What waits is accepted from now on.
    pub fn accept(&self) -> Result<(), SnapshotError> {
        fs::rename(&self.path, self.accepted_path()).map_err(SnapshotError::on("accept", &self.path))
    }

    /// What was accepted before stays.
    pub fn reject(&self) -> Result<(), SnapshotError> {
        remove(&self.path)
    }
}

/// Every snapshot below `root` that waits for a review, by path; of one target only, if it is named.
pub fn pending(root: &Path, target: Option<&str>) -> Result<Vec<Pending>, SnapshotError> {
    let folder = target.map_or_else(|| root.to_owned(), |target| root.join(file_name(target)));
    let mut paths = Vec::new();
    walk(&folder, &mut paths)?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let Some(new) = read(&path)? else { continue };
        let accepted = read(&path.with_extension(""))?.map(|accepted| accepted.body);
        let case = new.header("case").unwrap_or_else(|| path.display().to_string());
        found.push(Pending {
            case,
            target: new.header("target").unwrap_or_default(),
            source: new.header("source").unwrap_or_default(),
            description: new.header("description").unwrap_or_default(),
            accepted,
            present: new.body,
            path,
        });
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SnapshotError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(SnapshotError::on("list", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(SnapshotError::on("list", folder))?;
        let path = entry.path();
        if entry.file_type().map_err(SnapshotError::on("list", &path))?.is_dir() {
            walk(&path, found)?;
        } else if path.to_string_lossy().ends_with(".snap.new") {
            found.push(path);
        }
    }
    Ok(())
}

/// A snapshot file, cut in two.
struct SnapshotFile {
    header: Vec<String>,
    body: String,
}

impl SnapshotFile {
    /// A value of the header; keys of `info` stand indented.
    fn header(&self, key: &str) -> Option<String> {
        let line = self.header.iter().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(':'))?;
        let value = line.trim();
        Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()))
    }
}

fn read(path: &Path) -> Result<Option<SnapshotFile>, SnapshotError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(SnapshotError::on("read", path))?,
    };
    let mut lines = text.lines();
    let broken = || SnapshotError::on("read", path)(io::Error::other("it has no header between two lines `---`; remove it"));
    if lines.next() != Some("---") {
        return Err(broken());
    }
    let header: Vec<String> = lines.by_ref().take_while(|line| *line != "---").map(str::to_owned).collect();
    if !text.lines().skip(1).any(|line| line == "---") {
        return Err(broken());
    }
    let body: String = lines.flat_map(|line| [line, "\n"]).collect();
    Ok(Some(SnapshotFile { header, body }))
}

fn write(path: &Path, text: &str) -> Result<(), SnapshotError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(SnapshotError::on("make a folder for", path))?;
    }
    fs::write(path, text).map_err(SnapshotError::on("write", path))
}

/// Removes a file; one that is not there is as good as removed.
fn remove(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SnapshotError::on("remove", path)(error)),
        _ => Ok(()),
    }
}

/// A word as a name of one file: no separators, nothing hidden, nothing that leads upwards.
fn file_name(word: &str) -> String {
    let safe: String = word.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.+".contains(c) { c } else { '_' }).collect();
    match safe.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if safe.is_empty() => "_".to_owned(),
        None => safe,
    }
}

/// A YAML scalar on one line: a JSON string is one.
fn scalar(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;
    use crate::report::sample;
    use crate::suite::{Level, Transport, Variant};

    fn case(id: &str) -> Case {
        sample::case(id, Level::Must, "NOOP: \"nothing\" — # and +OK")
    }

    const BODY: &str = "C: NOOP\nS: +OK\\x20\nS: ---\n";

    #[test]
    fn a_change_waits_until_it_is_accepted() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), "dovecot");
        let case = case("pop3/rfc1939/5-transaction/noop");
        assert_eq!(store.compare_text(&case, BODY, Mode::Pending).unwrap(), SnapshotState::New);
        let [waiting] = pending(root.path(), None).unwrap().try_into().unwrap();
        assert_eq!((waiting.case.as_str(), waiting.target.as_str()), (case.id.as_str(), "dovecot"));
        assert_eq!((waiting.description.as_str(), waiting.present.as_str()), (case.title.as_str(), BODY));
        assert_eq!(waiting.accepted, None);
        waiting.accept().unwrap();
        assert_eq!(store.compare_text(&case, BODY, Mode::Pending).unwrap(), SnapshotState::Same);
        let changed = store.compare_text(&case, "C: NOOP\n", Mode::Pending).unwrap();
        assert_eq!(changed, SnapshotState::Changed { accepted: BODY.into(), present: "C: NOOP\n".into() });
        assert_eq!(pending(root.path(), Some("dovecot")).unwrap().len(), 1);
        assert!(pending(root.path(), Some("postfix")).unwrap().is_empty());
        // The change went away by itself: nothing is left to review.
        assert_eq!(store.compare_text(&case, BODY, Mode::Pending).unwrap(), SnapshotState::Same);
        assert!(pending(root.path(), None).unwrap().is_empty());
    }

    #[test]
    fn checking_never_writes() {
        let root = tempfile::tempdir().unwrap();
        let case = case("pop3/x/noop");
        let store = Store::new(root.path(), "t");
        let mut outcome = sample::outcome(case, Verdict::Passed, 1);
        outcome.transcript.entries = vec![sample::entry(1, "", false, "C:NOOP\r\n")];
        let compared = |mode| store.compare(&outcome, &[], &Filters::default(), mode).unwrap();
        assert_eq!(compared(Mode::Check), SnapshotState::New);
        assert_eq!(compared(Mode::Off), SnapshotState::Off);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_captures_bound_is_shown_by_name() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), "t");
        let mut outcome = sample::outcome(case("pop3/x/noop"), Verdict::Passed, 1);
        outcome.transcript.entries = vec![sample::entry(1, "", false, "C:USER alice-17 abcdef\r\n")];
        outcome.captures = vec![("token".into(), b"abcdef".to_vec())];
        let values = [("alice.login".to_owned(), "alice-17".to_owned())];
        store.compare(&outcome, &values, &Filters::default(), Mode::Pending).unwrap();
        let [waiting] = pending(root.path(), None).unwrap().try_into().unwrap();
        assert_eq!(waiting.present, "C: USER ${alice.login} ${token}\n");
    }

    #[test]
    fn insta_reads_the_files() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), "dovecot");
        let case = case("pop3/x/noop");
        store.compare_text(&case, BODY, Mode::Pending).unwrap();
        let snapshot = insta::Snapshot::from_file(&store.path(&case).with_extension("snap.new")).unwrap();
        assert_eq!(snapshot.metadata().source(), Some(&*case.file));
        assert_eq!(snapshot.metadata().description(), Some(case.title.as_str()));
        let insta::internals::SnapshotContents::Text(contents) = snapshot.contents() else { panic!("a text") };
        assert_eq!(contents.to_string().trim_end(), BODY.trim_end());
    }

    #[test]
    fn files_stay_below_the_folder_of_the_target() {
        let store = Store::new(Path::new("snapshots"), "../evil target");
        let mut case = case("smtp/../../etc/x");
        assert_eq!(store.path(&case), Path::new("snapshots/_._evil_target/smtp/_./_./etc/x.snap"));
        case.id = "imap/rfc9051/6.3.2-select/a.b".into();
        case.variant = Variant { transport: Some(Transport::Tls), segments: Some(Default::default()), literals: None };
        let store = Store::new(Path::new("s"), "dovecot");
        assert_eq!(store.path(&case), Path::new("s/dovecot/imap/rfc9051/6.3.2-select/a.b@transport=tls,segments=whole.snap"));
    }

    #[test]
    fn a_file_without_header_is_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), "t");
        let case = case("pop3/x/noop");
        for text in ["", "C: NOOP\n", "---\nsource: x\n"] {
            write(&store.path(&case), text).unwrap();
            let said = store.compare_text(&case, BODY, Mode::Pending).unwrap_err().to_string();
            assert!(said.contains("noop.snap") && said.contains("no header"), "{said}");
        }
    }
}
