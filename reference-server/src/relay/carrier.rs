//! Carries one job: finds the servers, and offers the message to one after another until nothing is left to offer.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connection::{Connection, Opener, Unopened};
use super::hosts::{Host, Hosts, NoHost};
use super::ledger::Ledger;
use super::letter::Letter;
use super::pool::Pool;
use super::transaction::Transaction;
use super::wire::Broken;
use crate::config::{Sending, SendingTls};
use crate::faults::Faults;
use crate::mail::Address;
use crate::queue::{Destination, Diagnosis, Entry, Message, Outcome};

/// What carrying needs.
pub(super) struct Carrier {
    pub hosts: Hosts,
    pub opener: Opener,
    pub pool: Pool,
    /// A permit for each connection.
    pub places: Arc<Semaphore>,
    /// A permit for each message that is converted in memory.
    pub conversions: Arc<Semaphore>,
    pub sending: Sending,
    pub faults: Faults,
}

/// What became of a job.
pub(super) struct Carried {
    pub outcomes: Vec<(Address, Outcome)>,
    /// No server of the destination could be reached: why.
    pub unreachable: Option<Diagnosis>,
    /// A connection that takes more mail.
    pub warm: Option<Connection>,
}

/// One server's part in a job.
enum Visit {
    /// It was offered what was to be offered.
    Made,
    Unreachable,
    Stopping,
}

impl Carrier {
    /// Carries the message of a job; `warm` is a connection that is at hand.
    pub async fn carry(&self, entry: &Entry, message: &Message, to: &Destination, mut warm: Option<Connection>) -> Carried {
        let recipients = &entry.recipients;
        let mut ledger = Ledger::new(recipients.len());
        let hosts = match self.hosts.of(&to.0).await {
            Ok(hosts) => {
                let open = warm.as_ref().map(|connection| &connection.host);
                self.pool.order(hosts, open, self.opener.clock.now())
            }
            Err(NoHost::Never(diagnosis)) => {
                ledger.pass_open(&diagnosis);
                return Carried { outcomes: ledger.outcomes(recipients, false), unreachable: None, warm };
            }
            Err(NoHost::Later(diagnosis)) => {
                ledger.pass_open(&diagnosis);
                return Carried { outcomes: ledger.outcomes(recipients, true), unreachable: Some(diagnosis), warm };
            }
        };
        let mut letter = match Letter::open(entry, message, self.faults) {
            Ok(letter) => letter,
            Err(broken) => {
                tracing::error!(entry = %entry.id, error = %broken, "a message of the queue cannot be read");
                ledger.pass_open(&Diagnosis::local("4.3.0", broken.to_string()));
                return Carried { outcomes: ledger.outcomes(recipients, false), unreachable: None, warm };
            }
        };
        let mut reached = false;
        for host in &hosts {
            ledger.next_host();
            match self.visit(host, to, &mut letter, &mut ledger, &mut warm).await {
                Visit::Made => reached = true,
                Visit::Unreachable => {}
                Visit::Stopping => return Carried { outcomes: ledger.settled(recipients), unreachable: None, warm: None },
            }
            if ledger.is_settled() {
                break;
            }
        }
        let outcomes = ledger.outcomes(recipients, !reached);
        let unreachable = outcomes.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Later { diagnosis, unreachable: true } => Some(diagnosis.clone()),
            _ => None,
        });
        Carried { outcomes, unreachable, warm }
    }

    /// Offers the message to one server, over `warm` if that leads there; leaves there what takes more. A connection that
    /// was open before may be gone for no reason of this message: it is offered once more over a new one.
    async fn visit(
        &self,
        host: &Host,
        to: &Destination,
        letter: &mut Letter<'_>,
        ledger: &mut Ledger,
        warm: &mut Option<Connection>,
    ) -> Visit {
        let tls = match self.sending.tls_for(&to.0) {
            _ if letter.requires_tls() => SendingTls::Required,
            // RFC 8689 §4.2.2: encrypted if possible, and sent whatever the policy.
            SendingTls::Required if letter.entry.tls_optional => SendingTls::Opportunistic,
            tls => tls,
        };
        if letter.requires_tls() && host.by_mx {
            // RFC 8689 §4.2.1: a name from an MX record needs DNSSEC or MTA-STS, and this server knows neither.
            let reason =
                format!("{} was found by an MX record, which nobody vouches for, and the message requires TLS", host.name);
            ledger.pass_open(&Diagnosis::local("5.7.10", reason));
            return Visit::Made;
        }
        let mut reusable = self.at_hand(host, tls, warm.take()).await;
        loop {
            let reused = reusable.is_some();
            let mut connection = match reusable.take() {
                Some(connection) => connection,
                None => match self.open(host, tls).await {
                    Ok(connection) => connection,
                    Err(Unopened::Stopping) => return Visit::Stopping,
                    Err(Unopened::Unreachable(diagnosis)) => {
                        ledger.pass_open(&diagnosis);
                        return Visit::Unreachable;
                    }
                    Err(Unopened::Unfit(diagnosis)) => {
                        ledger.pass_open(&self.for_good(letter, diagnosis));
                        return Visit::Made;
                    }
                },
            };
            match self.offer(&mut connection, letter, ledger).await {
                Ok(()) if ledger.open().is_empty() => {
                    *warm = connection.takes_more().then_some(connection);
                    return Visit::Made;
                }
                // It has taken as many transactions as it takes (RFC 9422 §4.1): the rest goes over a new one.
                Ok(()) => connection.quit().await,
                Err(Broken::Stopping) => {
                    connection.quit().await;
                    return Visit::Stopping;
                }
                Err(broken) => {
                    tracing::info!(host = host.name, address = %host.address, error = %broken, reused, "a connection broke");
                    if !reused {
                        ledger.pass_open(&broken.diagnosis(&host.name));
                        return Visit::Made;
                    }
                }
            }
        }
    }

    /// Transactions until every recipient was offered, or the connection takes no more.
    async fn offer(&self, connection: &mut Connection, letter: &mut Letter<'_>, ledger: &mut Ledger) -> Result<(), Broken> {
        while connection.takes_more() {
            let mut recipients = ledger.open();
            if !connection.known.smtputf8 {
                for place in recipients.extract_if(.., |place| {
                    letter.entry.recipients.get(*place).is_some_and(|waiting| Letter::needs_utf8(&waiting.address))
                }) {
                    let reason = format!("{} does not know SMTPUTF8, which the address needs", connection.host.name);
                    ledger.pass(place, Diagnosis::local("5.6.7", reason));
                }
            }
            recipients.truncate(connection.known.limits.rcpt.unwrap_or(usize::MAX));
            if recipients.is_empty() {
                break;
            }
            letter.convert(&connection.known, &self.conversions).await?;
            let form = match letter.form(connection, self.opener.clock.now()) {
                Ok(form) => form,
                Err(diagnosis) => {
                    ledger.pass_open(&diagnosis);
                    break;
                }
            };
            let transaction = Transaction {
                connection,
                letter,
                form: &form,
                ledger,
                clock: &self.opener.clock,
                patience: &self.opener.patience,
                faults: self.faults,
            };
            transaction.run(&recipients).await?;
        }
        Ok(())
    }

    /// A connection to this host that is open already.
    async fn at_hand(&self, host: &Host, tls: SendingTls, warm: Option<Connection>) -> Option<Connection> {
        let mut candidate = match warm {
            Some(connection) if connection.host.is(host) && connection.fits(tls) => Some(connection),
            Some(other) => {
                other.quit().await;
                None
            }
            None => None,
        };
        loop {
            let mut connection = candidate.take().or_else(|| self.pool.take(host, tls))?;
            if !connection.wire.is_stale() {
                return Some(connection);
            }
        }
    }

    async fn open(&self, host: &Host, tls: SendingTls) -> Result<Connection, Unopened> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                if let Some(oldest) = self.pool.oldest() {
                    oldest.quit().await;
                }
                // The semaphore is never closed.
                Arc::clone(&self.places).acquire_owned().await.ok()
            }
        };
        let opened = self.opener.open(host, tls).await;
        let reached = !matches!(opened, Err(Unopened::Unreachable(_)));
        if !matches!(opened, Err(Unopened::Stopping)) {
            self.pool.remember(host.address, reached, self.opener.clock.now());
        }
        opened.map(|connection| Connection { _place: place, ..connection })
    }

    /// RFC 8689 §4.2.1: a message that requires TLS is returned if it cannot have it; other mail waits.
    fn for_good(&self, letter: &Letter<'_>, diagnosis: Diagnosis) -> Diagnosis {
        match diagnosis.status.as_str() {
            "4.7.10" | "4.7.5" if letter.requires_tls() => Diagnosis { status: "5.7.10".to_owned(), ..diagnosis },
            _ => diagnosis,
        }
    }
}
