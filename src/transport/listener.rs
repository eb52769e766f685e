//! Where the server under test connects to: listening sockets.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::{Connection, Stream};

/// A socket that listens.
#[derive(Debug)]
pub struct Listener(TcpListener);

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;

impl Listener {
    /// Listens from now on; needs a runtime. A [`Reservation`](super::Reservation) of the address does not stand in the way: sockets
    /// that may be used again share an address as long as no other listens.
    pub fn open(address: SocketAddr) -> io::Result<Listener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG).map(Listener)
    }

    /// The next connection. Dropping the future loses none.
    pub async fn accept(&self) -> io::Result<Connection> {
        let (stream, _) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: Stream::Plain(stream), early: Vec::new(), accepted: true, deflate: None })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::Reservation;
    use super::*;

    #[tokio::test]
    async fn a_reserved_port_refuses_and_can_be_opened_again_and_again() {
        let reservation = Reservation::new((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = reservation.address;
        for _ in 0..3 {
            let refused = tokio::net::TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let listener = Listener::open(address).unwrap();
            let (connected, accepted) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
            assert!(connected.is_ok() && accepted.unwrap().is_accepted());
        }
    }
}
