//! A client that sends what it is told and reads lines.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reference_server::config::{Config, Listen, Service};
use reference_server::server::{Running, start};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long something may take that should happen at once. No machine is as busy as that.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server with alice and bob at example.org, listening everywhere on free ports.
pub async fn server(config: Config) -> Running {
    let listen = |service| Listen { service, address: "127.0.0.1:0".parse().unwrap() };
    let accounts = ["alice@example.org:secret", "bob@example.org:secret"];
    let accounts = accounts.map(|account| account.parse().unwrap()).to_vec();
    start(Config { listen: Service::ALL.map(listen).to_vec(), accounts, ..config }).await.unwrap()
}

/// One end of a connection.
pub struct Client<S> {
    pub stream: S,
    read: Vec<u8>,
}

impl Client<TcpStream> {
    /// Connects and reads nothing yet.
    pub async fn connect(server: &Running, service: &str) -> Self {
        Self::connect_to(server.addresses[service]).await
    }

    pub async fn connect_to(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.unwrap())
    }

    /// Does the TLS handshake, trusting the server's certificate only.
    pub async fn secure(self, server: &Running) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        self.secure_as(server, None).await
    }

    /// The same, showing a certificate of its own.
    pub async fn secure_as(
        self,
        server: &Running,
        own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(server.certificate.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots);
        let config = match own {
            None => config.with_no_client_auth(),
            Some((chain, key)) => config.with_client_auth_cert(chain, key).unwrap(),
        };
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("mail.example.org").unwrap();
        Ok(Client::on(connector.connect(name, self.stream).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn on(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Takes octets that were read behind the last line, at most so many; gives how many there were.
    pub fn take(&mut self, taken: &mut Vec<u8>, most: usize) -> usize {
        let count = self.read.len().min(most);
        taken.extend(self.read.drain(..count));
        count
    }

    /// The next line without its end, or `None` when the server has closed.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|octets| octets == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut piece = [0; 4096];
            let read = timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("an answer in time");
            match read {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.read.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Reads lines until one begins so; gives all of them.
    pub async fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await.unwrap_or_else(|| panic!("closed before {start:?}, after {lines:#?}"));
            let found = line.starts_with(start);
            lines.push(line);
            if found {
                return lines;
            }
        }
    }

    /// Sends a line and reads one that begins so.
    pub async fn ask(&mut self, line: &str, answer: &str) {
        self.send(&format!("{line}\r\n")).await;
        self.until(answer).await;
    }
}

/// Sends a message over SMTP and gives the reply to its end.
pub async fn submit(server: &Running, to: &str, message: &str) -> String {
    let mut client = Client::connect(server, "smtp").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
    client.ask(&format!("RCPT TO:<{to}>"), "250 ").await;
    client.ask("DATA", "354 ").await;
    client.send(&format!("{message}\r\n.\r\n")).await;
    client.line().await.unwrap()
}

/// The messages in an INBOX, as POP3 shows them, once there are so many.
pub async fn maildrop(server: &Running, user: &str, count: usize) -> Vec<Vec<String>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut client = Client::connect(server, "pop3").await;
        client.until("+OK").await;
        // Messages with UTF-8 in their headers are for those only who say so (RFC 6856 §2.1).
        client.ask("UTF8", "+OK").await;
        client.ask(&format!("USER {user}"), "+OK").await;
        client.ask("PASS secret", "+OK").await;
        client.send("STAT\r\n").await;
        let stat = client.line().await.unwrap();
        let held: usize = stat.split(' ').nth(1).unwrap().parse().unwrap();
        if held >= count {
            let mut messages = Vec::new();
            for number in 1..=held {
                client.ask(&format!("RETR {number}"), "+OK").await;
                let mut lines = Vec::new();
                while let Some(line) = client.line().await.filter(|line| line != ".") {
                    lines.push(line);
                }
                messages.push(lines);
            }
            client.ask("QUIT", "+OK").await;
            return messages;
        }
        assert!(tokio::time::Instant::now() < deadline, "{held} of {count} messages came");
        client.ask("QUIT", "+OK").await;
    }
}
