//! Where text goes: standard output, with colour if it is wanted and can be shown; problems of suites to standard error.

use std::io::{IsTerminal, Write};
use std::path::Path;

use super::{Color, Failure, Global};
use crate::report::terminal::{Options, Verbosity};
use crate::suite::Library;
use crate::suite::problem::Severity;

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub fn print(text: &str) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(Failure::usage(format!("cannot write: {error}"))),
    }
}

impl Global {
    /// Whether standard output gets colour.
    pub fn colour(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
        }
    }

    /// How terminal pages are written.
    pub fn terminal(&self) -> Options {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = columns.unwrap_or(if std::io::stdout().is_terminal() { 110 } else { 120 });
        Options { verbosity, colour: self.colour(), width }
    }
}

/// Shows the problems of a library on standard error; the last line counts them.
pub fn problems(library: &Library, colour: bool, warnings: bool) {
    let mut err = std::io::stderr().lock();
    let shown = library.problems.iter().filter(|problem| warnings || problem.severity == Severity::Error);
    for problem in shown {
        let source = library.sources.get(problem.file.as_str()).map_or("", |source| source.as_ref());
        let _ = writeln!(err, "{}\n", problem.render(source, colour));
    }
}

/// The errors and warnings of a library, counted.
pub fn counts(library: &Library) -> (usize, usize) {
    let errors = library.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    (errors, library.problems.len() - errors)
}

/// Loads all suites; unreadable ones are shown and end the command.
pub fn library(global: &Global) -> Result<Library, Failure> {
    if !global.suites.is_dir() {
        return Err(Failure::usage(format!(
            "there is no folder `{}` with suites here; run in the project's folder or name it with --suites",
            global.suites.display()
        )));
    }
    let library = crate::suite::load(&global.places(), &[]);
    if library.has_errors() {
        problems(&library, global.colour(), false);
        let (errors, _) = counts(&library);
        let noun = if errors == 1 { "error" } else { "errors" };
        return Err(Failure::usage(format!("{errors} {noun} in the suites; nothing was run")));
    }
    Ok(library)
}

/// Writes a file and the folders it needs.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    std::fs::write(path, text).map_err(wrong)
}
