//! One mail transaction (RFC 5321 §3.3): MAIL, RCPT for each recipient, the message. Every reply is about a recipient, the
//! message, or the connection, and is written down where it belongs.

use std::collections::VecDeque;

use super::connection::Connection;
use super::ledger::Ledger;
use super::letter::{Form, Letter};
use super::parameters;
use super::reply::Reply;
use super::stuffing::Stuffing;
use super::wire::Broken;
use crate::clock::Clock;
use crate::config::SendingLimits;
use crate::faults::{Fault, Faults};
use crate::queue::{Diagnosis, Outcome};

/// The most octets of commands that are sent without a look at the replies: more might fill both directions of the
/// connection, and both sides would wait for ever (RFC 2920 §3.1).
const GROUP: usize = 4096;

/// A transaction that is going on.
pub(super) struct Transaction<'a> {
    pub connection: &'a mut Connection,
    pub letter: &'a Letter<'a>,
    pub form: &'a Form,
    pub ledger: &'a mut Ledger,
    pub clock: &'a Clock,
    pub patience: &'a SendingLimits,
    pub faults: Faults,
}

/// A command of the envelope; a recipient is named by its place in the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
}

/// What the replies to the envelope came to.
#[derive(Default)]
struct Envelope {
    /// MAIL was refused: nothing of the rest is of use.
    refused: bool,
    /// A recipient was one too many; it and those after it wait for the next transaction (RFC 5321 §4.5.3.1.10).
    full: bool,
    accepted: Vec<usize>,
    data: Option<Reply>,
}

impl Transaction<'_> {
    /// Offers the message for these recipients. An error means that the connection is of no more use; what was said before
    /// it is in the ledger all the same.
    pub async fn run(mut self, recipients: &[usize]) -> Result<(), Broken> {
        self.connection.transactions += 1;
        let envelope = self.envelope(recipients).await?;
        let Envelope { accepted, data, .. } = envelope;
        match data {
            // RFC 2920 §3.1: a 354 that nobody wanted is answered with a lone dot.
            Some(reply) if reply.is(3) && accepted.is_empty() => {
                self.connection.wire.send(b".\r\n", self.patience.block).await?;
                self.connection.wire.reply(self.patience.end_of_data).await?;
                self.connection.in_transaction = false;
                Ok(())
            }
            Some(reply) if reply.is(3) => self.data(&accepted).await,
            Some(reply) => self.turned_down(&accepted, &reply),
            None if accepted.is_empty() => Ok(()),
            None => self.chunks(&accepted).await,
        }
    }

    /// MAIL, RCPT and DATA, in groups where the server allows it (RFC 2920).
    async fn envelope(&mut self, recipients: &[usize]) -> Result<Envelope, Broken> {
        let mut steps = VecDeque::new();
        if self.connection.in_transaction {
            steps.push_back(Step::Rset);
        }
        steps.push_back(Step::Mail);
        steps.extend(recipients.iter().copied().map(Step::Rcpt));
        if !self.form.chunked {
            steps.push_back(Step::Data);
        }
        let mut envelope = Envelope::default();
        loop {
            let group = self.group(&mut steps, &envelope);
            if group.is_empty() {
                return Ok(envelope);
            }
            let commands: Vec<u8> = group.iter().flat_map(|(_, line)| line.bytes()).collect();
            self.connection.wire.command(&commands, self.patience.command).await?;
            for (step, _) in group {
                let patience = if step == Step::Data { self.patience.data } else { self.patience.command };
                let reply = self.connection.wire.reply(patience).await?;
                self.answered(step, reply, &mut envelope)?;
            }
        }
    }

    /// The commands to send now, with their line ends.
    fn group(&self, steps: &mut VecDeque<Step>, envelope: &Envelope) -> Vec<(Step, String)> {
        let pipelining = self.connection.known.pipelining || self.faults.on(Fault::SmtpClientPipelinesUntold);
        let (mut group, mut octets) = (Vec::new(), 0);
        while let Some(step) = steps.pop_front() {
            let useless = match step {
                Step::Rset | Step::Mail => false,
                Step::Rcpt(_) => envelope.refused || envelope.full,
                // In a group it is sent before the replies are known.
                Step::Data => group.is_empty() && envelope.accepted.is_empty(),
            };
            if useless {
                continue;
            }
            let line = self.line(step);
            octets += line.len();
            if !group.is_empty() && octets > GROUP {
                steps.push_front(step);
                break;
            }
            group.push((step, line));
            if !pipelining {
                break;
            }
        }
        group
    }

    fn line(&self, step: Step) -> String {
        let (entry, shape, known) = (self.letter.entry, &self.form.shape, &self.connection.known);
        let stands_still = self.faults.on(Fault::SmtpClientStillsTheClock);
        let now = if stands_still { entry.accepted } else { self.clock.now() };
        let mut line = match step {
            Step::Rset => "RSET".to_owned(),
            Step::Mail => parameters::mail(entry, shape, known, now),
            Step::Rcpt(place) => {
                entry.recipients.get(place).map(|waiting| parameters::rcpt(waiting, entry, shape, known)).unwrap_or_default()
            }
            Step::Data => "DATA".to_owned(),
        };
        if matches!(step, Step::Rcpt(_)) && self.faults.on(Fault::SmtpClientLowersNames) {
            line.make_ascii_lowercase();
        }
        line.push_str("\r\n");
        line
    }

    fn answered(&mut self, step: Step, reply: Reply, envelope: &mut Envelope) -> Result<(), Broken> {
        let good = if step == Step::Data { 3 } else { 2 };
        if !reply.is(good) && !reply.is(4) && !reply.is(5) {
            return Err(Broken::Senseless(reply));
        }
        let taken = reply.is(good);
        match step {
            Step::Rset if taken => self.connection.in_transaction = false,
            Step::Rset => return Err(Broken::Senseless(reply)),
            Step::Mail if taken => self.connection.in_transaction = true,
            Step::Mail => {
                envelope.refused = true;
                self.all_turned_down(&reply);
            }
            // What follows a refused MAIL is refused for that alone.
            Step::Rcpt(_) | Step::Data if envelope.refused => {
                if step == Step::Data && taken {
                    envelope.data = Some(reply);
                }
            }
            Step::Rcpt(place) if taken => envelope.accepted.push(place),
            Step::Rcpt(place) if too_many(&reply) && !envelope.accepted.is_empty() => {
                envelope.full = true;
                self.ledger.leave_over(place);
            }
            // It says so of the first recipient too: it will not be convinced now, and 552 still means 452.
            Step::Rcpt(place) if too_many(&reply) && self.ledger.was_left_over(place) => {
                let diagnosis = reply.diagnosis(&self.connection.host.name, "5.3");
                self.ledger.pass(place, Diagnosis { status: "4.5.3".to_owned(), ..diagnosis });
            }
            Step::Rcpt(place) => self.turn_down(place, &reply),
            Step::Data => envelope.data = Some(reply),
        }
        Ok(())
    }

    /// The message by DATA: every line, then the dot.
    async fn data(&mut self, accepted: &[usize]) -> Result<(), Broken> {
        let mut stuffing = Stuffing::new(self.faults.on(Fault::SmtpClientNoDotStuffing));
        let mut out = Vec::new();
        for number in 0..self.letter.pieces(self.form) {
            // What is left of the last piece goes with the dot: the message is not there before the last octet is.
            if let Some(reply) = self.send_block(&out).await? {
                return self.turned_down(accepted, &reply);
            }
            out.clear();
            stuffing.push(&self.letter.piece(self.form, number)?, &mut out);
        }
        if out.len() > GROUP {
            // Whether a big piece arrived is another question than whether the end did.
            if let Some(reply) = self.send_block(&out).await? {
                return self.turned_down(accepted, &reply);
            }
            out.clear();
        }
        stuffing.finish(&mut out);
        let sent = self.connection.wire.send(&out, self.patience.block).await;
        self.ended(accepted, sent).await
    }

    /// The message by BDAT (RFC 3030 §2): octets that are counted, whatever they are.
    async fn chunks(&mut self, accepted: &[usize]) -> Result<(), Broken> {
        let pieces = self.letter.pieces(self.form);
        for number in 0..pieces {
            let piece = self.letter.piece(self.form, number)?;
            let last = number + 1 == pieces;
            let mut out = format!("BDAT {}{}\r\n", piece.len(), if last { " LAST" } else { "" }).into_bytes();
            out.extend_from_slice(&piece);
            let sent = self.connection.wire.send(&out, self.patience.block).await;
            if last {
                return self.ended(accepted, sent).await;
            }
            sent?;
            let reply = self.connection.wire.reply(self.patience.block).await?;
            if !reply.is(2) {
                return self.turned_down(accepted, &reply);
            }
        }
        let sent = self.connection.wire.send(b"BDAT 0 LAST\r\n", self.patience.block).await;
        self.ended(accepted, sent).await
    }

    /// Sends a part of the message. A server that has enough of it may say so and close; its reply is worth more than the
    /// broken connection.
    async fn send_block(&mut self, block: &[u8]) -> Result<Option<Reply>, Broken> {
        if block.is_empty() {
            return Ok(None);
        }
        match self.connection.wire.send(block, self.patience.block).await {
            Ok(()) => Ok(None),
            Err(broken @ Broken::Failed(_)) => match self.connection.wire.reply(self.patience.command).await {
                Ok(reply) if reply.is(4) || reply.is(5) => {
                    self.connection.over = true;
                    Ok(Some(reply))
                }
                Err(Broken::Closing(reply)) => Err(Broken::Closing(reply)),
                _ => Err(broken),
            },
            Err(broken) => Err(broken),
        }
    }

    /// The message was sent whole: the reply says who answers for it now (RFC 5321 §4.1.1.4, §6.1).
    async fn ended(&mut self, accepted: &[usize], sent: Result<(), Broken>) -> Result<(), Broken> {
        let reply = match sent {
            Ok(()) => self.connection.wire.last_reply(self.patience.end_of_data).await,
            Err(broken) => Err(broken),
        };
        match reply {
            Ok(reply) if reply.is(2) => {
                self.connection.in_transaction = false;
                for place in accepted {
                    self.ledger.settle(
                        *place,
                        Outcome::Relayed {
                            host: self.connection.host.name.clone(),
                            reply: reply.shown(),
                            notifies: self.connection.known.dsn,
                            keeps_time: self.letter.entry.deliver_by.is_none() || self.connection.known.deliver_by.is_some(),
                        },
                    );
                }
                Ok(())
            }
            Ok(reply) if reply.is(4) || reply.is(5) => {
                self.connection.in_transaction = false;
                self.turned_down(accepted, &reply)
            }
            // It says clearly that it has not taken the message.
            Err(Broken::Closing(reply)) => {
                self.connection.over = true;
                self.turned_down(accepted, &reply)
            }
            Ok(reply) => Err(self.unknown(accepted, Broken::Senseless(reply))),
            Err(broken) => Err(self.unknown(accepted, broken)),
        }
    }

    /// Nobody knows whether the server has taken the message (RFC 1047). It is sent again, and not to another server now:
    /// twice is better than never, and later is better than twice.
    fn unknown(&mut self, accepted: &[usize], broken: Broken) -> Broken {
        let host = &self.connection.host.name;
        let reason = format!("{host} was sent the message, and may have taken it: {broken}");
        let diagnosis = Diagnosis { reason, ..broken.diagnosis(host) };
        for place in accepted {
            self.ledger.settle(*place, Outcome::Later { diagnosis: diagnosis.clone(), unreachable: false });
        }
        broken
    }

    /// A reply that is about the message, and so about all recipients that were accepted.
    fn turned_down(&mut self, accepted: &[usize], reply: &Reply) -> Result<(), Broken> {
        self.connection.tired |= reply.is(4);
        if !reply.is(4) && !reply.is(5) {
            return Err(Broken::Senseless(reply.clone()));
        }
        for place in accepted {
            self.turn_down(*place, reply);
        }
        Ok(())
    }

    /// A reply to MAIL: it is about everyone who is open.
    fn all_turned_down(&mut self, reply: &Reply) {
        self.connection.tired |= reply.is(4);
        for place in self.ledger.open() {
            self.turn_down(place, reply);
        }
    }

    /// 5yz is for ever (RFC 5321 §4.2.1); 4yz means later, or another server.
    fn turn_down(&mut self, place: usize, reply: &Reply) {
        let diagnosis = reply.diagnosis(&self.connection.host.name, "0.0");
        if reply.is(5) || self.faults.on(Fault::SmtpClientBounces4yz) {
            self.ledger.settle(place, Outcome::Refused(diagnosis));
        } else {
            self.ledger.pass(place, diagnosis);
        }
    }
}

/// Whether the reply may mean that there are too many recipients, and is not about the recipient itself. Servers before RFC 2821
/// say 552 (RFC 5321 §4.5.3.1.10); a full mailbox has its own status, X.2.2.
fn too_many(reply: &Reply) -> bool {
    let status = reply.enhanced().and_then(|status| status.split_once('.')).map(|(_, subject)| subject);
    matches!(reply.code, 452 | 552) && matches!(status, None | Some("5.3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_recipients_are_told_from_a_full_mailbox() {
        let reply = |code, text: &str| Reply { code, lines: vec![text.to_owned()] };
        assert!(too_many(&reply(452, "4.5.3 too many recipients")));
        assert!(too_many(&reply(452, "too many recipients")));
        assert!(too_many(&reply(552, "too many recipients")));
        assert!(!too_many(&reply(452, "4.2.2 mailbox full")));
        assert!(!too_many(&reply(552, "5.2.2 mailbox full")));
        assert!(!too_many(&reply(450, "4.5.3 later")));
    }
}
