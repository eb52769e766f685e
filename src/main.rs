//! The `mailspec` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailspec::cli::main()
}
