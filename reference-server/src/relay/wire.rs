//! A connection to another server: bytes out, replies in, each with its time-out by the server's clock.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::reply::{Framer, Malformed, Reply};
use crate::clock::Clock;
use crate::stop::Stop;

/// A clock that was steered jumps over every deadline at once, and bytes travel in real time: they always get this much.
const JUMP: Duration = Duration::from_secs(1);
/// How long the other side may take to say good-bye.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long a server that stops waits for the reply to a message that was sent whole.
const LAST_CHANCE: Duration = Duration::from_secs(1);
/// Octets read at a time.
const READ: usize = 4096;

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it cannot be connected to: {0}")]
    Unreachable(io::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("the connection broke: {0}")]
    Failed(io::Error),
    #[error("no answer came in time")]
    TimedOut,
    #[error("it does not speak SMTP: {0}")]
    Malformed(#[from] Malformed),
    /// Octets in clear behind the reply to STARTTLS could pass for something said under TLS.
    #[error("it sent more than its reply to STARTTLS")]
    Injected,
    /// 421, at any place (RFC 5321 §3.8).
    #[error("it closes the connection: {}", .0.shown())]
    Closing(Reply),
    /// A reply that nothing can be made of here.
    #[error("its reply makes no sense here: {}", .0.shown())]
    Senseless(Reply),
    #[error("TLS failed: {0}")]
    Tls(io::Error),
    /// The message cannot be read from the store.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// This server stops.
    #[error("this server stops")]
    Stopping,
}

/// A stream with the replies that were read from it.
pub(super) struct Wire {
    stream: Stream,
    framer: Framer,
    clock: Clock,
    stop: Stop,
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While the handshake has the socket.
    Gone,
}

impl Wire {
    pub fn new(socket: TcpStream, clock: Clock, stop: Stop) -> Self {
        // Commands are written in groups: nothing is gained by delaying them.
        let _ = socket.set_nodelay(true);
        Self { stream: Stream::Clear(socket), framer: Framer::default(), clock, stop }
    }

    /// Writes all of it; a block that is not taken within `patience` fails (RFC 5321 §4.5.3.2.5).
    pub async fn send(&mut self, bytes: &[u8], patience: Duration) -> Result<(), Broken> {
        let (stream, clock, stop) = (&mut self.stream, &self.clock, &mut self.stop);
        let work = async { stream.write(bytes).await.map_err(Broken::Failed) };
        within(clock, patience, Some(stop), work).await
    }

    /// Sends a command, or a group of them. The other side must have answered what was asked before and nothing else: a reply
    /// too many would be taken for the answer to something it does not know yet.
    pub async fn command(&mut self, bytes: &[u8], patience: Duration) -> Result<(), Broken> {
        match self.framer.reply()? {
            Some(reply) if reply.code == 421 => Err(Broken::Closing(reply)),
            Some(reply) => Err(Broken::Senseless(reply)),
            None => self.send(bytes, patience).await,
        }
    }

    /// The next reply.
    pub async fn reply(&mut self, patience: Duration) -> Result<Reply, Broken> {
        self.wait_for_reply(patience, true).await
    }

    /// The reply after the end of a message: somebody answers for the message by it, so a stop waits for it for a while.
    pub async fn last_reply(&mut self, patience: Duration) -> Result<Reply, Broken> {
        self.wait_for_reply(patience, false).await
    }

    async fn wait_for_reply(&mut self, patience: Duration, stoppable: bool) -> Result<Reply, Broken> {
        let (stream, framer) = (&mut self.stream, &mut self.framer);
        let work = async {
            let mut buffer = [0; READ];
            loop {
                if let Some(reply) = framer.reply()? {
                    return if reply.code == 421 { Err(Broken::Closing(reply)) } else { Ok(reply) };
                }
                match stream.read(&mut buffer).await.map_err(Broken::Failed)? {
                    0 => return Err(Broken::Closed),
                    count => framer.push(buffer.get(..count).unwrap_or_default()),
                }
            }
        };
        if stoppable {
            return within(&self.clock, patience, Some(&mut self.stop), work).await;
        }
        let mut stop = self.stop.clone();
        let given_up = async {
            stop.wait().await;
            tokio::time::sleep(LAST_CHANCE).await;
        };
        tokio::select! {
            done = within(&self.clock, patience, None, work) => done,
            () = given_up => Err(Broken::Stopping),
        }
    }

    /// Whether the other side has said anything, or gone, while nothing was asked of it.
    pub fn is_stale(&mut self) -> bool {
        let Stream::Clear(socket) = &self.stream else {
            // Under TLS there may be tickets to read; a connection that is gone shows at the next command.
            return !self.framer.is_empty();
        };
        let mut octet = [0];
        !self.framer.is_empty() || !matches!(socket.try_read(&mut octet), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Does the TLS handshake. Everything the other side said before is forgotten (RFC 3207 §4.2).
    pub async fn secure(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        patience: Duration,
    ) -> Result<(), Broken> {
        if !self.framer.is_empty() {
            return Err(Broken::Injected);
        }
        let Stream::Clear(socket) = std::mem::replace(&mut self.stream, Stream::Gone) else { return Err(Broken::Closed) };
        let work = async { TlsConnector::from(config).connect(name, socket).await.map_err(Broken::Tls) };
        let tls = within(&self.clock, patience, Some(&mut self.stop), work).await?;
        self.stream = Stream::Tls(Box::new(tls));
        Ok(())
    }

    /// Says QUIT and closes; the other side has a moment to answer.
    pub async fn quit(mut self) {
        let goodbye = async {
            self.stream.write(b"QUIT\r\n").await?;
            let mut buffer = [0; READ];
            let answered = self.stream.read(&mut buffer).await?;
            self.stream.shutdown().await?;
            io::Result::Ok(answered)
        };
        // Nothing depends on its answer.
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

impl Stream {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Clear(socket) => socket.read(buffer).await,
            Stream::Tls(tls) => match tls.read(buffer).await {
                // A close without close_notify: what matters is whether the reply was whole.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
            Stream::Gone => Ok(0),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Clear(socket) => socket.write_all(bytes).await,
            Stream::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Stream::Clear(socket) => socket.shutdown().await,
            Stream::Tls(tls) => tls.shutdown().await,
            Stream::Gone => Ok(()),
        }
    }
}

/// Does the work, or says why it was given up: too late, or the word to stop came.
pub(super) async fn within<T>(
    clock: &Clock,
    patience: Duration,
    stop: Option<&mut Stop>,
    work: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Broken> {
    let deadline = clock.now() + patience;
    let late = async {
        tokio::join!(clock.reaches(deadline), tokio::time::sleep(JUMP.min(patience)));
    };
    let stopped = async {
        match stop {
            Some(stop) => stop.wait().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = stopped => Err(Broken::Stopping),
        () = late => Err(Broken::TimedOut),
    }
}
