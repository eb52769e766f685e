//! `mailspec serve`: the reference server, with the options of its own program.

use clap::Args;

use super::Failure;

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    serve: reference_server::cli::ServeArgs,
}

/// Serves until Ctrl-C or SIGTERM, and gives the exit code.
pub async fn serve(args: Serve) -> Result<u8, Failure> {
    match reference_server::cli::serve(args.serve).await {
        Ok(()) => Ok(0),
        Err(error) => Err(Failure { message: format!("{error:#}"), code: 3 }),
    }
}
