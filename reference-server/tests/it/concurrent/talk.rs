//! A connection that may break at any moment, and the beliefs of its client.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::belief::Belief;

/// A session that has selected INBOX.
pub struct Talk {
    stream: BufStream<TcpStream>,
    tag: u32,
    pub belief: Belief,
    pub uidvalidity: u32,
    /// Whether MODSEQ may be asked for.
    pub condstore: bool,
}

/// The tagged response: OK or NO, and what follows.
pub struct Completion {
    pub ok: bool,
    pub text: String,
}

impl Talk {
    /// Logs in as alice and selects INBOX.
    pub async fn open(address: SocketAddr) -> io::Result<Talk> {
        let stream = BufStream::new(TcpStream::connect(address).await?);
        stream.get_ref().set_nodelay(true)?;
        let mut talk = Talk { stream, tag: 0, belief: Belief::default(), uidvalidity: 0, condstore: false };
        talk.line().await?;
        talk.ask("LOGIN alice secret", "LOGIN").await?;
        talk.ask("CAPABILITY", "CAPABILITY").await?;
        talk.select().await?;
        Ok(talk)
    }

    /// Selects INBOX, anew perhaps, and asks for all that is in it.
    pub async fn select(&mut self) -> io::Result<()> {
        self.belief = Belief::default();
        self.ask("SELECT INBOX", "SELECT").await?;
        if !self.belief.messages.is_empty() {
            self.ask("FETCH 1:* (UID FLAGS RFC822.SIZE)", "FETCH").await?;
        }
        Ok(())
    }

    /// Sends a command and takes in what comes until it is completed. It is known to the rules by its name.
    pub async fn ask(&mut self, command: &str, name: &str) -> io::Result<Completion> {
        let tag = self.send(command).await?;
        self.completed(&tag, name).await
    }

    /// Sends a command without waiting; gives its tag.
    pub async fn send(&mut self, command: &str) -> io::Result<String> {
        self.tag += 1;
        let tag = format!("a{}", self.tag);
        self.stream.write_all(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        Ok(tag)
    }

    /// Takes in what comes until the command of this tag is completed.
    pub async fn completed(&mut self, tag: &str, name: &str) -> io::Result<Completion> {
        loop {
            let line = self.line().await?;
            if let Some(rest) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                let ok = rest.starts_with("OK");
                // What another session has expunged is no fault of this one.
                assert!(ok || rest.starts_with("NO [EXPUNGEISSUED]"), "{name}: {rest}");
                return Ok(Completion { ok, text: rest.to_owned() });
            }
            self.told(&line, name);
        }
    }

    /// Idles until something was told, or this long; gives whether something was.
    pub async fn idle(&mut self, patience: Duration) -> io::Result<bool> {
        let tag = self.send("IDLE").await?;
        loop {
            let line = self.line().await?;
            if line.starts_with('+') {
                break;
            }
            self.told(&line, "IDLE");
        }
        // Whoever gives up waiting must not give up in the middle of a line.
        let heard = match timeout(patience, self.stream.fill_buf()).await {
            Ok(_) => {
                self.hear().await?;
                true
            }
            Err(_) => false,
        };
        self.done(&tag).await?;
        Ok(heard)
    }

    /// Ends IDLE.
    pub async fn done(&mut self, tag: &str) -> io::Result<()> {
        self.stream.write_all(b"DONE\r\n").await?;
        self.stream.flush().await?;
        self.completed(tag, "IDLE").await.map(drop)
    }

    /// The next line that comes, taken in.
    pub async fn hear(&mut self) -> io::Result<String> {
        let line = self.line().await?;
        self.told(&line, "IDLE");
        Ok(line)
    }

    /// The UIDs the client knows.
    pub fn uids(&self) -> BTreeSet<u32> {
        self.belief.messages.iter().filter_map(|known| known.uid).collect()
    }

    fn told(&mut self, line: &str, name: &str) {
        if let Some(rest) = line.strip_prefix("* OK [UIDVALIDITY ") {
            self.uidvalidity = rest.split(']').next().unwrap().parse().unwrap();
        }
        self.condstore |= line.starts_with("* CAPABILITY ") && line.split(' ').any(|word| word == "CONDSTORE");
        assert!(!line.starts_with("* BYE") && !line.starts_with("* BAD"), "{name}: {line}");
        self.belief.told(line, name);
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let read = timeout(Duration::from_secs(60), self.stream.read_line(&mut line)).await;
        match read.expect("the server answers in time")? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ if !line.ends_with("\r\n") => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
