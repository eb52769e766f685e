//! The only sockets: open, read, write, upgrade, close. Bytes go through untouched.

mod certificate;
mod deflate;
mod link;
mod listener;
mod names;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

pub use certificate::{PEER_AUTHORITY, server_config};
pub use link::{Heard, Link, Reservation, Said};
pub use listener::Listener;
pub use names::{NameServer, Names, Record};
pub use tls::{Trust, client_config};

use crate::suite::Segments;

/// How a server's certificate is judged, and the name asked for.
#[derive(Clone)]
pub struct TlsClient {
    pub config: std::sync::Arc<rustls::ClientConfig>,
    pub server_name: rustls::pki_types::ServerName<'static>,
}

/// One connection to the target.
pub struct Connection {
    stream: Stream,
    /// What came while we were still writing; it is read first.
    early: Vec<u8>,
    /// The other end opened it.
    accepted: bool,
    /// Compresses what is written and decompresses what is read.
    deflate: Option<deflate::Deflate>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Reset, or given up in a failed handshake.
    Gone,
}

/// No more than this is kept of what a server sends while it does not read.
const EARLY_LIMIT: usize = 8 << 20;

impl Connection {
    /// Connects within `timeout`; with `tls` the handshake follows at once.
    pub async fn open(address: SocketAddr, tls: Option<&TlsClient>, timeout: Duration) -> io::Result<Connection> {
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut connection = Connection { stream: Stream::Plain(stream), early: Vec::new(), accepted: false, deflate: None };
            if let Some(tls) = tls {
                connection.secure(&[], tls).await?;
            }
            Ok(connection)
        };
        match tokio::time::timeout(timeout, connect).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer from {address} within {timeout:?}"))),
        }
    }

    /// The other end opened it.
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Writes `inject` in clear in the same packet as nothing else, then does the TLS handshake.
    pub async fn secure(&mut self, inject: &[u8], tls: &TlsClient) -> io::Result<()> {
        let Stream::Plain(mut stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::Error::other("the connection is TLS already, or gone"));
        };
        if !inject.is_empty() {
            stream.write_all(inject).await?;
        }
        let connector = tokio_rustls::TlsConnector::from(tls.config.clone());
        self.stream = Stream::Tls(Box::new(connector.connect(tls.server_name.clone(), stream).await?.into()));
        Ok(())
    }

    /// Does the TLS handshake as server.
    pub async fn accept_tls(&mut self, config: std::sync::Arc<rustls::ServerConfig>) -> io::Result<()> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::Error::other("the connection is TLS already, or gone"));
        };
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        self.stream = Stream::Tls(Box::new(acceptor.accept(stream).await?.into()));
        Ok(())
    }

    /// Compresses from here on (RFC 4978), or ends that: what was compressed is ended as the format wants it.
    pub async fn compress(&mut self, active: bool) -> io::Result<()> {
        if active {
            self.deflate = Some(deflate::Deflate::new());
            return Ok(());
        }
        let Some(deflate) = &mut self.deflate else { return Ok(()) };
        let end = deflate.end()?;
        self.write_some(&end).await
    }

    /// What its TLS can be bound to: names and data of channel bindings, the best first.
    pub fn channel_bindings(&self) -> Vec<(&'static str, Vec<u8>)> {
        match &self.stream {
            Stream::Tls(stream) => match stream.as_ref() {
                TlsStream::Client(stream) => tls::channel_bindings(stream.get_ref().1),
                // Only clients authenticate here.
                TlsStream::Server(_) => Vec::new(),
            },
            Stream::Plain(_) | Stream::Gone => Vec::new(),
        }
    }

    /// Writes everything, in one write or octet by octet. What the server sends meanwhile is kept for reading, so that two
    /// full buffers cannot block each other.
    pub async fn write(&mut self, bytes: &[u8], segments: Segments) -> io::Result<()> {
        let compressed = match &mut self.deflate {
            Some(deflate) if deflate.sends() => Some(deflate.compressed(bytes)?),
            _ => None,
        };
        let bytes = compressed.as_deref().unwrap_or(bytes);
        match segments {
            Segments::Whole => self.write_some(bytes).await,
            Segments::Bytewise => {
                for octet in bytes.chunks(1) {
                    self.write_some(octet).await?;
                }
                Ok(())
            }
        }
    }

    async fn write_some(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        let mut buffer = [0u8; 8192];
        std::future::poll_fn(|context| {
            while !rest.is_empty() {
                match self.stream.poll_write(context, rest) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(count)) => rest = rest.get(count..).unwrap_or_default(),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {
                        let mut read = ReadBuf::new(&mut buffer);
                        match self.stream.poll_read(context, &mut read) {
                            Poll::Ready(Ok(())) if !read.filled().is_empty() && self.early.len() < EARLY_LIMIT => {
                                self.early.extend_from_slice(read.filled());
                            }
                            Poll::Ready(Ok(())) => {
                                return Poll::Ready(Err(io::Error::new(
                                    io::ErrorKind::BrokenPipe,
                                    "the other end closed while we were sending",
                                )));
                            }
                            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                }
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        match &mut self.stream {
            // TLS buffers records until flushed.
            Stream::Tls(stream) => stream.flush().await,
            _ => Ok(()),
        }
    }

    /// Reads what is there; 0 octets: the server closed.
    pub fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.deflate.is_none() {
            return self.poll_raw(context, buffer);
        }
        let mut raw = [0u8; 8192];
        loop {
            if let Some(deflate) = &mut self.deflate {
                match deflate.read(buffer) {
                    Ok(0) => {}
                    read => return Poll::Ready(read),
                }
            }
            match self.poll_raw(context, &mut raw) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(0)),
                Poll::Ready(Ok(count)) => {
                    if let Some(deflate) = &mut self.deflate {
                        deflate.received(raw.get(..count).unwrap_or_default());
                    }
                }
                other => return other,
            }
        }
    }

    fn poll_raw(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.early.is_empty() {
            let count = self.early.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(self.early.drain(..count)) {
                *to = from;
            }
            return Poll::Ready(Ok(count));
        }
        let mut read = ReadBuf::new(buffer);
        match self.stream.poll_read(context, &mut read) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(read.filled().len())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads what is there; 0 octets: the server closed.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        std::future::poll_fn(|context| self.poll_read(context, buffer)).await
    }

    /// Says that nothing more will be sent (FIN; under TLS close_notify before it).
    pub async fn half_close(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.shutdown().await,
            Stream::Tls(stream) => stream.shutdown().await,
            Stream::Gone => Ok(()),
        }
    }

    /// Closes with RST.
    pub fn reset(&mut self) {
        let stream = match std::mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => match *stream {
                TlsStream::Client(stream) => stream.into_inner().0,
                TlsStream::Server(stream) => stream.into_inner().0,
            },
            Stream::Gone => return,
        };
        // Lingering for zero seconds is what makes close() send RST; if it cannot be set, FIN is the next best.
        let _ = stream.set_zero_linger();
    }
}

impl Stream {
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

/// An end of a connection in words, for transcripts. `accepted`: it was opened by the other end.
pub fn end_in_words(result: &io::Result<usize>, accepted: bool) -> String {
    let who = if accepted { "the client" } else { "the server" };
    match result {
        Ok(_) => format!("{who} closed the connection"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => format!("{who} reset the connection"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("{who} closed the connection without TLS close_notify")
        }
        Err(error) => format!("the connection broke: {error}"),
    }
}
