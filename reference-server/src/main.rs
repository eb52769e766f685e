//! The reference server as a program of its own.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use reference_server::cli::queue::{QueueArgs, queue};
use reference_server::cli::{ServeArgs, serve};
use tracing_subscriber::EnvFilter;

/// A strict mail server to run suites and clients against: SMTP, POP3 and IMAP over one store.
///
/// Example: reference-server --listen smtp=127.0.0.1:2525 --listen imap=127.0.0.1:2143 --domain example.org
/// --account alice@example.org:secret --memory
///
/// Passwords may travel in clear from loopback addresses only. RUST_LOG=debug shows what happens on standard error.
#[derive(Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    Queue(QueueArgs),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let program = Program::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match program.command {
        Some(Command::Queue(args)) => queue(args).await,
        None => serve(program.serve).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reference-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
