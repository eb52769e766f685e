//! The command line: one file per subcommand. Arguments become plain options; what is printed is a report.

mod baseline;
mod check;
mod explain;
mod interrupt;
mod list;
mod matrix;
mod output;
mod run;
mod serve;
mod snapshot;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::suite::Places;
use crate::suite::form::SuiteYaml;
use crate::suite::topologies::TopologyYaml;

/// Replays YAML dialogues against an SMTP, POP3 or IMAP server and judges every reply by the RFCs.
#[derive(Debug, Parser)]
#[command(name = "mailspec", version, about, long_about = None, max_term_width = 110, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mailspec run                                    every suite against the built-in reference server
  mailspec run --target dovecot --start           start Dovecot by its target file, test it, stop it
  mailspec run smtp/rfc5321/4.5.2 --target my.yaml -v
  mailspec run 'imap/**/uid-*' --strict --retries 1
  mailspec explain pop3/rfc1939/5-retr/byte-stuffing
  mailspec check suites/imap                      validate suites without running them

Exit codes:
  0  the target conforms (skipped, warned and expected failures included)
  1  it deviates
  2  usage, an unreadable suite or target, a pattern that selects nothing
  3  the target could not be tested";

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The folder with suites and the requirements catalogue
    #[arg(long, global = true, value_name = "DIR", default_value = "suites", env = "MAILSPEC_SUITES")]
    pub suites: PathBuf,
    /// The folder with messages, targets and snapshots
    #[arg(long, global = true, value_name = "DIR", default_value = "fixtures", env = "MAILSPEC_FIXTURES")]
    pub fixtures: PathBuf,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Also every case with its verdict, what the RFC left free, and the slowest cases
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Only failures and the summary
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play suites against a target and judge it
    Run(run::RunArgs),
    /// Validate suites without running them
    Check(check::CheckArgs),
    /// List cases
    List(list::ListArgs),
    /// Explain a case: requirement, dialogue, how the last runs went
    Explain(explain::ExplainArgs),
    /// Review transcripts that differ from the accepted ones
    Snapshot(snapshot::SnapshotArgs),
    /// Keep the list of a target's known deviations
    Baseline(baseline::BaselineArgs),
    /// Compare the reports of several targets
    Matrix(matrix::MatrixArgs),
    /// Run the reference server
    Serve(Box<serve::Serve>),
    /// Print the JSON Schema of suites (suites/schema.json) or of topologies (fixtures/topologies/schema.json)
    Schema {
        /// Of what
        #[arg(value_enum, default_value_t = SchemaOf::Suites)]
        of: SchemaOf,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SchemaOf {
    Suites,
    Topologies,
}

/// A command that could not do its work: what to say, and the exit code.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub code: u8,
}

impl Failure {
    /// Usage, or input that cannot be read.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 2 }
    }
}

impl Global {
    pub fn places(&self) -> Places {
        Places { suites: self.suites.clone(), fixtures: self.fixtures.clone() }
    }
}

/// Parses the command line, does what it says, gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; everything else is usage.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no threads: {error}");
            return ExitCode::from(3);
        }
    };
    let result = runtime.block_on(dispatch(cli));
    // A server that hangs must not keep us from ending.
    runtime.shutdown_background();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

async fn dispatch(cli: Cli) -> Result<u8, Failure> {
    let global = cli.global;
    match cli.command {
        Command::Run(args) => run::run(&global, &args).await,
        Command::Check(args) => check::check(&global, &args),
        Command::List(args) => list::list(&global, &args),
        Command::Explain(args) => explain::explain(&global, &args),
        Command::Snapshot(args) => snapshot::snapshot(&global, &args),
        Command::Baseline(args) => baseline::baseline(&global, &args).await,
        Command::Matrix(args) => matrix::matrix(&args),
        Command::Serve(args) => serve::serve(*args).await,
        Command::Schema { of: SchemaOf::Suites } => output::print(&crate::suite::form::schema::<SuiteYaml>()),
        Command::Schema { of: SchemaOf::Topologies } => output::print(&crate::suite::form::schema::<TopologyYaml>()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mailspec", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
