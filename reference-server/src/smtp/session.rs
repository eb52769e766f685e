//! The session: cuts what arrives into command lines, messages and chunks, strictly at CRLF.

use std::sync::Arc;
use std::time::Duration;

use super::command;
use super::conversation::{Conversation, Role};
use super::reply::Reply;
use super::transaction::Awaited;
use crate::faults::Fault;
use crate::queue::Queue;
use crate::refusals::Refusals;
use crate::session::{After, Channel, Peer, Session};
use crate::site::Site;
use crate::store::Store;

/// RFC 4954 §4: what is enough for a line of a SASL exchange.
const SASL_LINE: usize = 12_288;

/// One SMTP connection.
pub struct SmtpSession {
    conversation: Conversation,
    /// What came and is not worked on yet.
    input: Vec<u8>,
    /// A line was longer than allowed; its rest is dropped.
    overlong: bool,
}

impl SmtpSession {
    pub fn new(peer: Peer, role: Role, site: Arc<Site>, store: Store, queue: Queue) -> Self {
        let conversation = Conversation {
            tls: peer.tls,
            site,
            store,
            queue,
            role,
            peer,
            hello: None,
            user: None,
            failures: 0,
            errors: 0,
            transactions: 0,
            transaction: None,
            awaited: Awaited::Command,
            refusals: None,
            after: After::Continue,
        };
        Self { conversation, input: Vec::new(), overlong: false }
    }

    /// Asks about the domains of recipients before they are accepted.
    pub fn asking(mut self, refusals: Option<Refusals>) -> Self {
        self.conversation.refusals = refusals;
        self
    }

    /// Works on input until it needs more, or something else is to happen first. Gives how much of it is done with.
    fn work(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut done = 0;
        self.conversation.after = After::Continue;
        while let Some(rest) = input.get(done..).filter(|rest| !rest.is_empty()) {
            let used = match &mut self.conversation.awaited {
                Awaited::Message(_) => self.message(rest, out),
                Awaited::Chunk(_) => self.chunk(rest, out),
                Awaited::Command | Awaited::Sasl(_) => self.line(rest, out),
                Awaited::Acceptance(_) | Awaited::LookUp(_) => break,
            };
            done += used;
            if used == 0 || self.conversation.after != After::Continue {
                break;
            }
        }
        if matches!(self.conversation.awaited, Awaited::Acceptance(_) | Awaited::LookUp(_)) {
            self.conversation.after = After::Await;
        }
        match self.conversation.after {
            // RFC 3207 §6: nothing said before the handshake counts after it.
            After::StartTls if !self.conversation.broken(Fault::SmtpStarttlsKeepsBuffer) => input.len(),
            After::Close => input.len(),
            _ => done,
        }
    }

    fn message(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let Awaited::Message(message) = &mut self.conversation.awaited else { return 0 };
        let (dots, intake) = &mut **message;
        let (used, whole) = dots.feed(rest, intake, &self.conversation.queue);
        if whole && let Awaited::Message(message) = std::mem::replace(&mut self.conversation.awaited, Awaited::Command) {
            let replies = self.conversation.end_message(message.1);
            self.replies(replies, out);
        }
        used
    }

    fn chunk(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let Awaited::Chunk(chunk) = &mut self.conversation.awaited else { return 0 };
        let used = chunk.feed(rest, &self.conversation.queue);
        self.end_chunk(out);
        used
    }

    /// Answers the chunk if it is whole; one of no octets is from the start.
    fn end_chunk(&mut self, out: &mut Vec<u8>) {
        if !matches!(&self.conversation.awaited, Awaited::Chunk(chunk) if chunk.rest == 0) {
            return;
        }
        if let Awaited::Chunk(chunk) = std::mem::replace(&mut self.conversation.awaited, Awaited::Command) {
            let replies = self.conversation.end_chunk(*chunk);
            self.replies(replies, out);
        }
    }

    /// Works on one line, if it is whole. RFC 5321 §2.3.8: it ends with CRLF and nothing else.
    fn line(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let sasl = matches!(self.conversation.awaited, Awaited::Sasl(_));
        let limit = if sasl { SASL_LINE } else { self.conversation.site.limits.line };
        let Some(end) = memchr::memmem::find(rest, b"\r\n") else {
            if rest.len() <= limit {
                return 0;
            }
            self.overlong = true;
            // A last CR may be the first half of the line end.
            return if rest.ends_with(b"\r") { rest.len() - 1 } else { rest.len() };
        };
        let reply = if std::mem::take(&mut self.overlong) || end + 2 > limit {
            self.conversation.awaited = Awaited::Command;
            // RFC 5321 §4.5.3.1.9, RFC 4954 §4.
            if sasl {
                Reply::new(500, "5.5.6", "The line of the exchange is too long")
            } else {
                Reply::new(500, "5.5.2", format!("The line is longer than {limit} octets"))
            }
        } else {
            let line = rest.get(..end).unwrap_or_default();
            if sasl { command::sasl_line(&mut self.conversation, line) } else { command::run(&mut self.conversation, line) }
        };
        // RCPT is answered when the DNS has had its say.
        if !matches!(self.conversation.awaited, Awaited::LookUp(_)) {
            self.replies(vec![reply], out);
        }
        self.end_chunk(out);
        end + 2
    }

    /// Writes replies, and counts those that say the client was wrong: one that never gets it right is sent away, because
    /// it is guessing or broken (RFC 5321 §7.8).
    fn replies(&mut self, replies: Vec<Reply>, out: &mut Vec<u8>) {
        for reply in replies {
            self.conversation.errors += usize::from(reply.is_permanent());
            if reply.is_permanent() && self.conversation.errors >= self.conversation.site.limits.errors {
                let text = format!("{} Too many errors, closing", self.conversation.site.host);
                self.reply(&Reply::new(421, "4.7.0", text), out);
                self.conversation.after = After::Close;
                return;
            }
            self.reply(&reply, out);
        }
    }

    fn reply(&self, reply: &Reply, out: &mut Vec<u8>) {
        reply.write(&self.conversation.site, out);
    }

    /// Works on what is kept from before.
    fn work_on_kept(&mut self, out: &mut Vec<u8>) -> After {
        let mut input = std::mem::take(&mut self.input);
        let done = self.work(&input, out);
        input.drain(..done.min(input.len()));
        self.input = input;
        self.conversation.after
    }
}

impl Session for SmtpSession {
    fn greet(&mut self, out: &mut Vec<u8>) -> After {
        let host = &self.conversation.site.host;
        // RFC 5321 §4.3.1: the name of the host comes first. RFC 2034 §4: without an enhanced status code.
        let reply = match self.conversation.role {
            _ if self.conversation.broken(Fault::SmtpGreetsWithWrongCode) => Reply::bare(250, format!("{host} ESMTP")),
            // RFC 7504 §3.
            Role::Refusal => Reply::bare(521, format!("{host} does not accept mail")),
            Role::Lmtp => Reply::bare(220, format!("{host} LMTP")),
            Role::Relay | Role::Submission => Reply::bare(220, format!("{host} ESMTP")),
        };
        self.reply(&reply, out);
        After::Continue
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After {
        if self.input.is_empty() {
            // Most input is whole lines and the middle of messages: it is worked on where it is.
            let done = self.work(bytes, out);
            self.input.extend_from_slice(bytes.get(done..).unwrap_or_default());
            return self.conversation.after;
        }
        self.input.extend_from_slice(bytes);
        self.work_on_kept(out)
    }

    fn secured(&mut self, channel: Channel, out: &mut Vec<u8>) -> After {
        self.conversation.tls = true;
        (self.conversation.peer.tls, self.conversation.peer.channel) = (true, Arc::new(channel));
        if !self.conversation.broken(Fault::SmtpStarttlsKeepsState) {
            self.conversation.forget();
        }
        self.work_on_kept(out)
    }

    fn wake(&mut self, out: &mut Vec<u8>) -> After {
        self.conversation.after = After::Continue;
        if let Some(reply) = self.conversation.acceptance().or_else(|| command::rcpt_looked_up(&mut self.conversation)) {
            self.replies(vec![reply], out);
        }
        if self.conversation.after == After::Close { After::Close } else { self.work_on_kept(out) }
    }

    /// RFC 5321 §4.5.3.2.7: at least 5 minutes for the next command; a message gets as much for each piece.
    fn patience(&self) -> Duration {
        self.conversation.site.limits.smtp_patience
    }

    fn expired(&mut self, out: &mut Vec<u8>) -> After {
        let text = format!("{} You were silent for too long, closing", self.conversation.site.host);
        self.reply(&Reply::new(421, "4.4.2", text), out);
        After::Close
    }

    fn stopping(&mut self, out: &mut Vec<u8>) {
        let text = format!("{} Service not available, closing transmission channel", self.conversation.site.host);
        self.reply(&Reply::new(421, "4.3.2", text), out);
    }
}
