//! The session: cuts what arrives into command lines and messages, strictly at CRLF.

use std::sync::Arc;
use std::time::Duration;

use super::command;
use super::conversation::{Awaited, Conversation, Role};
use super::reply::Reply;
use crate::faults::Fault;
use crate::queue::Queue;
use crate::session::{After, Channel, Peer, Session};
use crate::site::Site;

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
    pub fn new(peer: Peer, role: Role, site: Arc<Site>, queue: Queue) -> Self {
        let conversation = Conversation {
            tls: peer.tls,
            site,
            queue,
            role,
            peer,
            hello: None,
            user: None,
            failures: 0,
            transaction: None,
            awaited: Awaited::Command,
            after: After::Continue,
        };
        Self { conversation, input: Vec::new(), overlong: false }
    }

    /// Works on what has come until it needs more, or something else is to happen first.
    fn work(&mut self, out: &mut Vec<u8>) -> After {
        let mut input = std::mem::take(&mut self.input);
        let mut done = 0;
        self.conversation.after = After::Continue;
        while let Some(rest) = input.get(done..).filter(|rest| !rest.is_empty()) {
            let used = match &mut self.conversation.awaited {
                Awaited::Message(_) => self.message(rest, out),
                Awaited::Command | Awaited::Sasl(_) => self.line(rest, out),
            };
            done += used;
            if used == 0 || self.conversation.after != After::Continue {
                break;
            }
        }
        let keeps = self.conversation.broken(Fault::SmtpStarttlsKeepsBuffer);
        match self.conversation.after {
            // RFC 3207 §6: nothing said before the handshake counts after it.
            After::StartTls if !keeps => input.clear(),
            After::Close => input.clear(),
            _ => drop(input.drain(..done.min(input.len()))),
        }
        self.input = input;
        self.conversation.after
    }

    fn message(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let Awaited::Message(intake) = &mut self.conversation.awaited else { return 0 };
        let (used, whole) = intake.feed(rest, &self.conversation.queue);
        if whole && let Awaited::Message(intake) = std::mem::replace(&mut self.conversation.awaited, Awaited::Command) {
            let reply = self.conversation.take_message(*intake);
            self.reply(&reply, out);
        }
        used
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
        self.reply(&reply, out);
        end + 2
    }

    fn reply(&self, reply: &Reply, out: &mut Vec<u8>) {
        reply.write(self.conversation.site.faults, out);
    }
}

impl Session for SmtpSession {
    fn greet(&mut self, out: &mut Vec<u8>) -> After {
        let code = if self.conversation.broken(Fault::SmtpGreetsWithWrongCode) { 250 } else { 220 };
        // RFC 5321 §4.3.1: the name of the host comes first. RFC 2034 §4: without an enhanced status code.
        let reply = Reply::bare(code, format!("{} ESMTP", self.conversation.site.host));
        self.reply(&reply, out);
        After::Continue
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After {
        self.input.extend_from_slice(bytes);
        self.work(out)
    }

    fn secured(&mut self, channel: Channel, out: &mut Vec<u8>) -> After {
        self.conversation.tls = true;
        (self.conversation.peer.tls, self.conversation.peer.channel) = (true, Arc::new(channel));
        if !self.conversation.broken(Fault::SmtpStarttlsKeepsState) {
            self.conversation.forget();
        }
        self.work(out)
    }

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
