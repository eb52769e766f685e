//! Reads suite files, the requirements catalogue and fixtures from a folder, and reports every problem of every file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::build;
use super::form::{LevelYaml, RequirementsYaml, SuiteYaml};
use super::lint;
use super::model::{Case, Fixtures, Requirement, Span, Suite};
use super::problem::{Problem, Severity, did_you_mean};
use super::topologies::{self, TopologyYaml};
use super::topology::Topology;
use super::{Level, requirements, steering, yaml};

/// Everything a folder of suites holds.
#[derive(Clone, Debug, Default)]
pub struct Library {
    pub suites: Vec<Suite>,
    pub requirements: BTreeMap<String, Arc<Requirement>>,
    pub fixtures: Fixtures,
    pub topologies: BTreeMap<String, Arc<Topology>>,
    pub problems: Vec<Problem>,
    /// The text of every file read, by the name problems and cases use.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl Library {
    /// All cases in the order of files and lines.
    pub fn cases(&self) -> impl Iterator<Item = &Arc<Case>> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// Whether a run would be meaningless.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|p| p.severity == Severity::Error)
    }
}

/// Where suites and their material are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder that gives ids: `suites`.
    pub suites: PathBuf,
    /// The folder whose `messages/*.eml` are the fixtures: `fixtures`.
    pub fixtures: PathBuf,
}

/// Loads all suites of `places`, or only the files in (and below) `only` if it names any; the catalogue and the fixtures are
/// always read. Problems are collected, never thrown: a broken file costs itself only.
pub fn load(places: &Places, only: &[PathBuf]) -> Library {
    let mut library = Library::default();
    load_requirements(places, &mut library);
    load_fixtures(places, &mut library);
    load_topologies(places, &mut library);
    let mut files = BTreeSet::new();
    let roots = if only.is_empty() { std::slice::from_ref(&places.suites) } else { only };
    for root in roots {
        if let Err(error) = collect(root, &mut files) {
            let name = root.display().to_string();
            library.problems.push(
                Problem::error(&name, Span::default(), format!("cannot read: {error}"))
                    .with_hint("name a suite file or a folder of them"),
            );
        }
    }
    for file in files.iter().filter(|file| !is_catalogue(places, file)) {
        load_suite(places, file, &mut library);
    }
    duplicate_ids(&mut library);
    library.problems.sort_by(|a, b| (&a.file, a.span.line, a.span.column).cmp(&(&b.file, b.span.line, b.span.column)));
    library
}

fn is_catalogue(places: &Places, file: &Path) -> bool {
    file.starts_with(places.suites.join("requirements"))
}

/// All `*.yaml` and `*.yml` below a path, or the path itself if it is a file.
fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.insert(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        let yaml = entry.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if entry.is_dir() || yaml {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

/// Reads a file as text; a problem if it cannot be read or is no UTF-8.
fn text(file: &Path, library: &mut Library) -> Option<(Arc<str>, Arc<str>)> {
    let name: Arc<str> = Arc::from(file.to_string_lossy().strip_prefix("./").unwrap_or(&file.to_string_lossy()));
    let wrong = |message: String| Problem::error(&name, Span::default(), message);
    match std::fs::read(file) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => {
                let source: Arc<str> = Arc::from(text);
                library.sources.insert(name.clone(), source.clone());
                Some((name, source))
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                library.problems.push(wrong(format!("is not UTF-8: the byte at offset {at} belongs to no character")));
                None
            }
        },
        Err(error) => {
            library.problems.push(wrong(format!("cannot read: {error}")));
            None
        }
    }
}

fn yaml_problem(name: &str, error: yaml::YamlError) -> Problem {
    let span = Span { line: error.line, column: error.column, length: 1 };
    let hint = unknown_key(&error.message);
    let problem = Problem::error(name, span, error.message);
    match hint {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}

/// For "unknown key `titel`, expected one of id, title": what was meant.
fn unknown_key(message: &str) -> Option<String> {
    let (typed, known) = message.strip_prefix("unknown ")?.split_once('`')?.1.split_once('`')?;
    let known = known.split_once("expected one of ").or_else(|| known.split_once("expected "))?.1;
    did_you_mean(typed, known.split(", ").map(|name| name.trim_matches('`'))).map(|meant| format!("did you mean `{meant}`?"))
}

fn load_requirements(places: &Places, library: &mut Library) {
    let folder = places.suites.join("requirements");
    let mut files = BTreeSet::new();
    if folder.is_dir()
        && let Err(error) = collect(&folder, &mut files)
    {
        library.problems.push(Problem::error(&folder.display().to_string(), Span::default(), format!("cannot read: {error}")));
    }
    for file in files {
        let Some((name, source)) = text(&file, library) else { continue };
        match yaml::read::<RequirementsYaml>(&source) {
            Ok(catalogue) => requirements::add(&name, catalogue, &mut library.requirements, &mut library.problems),
            Err(error) => library.problems.push(yaml_problem(&name, error)),
        }
    }
}

fn load_fixtures(places: &Places, library: &mut Library) {
    let folder = places.fixtures.join("messages");
    let Ok(entries) = std::fs::read_dir(&folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "eml")) {
        let Some(name) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { continue };
        match std::fs::read(&path) {
            Ok(bytes) => {
                library.fixtures.insert(name, Arc::from(bytes));
            }
            Err(error) => {
                library.problems.push(Problem::error(
                    &path.display().to_string(),
                    Span::default(),
                    format!("cannot read: {error}"),
                ));
            }
        }
    }
}

fn load_topologies(places: &Places, library: &mut Library) {
    let Ok(entries) = std::fs::read_dir(places.fixtures.join("topologies")) else { return };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let Some(stem) = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { continue };
        let Some((name, source)) = text(file, library) else { continue };
        match yaml::read::<TopologyYaml>(&source) {
            Ok(topology) => {
                let topology = topologies::build(&name, &stem, &topology, &mut library.problems);
                library.topologies.insert(stem, Arc::new(topology));
            }
            Err(error) => library.problems.push(yaml_problem(&name, error)),
        }
    }
}

fn load_suite(places: &Places, file: &Path, library: &mut Library) {
    let Some((name, source)) = text(file, library) else { return };
    let suite = match yaml::read::<SuiteYaml>(&source) {
        Ok(suite) => suite,
        Err(error) => {
            library.problems.push(yaml_problem(&name, error));
            return;
        }
    };
    let prefix = id_prefix(places, file);
    let mut problems = Vec::new();
    let built = build::cases(
        &build::Context {
            file: &name,
            source: &source,
            prefix: &prefix,
            requirements: &library.requirements,
            topologies: &library.topologies,
        },
        &suite,
        &mut problems,
    );
    for case in &built {
        lint::check(case, &library.fixtures, &mut problems);
        steering::check(case, &suite, &mut problems);
    }
    // Variants of one case have the same problems.
    problems.sort_by_key(|p| (p.span, p.message.clone()));
    problems.dedup();
    library.problems.append(&mut problems);
    library.suites.push(Suite { file: name, source, cases: built.into_iter().map(Arc::new).collect() });
}

/// `suites/pop3/rfc1939/5-transaction.yaml` → `pop3/rfc1939/5-transaction`.
fn id_prefix(places: &Places, file: &Path) -> String {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (whole, root) = (canonical(file), canonical(&places.suites));
    let inside = whole.strip_prefix(&root).map(Path::to_path_buf);
    let inside = inside.unwrap_or_else(|_| PathBuf::from(file.file_name().unwrap_or_default()));
    let parts: Vec<String> = inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

fn duplicate_ids(library: &mut Library) {
    let mut seen: BTreeMap<String, (Arc<str>, usize)> = BTreeMap::new();
    let mut problems = Vec::new();
    for case in library.suites.iter().flat_map(|suite| &suite.cases) {
        let first = seen.entry(case.name()).or_insert_with(|| (case.file.clone(), case.line));
        if *first != (case.file.clone(), case.line) {
            let name = case.id.rsplit('/').next().unwrap_or_default();
            let line = library.sources.get(&case.file).and_then(|source| source.lines().nth(case.line.saturating_sub(1)));
            let before = line.and_then(|line| line.split_once(name)).map_or(0, |(before, _)| before.chars().count());
            let span = Span { line: case.line, column: before + 1, length: name.len().max(1) };
            let message = format!("the id `{}` is taken", case.id);
            problems.push(
                Problem::error(&case.file, span, message)
                    .with_hint(format!("it stands at {}:{}; ids are permanent, rename the new one", first.0, first.1)),
            );
        }
    }
    problems.dedup();
    library.problems.append(&mut problems);
}

impl From<LevelYaml> for Level {
    fn from(level: LevelYaml) -> Level {
        match level {
            LevelYaml::Must => Level::Must,
            LevelYaml::Should => Level::Should,
            LevelYaml::May => Level::May,
        }
    }
}
