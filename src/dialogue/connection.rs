//! One connection as the engine sees it: replies not yet spoken for, tags not yet answered, open or closed.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::imap::Numbering;
use crate::protocol::smtp::client::ClientFramer;
use crate::protocol::smtp::usual::Peer;
use crate::protocol::start::literal_size;
use crate::protocol::{Framer, Limits, Reply, framer};
use crate::suite::{Party, Protocol, Serve, Start, StartState};

/// How the harness answers by itself.
#[derive(Debug)]
pub struct Served {
    pub by: Arc<Serve>,
    pub usual: Peer,
    /// How often each rule was used.
    pub used: Vec<usize>,
    /// The handshake after STARTTLS is under way: nothing is read before it.
    pub securing: bool,
}

/// State of a connection.
#[derive(Debug)]
pub struct Connection {
    pub start: Start,
    /// Who is at the other end.
    pub party: Party,
    /// The peer it came to; empty where we opened it.
    pub peer: String,
    /// The server under test opened it, and the harness answers by itself.
    pub served: Option<Served>,
    pub framer: Box<dyn Framer>,
    /// Replies that arrived and belong to the next exchange.
    pub inbox: VecDeque<Reply>,
    pub open: bool,
    /// Why it is closed, in words.
    pub end: Option<String>,
    pub tls: bool,
    /// Names and data of the channel bindings of its TLS, the best first.
    pub bindings: Vec<(&'static str, Vec<u8>)>,
    /// IMAP: tags sent and not answered, in order.
    pub open_tags: Vec<String>,
    /// IMAP: the server asked for more (`+`), so the next line is no command.
    pub continuing: bool,
    /// IMAP: octets of a hand-made literal that are still to be sent.
    pub literal_left: usize,
    /// IMAP: which message has which number.
    pub numbering: Numbering,
    /// Octets received.
    pub received: u64,
}

impl Connection {
    /// A connection about to be opened.
    pub fn new(start: Start, limits: Limits) -> Connection {
        let framer = framer(start.protocol, limits);
        Connection {
            start,
            party: Party::Server,
            peer: String::new(),
            served: None,
            framer,
            inbox: VecDeque::new(),
            open: false,
            end: None,
            tls: false,
            bindings: Vec::new(),
            open_tags: Vec::new(),
            continuing: false,
            literal_left: 0,
            numbering: Numbering::default(),
            received: 0,
        }
    }

    /// A connection that the server under test will open.
    pub fn accepted(peer: &str, served: Option<Served>, limits: Limits) -> Connection {
        let nothing = Start {
            protocol: Protocol::Smtp,
            service: None,
            state: StartState::Connected,
            role: String::new(),
            mailbox: None,
            server: None,
        };
        Connection {
            party: Party::Client,
            peer: peer.to_owned(),
            served,
            framer: Box::new(ClientFramer::new(limits)),
            ..Connection::new(nothing, limits)
        }
    }

    /// The tag of the command that starts with this line (with CRLF), if one does: not in the middle of a literal, and not
    /// after a continuation request.
    pub fn tag_of(&mut self, line: &[u8]) -> Option<String> {
        if self.start.protocol != Protocol::Imap {
            return None;
        }
        let (skipped, rest) = line.split_at(line.len().min(self.literal_left));
        self.literal_left -= skipped.len();
        if rest.is_empty() {
            return None;
        }
        let inside = !skipped.is_empty() || std::mem::take(&mut self.continuing);
        self.literal_left = literal_size(rest).unwrap_or(0);
        if inside {
            return None;
        }
        self.numbering.sent(rest);
        let word: Vec<u8> = rest.iter().copied().take_while(|b| !b.is_ascii_whitespace()).collect();
        String::from_utf8(word).ok().filter(|tag| !tag.is_empty())
    }
}
