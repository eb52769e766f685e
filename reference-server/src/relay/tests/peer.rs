//! A server that answers as a table says, and remembers what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a command is answered: the beginning of the command (empty for the greeting, `.` for the end of the message, `*` for
/// any), and the reply: text, or [`CLOSE`], or [`SILENT`]. Of several rules for a command the first is used up first; the
/// last one stays.
pub type Rules = &'static [(&'static str, &'static str)];

/// Closes the connection instead of a reply; after a reply if there is one before it.
pub const CLOSE: &str = "\0close";
/// Says nothing.
pub const SILENT: &str = "\0silent";

pub struct Peer {
    pub address: SocketAddr,
    /// The certificate it shows after STARTTLS, as PEM.
    pub certificate: String,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The commands of each connection; `.` stands for a message.
    pub connections: Vec<Vec<String>>,
    /// What was between DATA and the dot, as it was sent, or in chunks.
    pub messages: Vec<Vec<u8>>,
    /// How many commands came in one piece with others before the reply to them was sent.
    pub in_groups: usize,
}

/// The positive answers where no rule says another.
const OTHERWISE: &[(&str, &str)] = &[
    ("", "220 hamburger.edu ready"),
    ("EHLO", "250-hamburger.edu\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"),
    ("DATA", "354 go on"),
    ("QUIT", "221 bye"),
    ("*", "250 2.0.0 ok"),
];

struct Book {
    rules: Vec<(&'static str, &'static str)>,
}

impl Book {
    fn answer(&mut self, command: &str) -> &'static str {
        let fits = |rule: &str| {
            if rule.is_empty() || command.is_empty() { rule == command } else { rule == "*" || command.starts_with(rule) }
        };
        if let Some(place) = self.rules.iter().position(|(rule, _)| fits(rule)) {
            let (rule, reply) = self.rules[place];
            if self.rules.iter().filter(|(other, _)| *other == rule).count() > 1 {
                self.rules.remove(place);
            }
            return reply;
        }
        OTHERWISE.iter().find(|(rule, _)| fits(rule)).unwrap().1
    }
}

impl Peer {
    pub async fn start(rules: Rules) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), rules).await
    }

    pub async fn at(address: SocketAddr, rules: Rules) -> Self {
        Self::named(address, "hamburger.edu", rules).await
    }

    /// One whose certificate is for this name.
    pub async fn named(address: SocketAddr, name: &str, rules: Rules) -> Self {
        let socket = TcpListener::bind(address).await.unwrap();
        let address = socket.local_addr().unwrap();
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let (certificate, acceptor) = (made.cert.pem(), TlsAcceptor::from(Arc::new(tls)));
        let heard = Arc::<Mutex<Heard>>::default();
        let (book, hears) = (Arc::new(Mutex::new(Book { rules: rules.to_vec() })), heard.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = socket.accept().await {
                hears.lock().unwrap().connections.push(Vec::new());
                let number = hears.lock().unwrap().connections.len() - 1;
                let connection = Connection { number, book: book.clone(), heard: hears.clone() };
                tokio::spawn(connection.run(client, acceptor.clone()));
            }
        });
        Self { address, certificate, heard }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    /// The commands of the only connection.
    pub fn commands(&self) -> Vec<String> {
        let heard = self.heard();
        assert_eq!(heard.connections.len(), 1, "{:#?}", heard.connections);
        heard.connections[0].clone()
    }

    /// Waits until the connections have heard so much.
    pub async fn has_heard(&self, enough: impl Fn(&Heard) -> bool) -> Heard {
        for _ in 0..500 {
            let heard = self.heard();
            if enough(&heard) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:#?}", self.heard());
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Connection {
    number: usize,
    book: Arc<Mutex<Book>>,
    heard: Arc<Mutex<Heard>>,
}

impl Connection {
    async fn run(self, client: impl Stream, acceptor: TlsAcceptor) {
        let mut client = client;
        let greeting = self.answer("");
        if say(&mut client, greeting).await && self.serve(&mut client).await {
            let Ok(mut client) = acceptor.accept(client).await else { return };
            self.hear("(TLS)");
            self.serve(&mut client).await;
        }
    }

    fn answer(&self, command: &str) -> &'static str {
        self.book.lock().unwrap().answer(command)
    }

    fn hear(&self, command: &str) {
        self.heard.lock().unwrap().connections[self.number].push(command.to_owned());
    }

    /// Gives true if TLS is to begin.
    async fn serve(&self, client: &mut impl Stream) -> bool {
        let mut read = Vec::new();
        loop {
            while let Some(end) = read.windows(2).position(|octets| octets == b"\r\n") {
                let line: Vec<u8> = read.drain(..end + 2).collect();
                let line = String::from_utf8_lossy(&line[..end]).into_owned();
                self.hear(&line);
                self.heard.lock().unwrap().in_groups += usize::from(!read.is_empty());
                if let Some(chunk) = line.strip_prefix("BDAT ") {
                    let size: usize = chunk.split(' ').next().unwrap().parse().unwrap();
                    while read.len() < size {
                        if !more(client, &mut read).await {
                            return false;
                        }
                    }
                    let chunk: Vec<u8> = read.drain(..size).collect();
                    self.heard.lock().unwrap().messages.push(chunk);
                }
                let reply = self.answer(&line);
                if !say(client, reply).await || line == "QUIT" {
                    return false;
                }
                if line == "STARTTLS" && reply.starts_with('2') {
                    return true;
                }
                if line == "DATA" && reply.starts_with('3') && !self.message(client, &mut read).await {
                    return false;
                }
            }
            if !more(client, &mut read).await {
                return false;
            }
        }
    }

    /// Takes the message; gives false when the connection is at its end.
    async fn message(&self, client: &mut impl Stream, read: &mut Vec<u8>) -> bool {
        let end = loop {
            if read.starts_with(b".\r\n") {
                break 0;
            }
            if let Some(at) = memchr::memmem::find(read, b"\r\n.\r\n") {
                break at + 2;
            }
            if !more(client, read).await {
                return false;
            }
        };
        let message: Vec<u8> = read.drain(..end).collect();
        read.drain(..3);
        self.heard.lock().unwrap().messages.push(message);
        self.hear(".");
        let reply = self.answer(".");
        say(client, reply).await
    }
}

async fn more(client: &mut impl Stream, read: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 * 1024];
    match client.read(&mut piece).await {
        Ok(0) | Err(_) => false,
        Ok(count) => {
            read.extend_from_slice(&piece[..count]);
            true
        }
    }
}

/// Gives false if the connection is to be closed.
async fn say(client: &mut impl Stream, reply: &str) -> bool {
    if reply == SILENT {
        return true;
    }
    let (text, close) = reply.split_once(CLOSE).map_or((reply, false), |(text, _)| (text, true));
    let said = async {
        if !text.is_empty() {
            client.write_all(format!("{text}\r\n").as_bytes()).await?;
            client.flush().await?;
        }
        if close { client.shutdown().await } else { Ok(()) }
    };
    said.await.is_ok() && !close
}
