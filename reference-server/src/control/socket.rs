//! The socket in the directory of a running server.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{Answer, Request, answer};
use crate::queue::{Queue, Sender};
use crate::stop::Stop;
use crate::waiting::waiting;

/// The most octets of a request.
const REQUEST: u64 = 64 * 1024;
/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers requests about the queue.
pub(crate) struct Socket {
    pub path: PathBuf,
    pub queue: Queue,
    pub sender: Sender,
}

impl Socket {
    /// Listens; who has the database open may take the place of a socket that a dead server left.
    pub fn bind(&self) -> io::Result<UnixListener> {
        let _ = std::fs::remove_file(&self.path);
        let listener = std::os::unix::net::UnixListener::bind(&self.path)?;
        std::fs::set_permissions(&self.path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    /// Answers until told to stop, one at a time.
    pub async fn serve(self, listener: UnixListener, mut stop: Stop) {
        loop {
            let stream = tokio::select! {
                () = stop.wait() => break,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = stream else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let answered = tokio::time::timeout(PATIENCE, self.converse(stream)).await;
            if let Ok(Err(error)) = answered {
                tracing::debug!(%error, "a request about the queue was not answered");
            }
        }
        let _ = std::fs::remove_file(&self.path);
    }

    async fn converse(&self, stream: UnixStream) -> Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut line = String::new();
        BufReader::new(reading.take(REQUEST)).read_line(&mut line).await?;
        let answer = match serde_json::from_str::<Request>(&line) {
            Ok(request) => waiting(|| answer(&self.queue, Some(&self.sender), request)),
            Err(error) => Answer::Failed(format!("the request makes no sense: {error}")),
        };
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        writing.write_all(&line).await?;
        Ok(())
    }
}

/// Asks the server that listens there.
pub(crate) async fn ask(path: &Path, request: &Request) -> Result<Answer> {
    let stream = UnixStream::connect(path).await.with_context(|| {
        format!("a server has this directory, but does not answer at {}: is it another user's?", path.display())
    })?;
    let (reading, mut writing) = stream.into_split();
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    writing.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(reading).read_line(&mut answer).await?;
    serde_json::from_str(&answer).context("the server's answer makes no sense: is it of another version?")
}
