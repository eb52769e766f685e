//! One connection: reads bytes, lets the session answer, writes, and hands over to TLS when the session asks for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::channel::channel;
use super::deflate::Deflate;
use super::{NewSession, Place, Shared};
use crate::clock::Alarm;
use crate::session::{After, Bell, Peer, Session};
use crate::stop::Stop;

/// Octets read at a time.
const READ: usize = 16 * 1024;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a closed connection is read on, so that the last reply is not lost with a reset.
const LINGER: Duration = Duration::from_millis(500);

/// A session with its connection's surroundings.
struct Connection {
    session: Live,
    bell: Bell,
    /// While both sides compress.
    deflate: Option<Deflate>,
    shared: Arc<Shared>,
    stop: Stop,
}

/// A session that is told when its connection is gone, however that comes about.
struct Live(Box<dyn Session>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Why a conversation on one transport ended.
enum Ended {
    Closed,
    /// The session asked for TLS; this is still to be sent in clear.
    StartTls(Vec<u8>),
}

/// What woke a waiting connection.
enum Event {
    Received(io::Result<usize>),
    Rang,
    Expired,
    Stopping,
}

/// Someone who has connected and was not greeted yet.
pub(super) struct Caller {
    pub socket: TcpStream,
    pub peer: Peer,
    /// Without a place the client is told so and sent away.
    pub place: Option<Place>,
}

impl Caller {
    /// Runs the connection to its end. Where it begins with TLS the session is made after the handshake, which tells who
    /// the client is.
    pub async fn serve(self, new_session: NewSession, shared: Arc<Shared>, stop: Stop) {
        let Caller { socket, mut peer, place } = self;
        // A reply is one write, and the client waits for it: nothing is gained by delaying it.
        let _ = socket.set_nodelay(true);
        let served = async {
            if peer.tls {
                let mut tls = handshake(&shared, socket).await?;
                peer.channel = Arc::new(channel(tls.get_ref().1, shared.server_end_point.as_deref()));
                let mut connection = Connection::new(peer, &new_session, shared, stop);
                connection.begin(&mut tls, place.is_some()).await?;
            } else {
                let mut socket = socket;
                let mut connection = Connection::new(peer, &new_session, shared, stop);
                if let Ended::StartTls(reply) = connection.begin(&mut socket, place.is_some()).await? {
                    connection.upgrade(socket, reply).await?;
                }
            }
            io::Result::Ok(())
        };
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

impl Connection {
    fn new(peer: Peer, new_session: &NewSession, shared: Arc<Shared>, stop: Stop) -> Self {
        let bell = peer.bell.clone();
        Self { session: Live(new_session(peer)), bell, deflate: None, shared, stop }
    }

    /// Sends the reply to STARTTLS, does the handshake and goes on over TLS.
    async fn upgrade(&mut self, socket: TcpStream, reply: Vec<u8>) -> io::Result<()> {
        let mut socket = socket;
        // RFC 3207 §6: what came in clear behind STARTTLS must not be taken for something said under TLS. An honest
        // client waits for the reply before it shakes hands, so whatever is here now is thrown away.
        let mut dropped = [0; 1024];
        while matches!(socket.try_read(&mut dropped), Ok(1..)) {}
        let reply = self.encoded(reply)?;
        if let Some(deflate) = &mut self.deflate {
            deflate.forget();
        }
        socket.write_all(&reply).await?;
        let mut tls = handshake(&self.shared, socket).await?;
        let mut out = Vec::new();
        let channel = channel(tls.get_ref().1, self.shared.server_end_point.as_deref());
        let after = self.call(|session| session.secured(channel, &mut out));
        self.converse(&mut tls, after, out).await?;
        Ok(())
    }

    async fn begin<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S, room: bool) -> io::Result<Ended> {
        let mut out = Vec::new();
        if !room {
            self.call(|session| session.stopping(&mut out));
            return self.close(stream, out).await;
        }
        let after = self.call(|session| session.greet(&mut out));
        self.converse(stream, after, out).await
    }

    /// Sends what is written, does what the session said, and waits for the next event.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        mut after: After,
        mut out: Vec<u8>,
    ) -> io::Result<Ended> {
        let mut buffer = vec![0; READ];
        let clock = self.shared.clock.clone();
        let mut alarm = Alarm::new(clock.clone());
        let mut heard = clock.uptime();
        loop {
            match after {
                After::StartTls => return Ok(Ended::StartTls(out)),
                After::Close => return self.close(stream, out).await,
                After::Continue | After::Flush | After::Await => self.send(stream, &mut out).await?,
                After::Compress => {
                    self.send(stream, &mut out).await?;
                    self.deflate = Some(Deflate::new());
                }
                After::EndCompression => {
                    if let Some(deflate) = &mut self.deflate {
                        out = deflate.compressed_last(&out)?;
                    }
                    self.send(stream, &mut out).await?;
                    // What the client said behind the command is there already.
                    after = self.call(|session| session.receive(&[], &mut out));
                    continue;
                }
            }
            if after == After::Flush {
                after = self.call(|session| session.receive(&[], &mut out));
                continue;
            }
            if after == After::Await {
                // Not even a stop comes between: the answer says who is responsible for what the client has sent.
                self.bell.rung().await;
                after = self.call(|session| session.wake(&mut out));
                heard = clock.uptime();
                continue;
            }
            if let Some(deflate) = &mut self.deflate
                && let Some(octets) = deflate.next()?
            {
                after = self.call(|session| session.receive(&octets, &mut out));
                continue;
            }
            after = match self.wait(stream, &mut buffer, &mut alarm, heard).await {
                Event::Received(Ok(0)) => return Ok(Ended::Closed),
                Event::Received(count) => {
                    let received = buffer.get(..count?).unwrap_or_default();
                    heard = clock.uptime();
                    if let Some(deflate) = &mut self.deflate {
                        deflate.received(received);
                        after = After::Continue;
                        continue;
                    }
                    let after = self.call(|session| session.receive(received, &mut out));
                    heard = clock.uptime();
                    after
                }
                Event::Rang => self.call(|session| session.wake(&mut out)),
                Event::Expired => {
                    // A session that goes on after all is as patient as before.
                    heard = clock.uptime();
                    self.call(|session| session.expired(&mut out))
                }
                Event::Stopping => {
                    self.call(|session| session.stopping(&mut out));
                    After::Close
                }
            };
        }
    }

    /// Waits for whatever comes first. `heard`: when the client was last heard, by the server's clock.
    async fn wait<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        buffer: &mut [u8],
        alarm: &mut Alarm,
        heard: Duration,
    ) -> Event {
        let deadline = heard + self.session.0.patience();
        tokio::select! {
            biased;
            () = self.stop.wait() => Event::Stopping,
            received = stream.read(buffer) => Event::Received(received),
            () = self.bell.rung() => Event::Rang,
            () = alarm.passed(deadline) => Event::Expired,
        }
    }

    /// A client that does not read what it asked for is given as long as one that says nothing.
    async fn send<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, out: &mut Vec<u8>) -> io::Result<()> {
        if !out.is_empty() {
            *out = self.encoded(std::mem::take(out))?;
            let patience = self.session.0.patience();
            let sent = self.shared.clock.within(patience, write(stream, out)).await;
            sent.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
            out.clear();
            // A big answer should not keep its memory for the rest of a quiet connection.
            out.shrink_to(READ);
        }
        Ok(())
    }

    /// The octets as they go over the wire.
    fn encoded(&mut self, out: Vec<u8>) -> io::Result<Vec<u8>> {
        match &mut self.deflate {
            Some(deflate) if deflate.sends() => deflate.compressed(&out),
            _ => Ok(out),
        }
    }

    /// Sends the last words and closes.
    async fn close<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S, out: Vec<u8>) -> io::Result<Ended> {
        let out = self.encoded(out)?;
        close(stream, &out).await
    }

    /// Lets the session work.
    fn call<T>(&mut self, work: impl FnOnce(&mut dyn Session) -> T) -> T {
        work(&mut *self.session.0)
    }
}

async fn handshake(shared: &Shared, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let shaken = shared.clock.within(HANDSHAKE, shared.tls.accept(socket)).await;
    shaken.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, out: &[u8]) -> io::Result<()> {
    stream.write_all(out).await?;
    stream.flush().await
}

/// Sends the last words and closes. Reads on for a moment: closing with unread input makes the system send a reset,
/// which may destroy the last reply before the client has seen it.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, out: &[u8]) -> io::Result<Ended> {
    let goodbye = async {
        write(stream, out).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? != 0 {}
        io::Result::Ok(())
    };
    // Whether the client waits for the end is its own business.
    let _ = timeout(LINGER, goodbye).await;
    Ok(Ended::Closed)
}
