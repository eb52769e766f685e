//! Opening a session with another server: greeting, EHLO, TLS (RFC 5321 §3.1, §3.2, RFC 3207).

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::extensions::Extensions;
use super::hosts::Host;
use super::reply::Reply;
use super::tls::Security;
use super::wire::{Broken, Wire, within};
use crate::clock::Clock;
use crate::config::{SendingLimits, SendingTls};
use crate::faults::{Fault, Faults};
use crate::queue::Diagnosis;
use crate::stop::Stop;

/// An open session.
pub(super) struct Connection {
    pub wire: Wire,
    pub host: Host,
    pub known: Extensions,
    pub privacy: Privacy,
    /// Transactions so far.
    pub transactions: usize,
    /// A transaction was begun and not ended: RSET comes before the next.
    pub in_transaction: bool,
    /// It did not take a message now: it is not kept waiting for another.
    pub tired: bool,
    /// The other side has closed, or is about to.
    pub over: bool,
    /// Its place among the connections this server may have.
    pub _place: Option<OwnedSemaphorePermit>,
}

/// Who can read along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Privacy {
    Clear,
    /// By TLS, with whoever answered.
    Encrypted,
    /// By TLS, with the server of this name.
    Verified,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Unopened {
    /// The server cannot be reached, or serves nobody now.
    Unreachable(Diagnosis),
    /// The server can be reached, and this mail cannot go to it as it is.
    Unfit(Diagnosis),
    Stopping,
}

/// Opens sessions.
pub(super) struct Opener {
    /// What this server calls itself in EHLO.
    pub own_name: String,
    pub clock: Clock,
    pub stop: Stop,
    pub patience: SendingLimits,
    pub security: Security,
    pub faults: Faults,
}

/// Where opening stopped.
enum Failure {
    Broken(Broken),
    Refused(Reply),
    /// The handshake failed, or was refused where it is required.
    Handshake(Diagnosis),
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Failure::Broken(broken)
    }
}

impl Opener {
    /// Opens a session as secure as it is asked for, or says why not.
    pub async fn open(&self, host: &Host, tls: SendingTls) -> Result<Connection, Unopened> {
        let opened = match self.begin(host, tls).await {
            // RFC 7435 §3: encryption that fails must not be worse than none. The connection is of no more use.
            Err(Failure::Handshake(diagnosis)) if tls == SendingTls::Opportunistic => {
                tracing::info!(host = host.name, address = %host.address, reason = diagnosis.reason, "goes on in clear");
                self.begin(host, SendingTls::Off).await
            }
            opened => opened,
        };
        opened.map_err(|failure| match failure {
            Failure::Broken(Broken::Stopping) => Unopened::Stopping,
            Failure::Broken(broken) => Unopened::Unreachable(broken.diagnosis(&host.name)),
            Failure::Refused(reply) if reply.is(5) && self.faults.on(Fault::SmtpClientWaitsAfter521) => {
                Unopened::Unreachable(Diagnosis { status: "4.3.2".to_owned(), ..reply.diagnosis(&host.name, "3.2") })
            }
            // RFC 7504 §3, RFC 5321 §3.1: no mail is accepted here, ever.
            Failure::Refused(reply) if reply.is(5) => Unopened::Unfit(reply.diagnosis(&host.name, "3.2")),
            Failure::Refused(reply) => Unopened::Unreachable(reply.diagnosis(&host.name, "3.2")),
            Failure::Handshake(diagnosis) => Unopened::Unfit(diagnosis),
        })
    }

    async fn begin(&self, host: &Host, tls: SendingTls) -> Result<Connection, Failure> {
        let connecting = async { TcpStream::connect(host.address).await.map_err(Broken::Unreachable) };
        let socket = within(&self.clock, self.patience.connect, Some(&mut self.stop.clone()), connecting).await?;
        let mut wire = Wire::new(socket, self.clock.clone(), self.stop.clone());
        let greeting = wire.reply(self.patience.greeting).await?;
        if !greeting.is(2) {
            // RFC 5321 §3.1: a server that refuses waits for QUIT.
            wire.quit().await;
            return Err(Failure::Refused(greeting));
        }
        let mut known = self.hello(&mut wire).await?;
        let mut privacy = Privacy::Clear;
        if tls != SendingTls::Off {
            if known.starttls {
                privacy = self.encrypt(&mut wire, host, tls).await?;
                if privacy != Privacy::Clear {
                    // RFC 3207 §4.2: what the server said before is discarded.
                    known = self.hello(&mut wire).await?;
                    known.starttls = false;
                }
            } else if tls == SendingTls::Required {
                wire.quit().await;
                return Err(Failure::Handshake(no_tls(host, "it does not offer STARTTLS")));
            }
        }
        Ok(Connection {
            wire,
            host: host.clone(),
            known,
            privacy,
            transactions: 0,
            in_transaction: false,
            tired: false,
            over: false,
            _place: None,
        })
    }

    /// EHLO, or HELO where that is not known (RFC 5321 §3.2).
    async fn hello(&self, wire: &mut Wire) -> Result<Extensions, Failure> {
        let patience = self.patience.command;
        wire.command(format!("EHLO {}\r\n", self.own_name).as_bytes(), patience).await?;
        let reply = wire.reply(patience).await?;
        if reply.is(2) {
            return Ok(Extensions::read(&reply).misread(self.faults));
        }
        if reply.is(5) {
            wire.command(format!("HELO {}\r\n", self.own_name).as_bytes(), patience).await?;
            let reply = wire.reply(patience).await?;
            return if reply.is(2) { Ok(Extensions::default()) } else { Err(Failure::Refused(reply)) };
        }
        Err(Failure::Refused(reply))
    }

    async fn encrypt(&self, wire: &mut Wire, host: &Host, tls: SendingTls) -> Result<Privacy, Failure> {
        wire.command(b"STARTTLS\r\n", self.patience.command).await?;
        let reply = wire.reply(self.patience.command).await?;
        if !reply.is(2) {
            // RFC 3207 §4: the client decides whether to go on without.
            if tls == SendingTls::Required {
                return Err(Failure::Handshake(no_tls(host, &format!("it answered STARTTLS with {}", reply.shown()))));
            }
            return Ok(Privacy::Clear);
        }
        let (config, privacy) = match tls {
            SendingTls::Required => (&self.security.verified, Privacy::Verified),
            _ => (&self.security.opportunistic, Privacy::Encrypted),
        };
        let name = server_name(host);
        match wire.secure(Arc::clone(config), name, self.patience.command).await {
            Ok(()) => Ok(privacy),
            Err(Broken::Stopping) => Err(Failure::Broken(Broken::Stopping)),
            Err(broken) => {
                // RFC 3463 §3.8: X.7.5, cryptographic failure.
                let reason = format!("no TLS with {} ({}): {broken}", host.name, host.address);
                Err(Failure::Handshake(Diagnosis::local("4.7.5", reason)))
            }
        }
    }
}

/// The name a certificate is compared with; a name that no certificate can have is compared by its address.
fn server_name(host: &Host) -> ServerName<'static> {
    let by_address = || ServerName::IpAddress(IpAddr::to_canonical(&host.address.ip()).into());
    ServerName::try_from(host.name.clone()).unwrap_or_else(|_| by_address())
}

/// RFC 3463 §3.8: X.7.10 of RFC 7372, encryption needed. It waits: a server may learn.
fn no_tls(host: &Host, why: &str) -> Diagnosis {
    Diagnosis::local("4.7.10", format!("no TLS with {} ({}): {why}", host.name, host.address))
}

impl Connection {
    /// Whether it takes another transaction: the other side may have said how many it takes (RFC 9422 §4.1).
    pub fn takes_more(&self) -> bool {
        !self.over && self.known.limits.mail.is_none_or(|most| self.transactions < most)
    }

    /// Whether it is secure enough.
    pub fn fits(&self, tls: SendingTls) -> bool {
        tls != SendingTls::Required || self.privacy == Privacy::Verified
    }

    /// Says good-bye.
    pub async fn quit(self) {
        if !self.over {
            self.wire.quit().await;
        }
    }
}

impl Broken {
    /// Why mail waits when a connection to `host` broke like this.
    pub fn diagnosis(&self, host: &str) -> Diagnosis {
        let status = match self {
            // RFC 3463 §3.5: X.4.1, no answer from host; X.4.2, bad connection. §3.6: X.5.0, other protocol status.
            Broken::Unreachable(_) => "4.4.1",
            Broken::Closing(reply) => return reply.diagnosis(host, "3.2"),
            Broken::Senseless(reply) => {
                let status = "4.5.0".to_owned();
                return Diagnosis { status, ..reply.diagnosis(host, "5.0") };
            }
            Broken::Malformed(_) | Broken::Injected => "4.5.0",
            Broken::Tls(_) => "4.7.5",
            Broken::Unreadable(_) => "4.3.0",
            Broken::Closed | Broken::Failed(_) | Broken::TimedOut | Broken::Stopping => "4.4.2",
        };
        Diagnosis::local(status, format!("{host}: {self}"))
    }
}
