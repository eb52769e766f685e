//! The way from one server to another, which can be cut and stalled: a relay of TCP connections whose address stays the same, whatever
//! becomes of what is behind it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// An address kept from others. While nobody listens there, connections are refused.
#[derive(Debug)]
pub struct Reservation {
    // Bound and not listening; closed when dropped.
    _socket: TcpSocket,
    pub address: SocketAddr,
}

impl Reservation {
    /// Whether the one it is kept for can listen there meanwhile. Linux lets sockets that agree to it share an address so long as at
    /// most one listens; elsewhere the reservation has to be given up first, and somebody else may be quicker.
    pub const SHARED: bool = cfg!(target_os = "linux");

    /// Takes an address; port 0 takes a free one.
    pub fn new(address: SocketAddr) -> io::Result<Reservation> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Connections that have just ended do not keep the address.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Reservation { address: socket.local_addr()?, _socket: socket })
    }
}

/// Something that was said on a way.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Connections count from 1.
    pub connection: usize,
    pub at: Instant,
    pub said: Said,
}

/// Who said what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Opened,
    Client(Vec<u8>),
    Server(Vec<u8>),
    /// TLS began; nothing more of this connection is kept.
    Encrypted,
    Closed,
}

/// What is kept of what was said.
#[derive(Debug, Default)]
struct Record {
    heard: Vec<Heard>,
    connections: usize,
    octets: usize,
}

/// Octets of all connections that are kept; a transcript is for reading.
const KEPT: usize = 8 << 20;

/// Listens to one connection.
struct Ear {
    record: Arc<Mutex<Record>>,
    connection: usize,
}

impl Ear {
    fn new(record: &Arc<Mutex<Record>>) -> Ear {
        let connection = {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            record.connections += 1;
            record.connections
        };
        let ear = Ear { record: record.clone(), connection };
        ear.hear(Said::Opened);
        ear
    }

    fn hear(&self, said: Said) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |heard: &&mut Heard| heard.connection == self.connection;
        let encrypted = record.heard.iter_mut().rev().find(own).is_some_and(|last| last.said == Said::Encrypted);
        let said = match said {
            Said::Client(_) | Said::Server(_) if encrypted => return,
            // A handshake record (RFC 8446 §5.1) is no line of any mail protocol.
            Said::Client(bytes) if bytes.starts_with(&[0x16, 0x03]) => Said::Encrypted,
            said => said,
        };
        let octets = match &said {
            Said::Client(bytes) | Said::Server(bytes) => bytes.len(),
            _ => 0,
        };
        if record.octets + octets > KEPT {
            return;
        }
        record.octets += octets;
        // How the network cut what was said in one go is of no interest.
        match (record.heard.iter_mut().rev().find(own).map(|last| &mut last.said), &said) {
            (Some(Said::Client(before)), Said::Client(bytes)) | (Some(Said::Server(before)), Said::Server(bytes)) => {
                before.extend_from_slice(bytes);
            }
            _ => record.heard.push(Heard { connection: self.connection, at: Instant::now(), said }),
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.hear(Said::Closed);
    }
}

/// One way. It begins refused; connections end when it is dropped.
#[derive(Debug)]
pub struct Link {
    /// Where connections are made to.
    pub address: SocketAddr,
    reservation: Option<Reservation>,
    state: State,
    record: Arc<Mutex<Record>>,
}

#[derive(Debug)]
enum State {
    Refused,
    Carrying { relay: JoinHandle<()>, stalled: watch::Sender<bool> },
}

impl Link {
    /// A way on a free loopback port.
    pub fn new() -> io::Result<Link> {
        Link::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// A way at this address; port 0 takes a free one.
    pub fn at(address: SocketAddr) -> io::Result<Link> {
        let reservation = Reservation::new(address)?;
        Ok(Link { address: reservation.address, reservation: Some(reservation), state: State::Refused, record: Arc::default() })
    }

    /// Opens it to `to`; what was stalled goes on.
    pub async fn open(&mut self, to: SocketAddr) -> io::Result<()> {
        self.carry(to, false).await
    }

    /// Connections stay and new ones are accepted, but nothing gets through until it is opened.
    pub async fn stall(&mut self, to: SocketAddr) -> io::Result<()> {
        self.carry(to, true).await
    }

    /// Ends all connections and refuses new ones.
    pub async fn refuse(&mut self) {
        if let State::Carrying { relay, .. } = std::mem::replace(&mut self.state, State::Refused) {
            relay.abort();
            // Its sockets are closed when it has ended.
            let _ = relay.await;
            // Without a reservation the next `open` says if somebody else has taken the port.
            self.reservation = self.reservation.take().or_else(|| Reservation::new(self.address).ok());
        }
    }

    /// What was said on it so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).heard.clone()
    }

    async fn carry(&mut self, to: SocketAddr, stall: bool) -> io::Result<()> {
        if let State::Carrying { stalled, .. } = &self.state {
            stalled.send_replace(stall);
            return Ok(());
        }
        if !Reservation::SHARED {
            self.reservation = None;
        }
        let listener = TcpListener::bind(self.address).await?;
        let (stalled, hears) = watch::channel(stall);
        let relay = tokio::spawn(relay(listener, to, hears, self.record.clone()));
        self.state = State::Carrying { relay, stalled };
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let State::Carrying { relay, .. } = &self.state {
            relay.abort();
        }
    }
}

/// Accepts until it is aborted; then its connections are gone, too.
async fn relay(listener: TcpListener, to: SocketAddr, stalled: watch::Receiver<bool>, record: Arc<Mutex<Record>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((from, _)) = accepted {
                    connections.spawn(connection(from, to, stalled.clone(), Ear::new(&record)));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(from: TcpStream, to: SocketAddr, mut stalled: watch::Receiver<bool>, ear: Ear) {
    let _ = from.set_nodelay(true);
    if open(&mut stalled).await.is_err() {
        return;
    }
    let Ok(to) = TcpStream::connect(to).await else {
        // As near to a refusal as a connection that was accepted can come.
        let _ = from.set_zero_linger();
        return;
    };
    let _ = to.set_nodelay(true);
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (from.into_split(), to.into_split());
    let up = pass(&mut from_client, &mut to_server, stalled.clone(), |bytes| ear.hear(Said::Client(bytes)));
    let down = pass(&mut from_server, &mut to_client, stalled, |bytes| ear.hear(Said::Server(bytes)));
    let _ = tokio::join!(up, down);
}

async fn open(stalled: &mut watch::Receiver<bool>) -> io::Result<()> {
    // The sender goes with the link.
    stalled.wait_for(|stalled| !*stalled).await.map(|_| ()).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

/// Passes bytes in one direction until the end, and passes the end on.
async fn pass(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    mut stalled: watch::Receiver<bool>,
    hear: impl Fn(Vec<u8>),
) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        open(&mut stalled).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        // Heard before it can be answered.
        hear(bytes.to_vec());
        to.write_all(bytes).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    /// A server that says what it hears.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn asked(stream: &mut TcpStream) -> io::Result<[u8; 4]> {
        stream.write_all(b"ping").await?;
        let mut answer = [0; 4];
        timeout(SOON, stream.read_exact(&mut answer)).await??;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_way_is_refused_open_stalled_and_cut() {
        let (server, mut link) = (echo().await, Link::new().unwrap());
        let refused = |result: io::Result<TcpStream>| result.unwrap_err().kind() == io::ErrorKind::ConnectionRefused;
        assert!(refused(TcpStream::connect(link.address).await));

        link.open(server).await.unwrap();
        let mut stream = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(asked(&mut stream).await.unwrap(), *b"ping");

        link.stall(server).await.unwrap();
        let mut waiting = TcpStream::connect(link.address).await.unwrap();
        stream.write_all(b"late").await.unwrap();
        let mut answer = [0; 4];
        assert!(timeout(Duration::from_millis(50), stream.read(&mut answer)).await.is_err());
        link.open(server).await.unwrap();
        timeout(SOON, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!((answer, asked(&mut waiting).await.unwrap()), (*b"late", *b"ping"));

        link.refuse().await;
        assert!(matches!(timeout(SOON, stream.read(&mut answer)).await.unwrap(), Ok(0) | Err(_)));
        assert!(refused(TcpStream::connect(link.address).await));
        link.refuse().await;
        link.open(server).await.unwrap();
        assert_eq!(asked(&mut TcpStream::connect(link.address).await.unwrap()).await.unwrap(), *b"ping");
        let opened = link.heard().into_iter().filter(|heard| heard.said == Said::Opened).count();
        assert_eq!(opened, 3);
    }

    #[tokio::test]
    async fn the_end_of_one_direction_is_passed_on() {
        let (server, mut link) = (echo().await, Link::new().unwrap());
        link.open(server).await.unwrap();
        let mut stream = TcpStream::connect(link.address).await.unwrap();
        stream.write_all(b"all of it").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut whole = Vec::new();
        timeout(SOON, stream.read_to_end(&mut whole)).await.unwrap().unwrap();
        assert_eq!(whole, b"all of it");
        let said: Vec<Said> = link.heard().into_iter().map(|heard| heard.said).collect();
        let text = || b"all of it".to_vec();
        assert_eq!(said.get(..3), Some(&[Said::Opened, Said::Client(text()), Said::Server(text())][..]));
    }

    #[test]
    fn what_is_said_in_one_go_is_one_and_under_tls_nothing() {
        let record = Arc::default();
        let (one, other) = (Ear::new(&record), Ear::new(&record));
        one.hear(Said::Client(b"EH".to_vec()));
        other.hear(Said::Client(b"STARTTLS\r\n".to_vec()));
        one.hear(Said::Client(b"LO\r\n".to_vec()));
        other.hear(Said::Client(vec![0x16, 0x03, 0x01, 0x02]));
        other.hear(Said::Server(vec![0x16, 0x03, 0x03, 0x02]));
        drop(other);
        let said: Vec<(usize, Said)> =
            record.lock().unwrap().heard.iter().map(|heard| (heard.connection, heard.said.clone())).collect();
        let client = |text: &str| Said::Client(text.as_bytes().to_vec());
        let wanted = [
            (1, Said::Opened),
            (2, Said::Opened),
            (1, client("EHLO\r\n")),
            (2, client("STARTTLS\r\n")),
            (2, Said::Encrypted),
            (2, Said::Closed),
        ];
        assert_eq!(said, wanted);
    }

    #[tokio::test]
    async fn a_reserved_address_is_refused_and_free_again() {
        let reservation = Reservation::new("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = reservation.address;
        assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        if Reservation::SHARED {
            let listener = std::net::TcpListener::bind(address).unwrap();
            TcpStream::connect(address).await.unwrap();
            drop(listener);
            assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        }
        drop(reservation);
        std::net::TcpListener::bind(address).unwrap();
    }
}
