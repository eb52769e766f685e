//! Sends mail to other servers: the [`Relay`] of the queue, by SMTP (RFC 5321).
//!
//! A job waits in the lane of its destination until a runner takes it. The runner finds the servers of the destination
//! (`hosts`), opens a connection or takes one that is open (`connection`, `pool`), and offers the message (`transaction`).
//! A connection carries one message after another, and is kept for a few seconds when there is none. What the other server
//! says is bounded and not trusted; every wait ends by the server's clock.

mod carrier;
mod connection;
mod dns;
mod downgrade;
mod extensions;
mod hosts;
mod lanes;
mod ledger;
mod letter;
mod parameters;
mod pool;
mod reply;
mod stuffing;
mod survey;
mod tls;
mod transaction;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use carrier::{Carried, Carrier};
use connection::{Connection, Opener};
use dns::Dns;
pub use downgrade::{Fixed, downgraded};
use hosts::Hosts;
use lanes::Lanes;
use pool::Pool;
pub use reply::{Framer, Malformed, Reply};
use tls::Security;

use crate::clock::Clock;
use crate::config::Config;
use crate::mail::Domain;
use crate::queue::{Destination, Job, Outcome, Relay};
use crate::refusals::{LookUp, Refusals};
use crate::stop::Stop;

/// How long a job may take before others that wait get a connection of their own.
const LONG: Duration = Duration::from_secs(2);
/// Messages that are converted at a time.
const CONVERSIONS: usize = 2;
/// How long work may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// The relay of a server.
#[derive(Clone)]
pub(crate) struct SmtpRelay {
    office: Arc<Office>,
}

struct Office {
    carrier: Carrier,
    lanes: Lanes,
    clock: Clock,
    idle: Duration,
    stop: Stop,
    runtime: Handle,
    tasks: Mutex<JoinSet<()>>,
}

impl SmtpRelay {
    /// A relay that works in this runtime. `own_addresses` are where this server takes mail: mail is not sent there.
    pub fn new(config: &Config, own_addresses: Vec<SocketAddr>, runtime: Handle, stop: Stop) -> Result<Self> {
        let (sending, limits) = (config.sending.clone(), config.limits.sending.clone());
        let mut own_names = vec![config.host.clone()];
        own_names.extend(config.domains.iter().cloned());
        let hosts = Hosts {
            dns: Dns::new(sending.dns),
            routes: config.routes.clone(),
            port: sending.port,
            own_names,
            own_addresses,
            faults: config.faults,
        };
        let opener = Opener {
            own_name: config.host.clone(),
            clock: config.clock.clone(),
            stop: stop.clone(),
            patience: limits.clone(),
            security: Security::new(sending.authorities.as_deref())?,
            faults: config.faults,
        };
        let office = Office {
            lanes: Lanes::new(limits.connections, limits.connections_per_destination),
            idle: limits.idle,
            carrier: Carrier {
                hosts,
                opener,
                pool: Pool::default(),
                places: Arc::new(Semaphore::new(limits.connections.max(1))),
                conversions: Arc::new(Semaphore::new(CONVERSIONS)),
                sending,
                faults: config.faults,
            },
            clock: config.clock.clone(),
            stop,
            runtime,
            tasks: Mutex::default(),
        };
        Ok(Self { office: Arc::new(office) })
    }

    /// Asks the DNS about domains for those who take mail that goes this way.
    pub fn refusals(&self) -> Refusals {
        let office = self.office.clone();
        let look_up = move |domain: &Domain| -> Option<LookUp> {
            let (office, domain) = (office.clone(), domain.clone());
            let asked = office.carrier.hosts.asks_dns(&domain);
            asked.then(|| Box::pin(async move { office.carrier.hosts.takes_no_mail(&domain).await }) as LookUp)
        };
        Refusals { runtime: self.office.runtime.clone(), look_up: Arc::new(look_up) }
    }

    /// Waits for the word to stop, and then until all work has ended: what was sent whole gets its reply, anything else is
    /// broken off and stays in the queue, and QUIT is said.
    pub async fn run(self) {
        self.office.stop.clone().wait().await;
        for connection in self.office.carrier.pool.all() {
            self.office.spawn(connection.quit());
        }
        let mut tasks = std::mem::take(&mut *self.office.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let end = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, end).await.is_err() {
            tasks.shutdown().await;
        }
    }
}

impl Relay for SmtpRelay {
    fn room(&self, destination: &Destination) -> usize {
        if self.office.stop.requested() { 0 } else { self.office.lanes.room(destination) }
    }

    fn carry(&self, job: Job) {
        let destination = job.destination.clone();
        if self.office.lanes.push(job) {
            self.office.start(destination);
        }
    }
}

/// A runner's end, however it comes about.
struct Leaving<'a> {
    office: &'a Office,
    destination: &'a Destination,
    in_order: bool,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.in_order {
            self.office.lanes.fail(self.destination);
        }
    }
}

impl Office {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    /// Starts a runner for this destination.
    fn start(self: &Arc<Self>, destination: Destination) {
        let office = Arc::clone(self);
        self.spawn(async move { office.run(destination).await });
    }

    /// Takes job after job, over one connection if it can.
    async fn run(self: Arc<Self>, destination: Destination) {
        let mut leaving = Leaving { office: &self, destination: &destination, in_order: false };
        let mut warm: Option<Connection> = None;
        loop {
            while let Some(job) = self.lanes.next(&destination) {
                if self.stop.requested() {
                    break;
                }
                warm = self.carry(job, &destination, warm.take()).await;
            }
            if self.stop.requested() {
                if let Some(connection) = warm {
                    connection.quit().await;
                }
                return;
            }
            match warm.take() {
                Some(connection) if connection.tired => connection.quit().await,
                Some(connection) => self.park(connection),
                None => {}
            }
            if self.lanes.leave(&destination) {
                leaving.in_order = true;
                return;
            }
        }
    }

    async fn carry(self: &Arc<Self>, job: Job, destination: &Destination, warm: Option<Connection>) -> Option<Connection> {
        let carried = {
            let carrying = self.carrier.carry(&job.entry, job.message(), destination, warm);
            tokio::pin!(carrying);
            let long = self.clock.now() + LONG;
            tokio::select! {
                carried = &mut carrying => carried,
                () = self.clock.reaches(long) => {
                    if self.lanes.reinforce(destination) {
                        self.start(destination.clone());
                    }
                    carrying.await
                }
            }
        };
        let Carried { outcomes, unreachable, warm } = carried;
        // What waits for a destination that cannot be reached need not find out again.
        let rest = if unreachable.is_some() { self.lanes.rest(destination) } else { Vec::new() };
        self.lanes.finished(destination, 1 + rest.len());
        // Who hears of the outcome may send more at once, also to another domain at this server: the connection is there for it.
        let warm = match warm {
            Some(connection) if !connection.tired && !self.lanes.has_more(destination) => {
                self.park(connection);
                None
            }
            kept => kept,
        };
        job.finish(outcomes);
        if let Some(diagnosis) = unreachable {
            for job in rest {
                let later = Outcome::Later { diagnosis: diagnosis.clone(), unreachable: true };
                let outcomes = job.entry.recipients.iter().map(|waiting| (waiting.address.clone(), later.clone())).collect();
                job.finish(outcomes);
            }
        }
        warm
    }

    /// Keeps the connection for a while.
    fn park(self: &Arc<Self>, connection: Connection) {
        let number = self.carrier.pool.park(connection);
        let office = Arc::clone(self);
        let until = self.clock.now() + self.idle;
        self.spawn(async move {
            let mut stop = office.stop.clone();
            tokio::select! {
                () = office.clock.reaches(until) => {}
                () = stop.wait() => {}
            }
            if let Some(connection) = office.carrier.pool.expire(number) {
                connection.quit().await;
            }
        });
    }
}

#[cfg(test)]
mod tests;
