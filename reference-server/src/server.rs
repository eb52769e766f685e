//! Wires the rooms together: [`start`] gives a running server with the addresses it listens on.
//!
//! A server has threads of its own, so that sessions may wait for the disk without holding up whoever started it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{Config, Grantee, Listen, Service, SharedMailboxConfig, Storage};
#[cfg(unix)]
use crate::control::Socket;
use crate::courier::LocalCourier;
use crate::imap::ImapSession;
use crate::listener::{Listener, NewSession, Room, Shared};
use crate::pop3::Pop3Session;
use crate::queue::{Queue, Sender, Worker};
use crate::refusals::Refusals;
use crate::relay::SmtpRelay;
use crate::site::Site;
use crate::smtp::{Role, SmtpSession};
use crate::stop::{self, Stop, StopSender};
use crate::store::{ANYONE, Grant, Rights, Store, default_quotas};
use crate::tls::Tls;

/// How long the threads of a killed server may take to end what they are in.
const KILLED: Duration = Duration::from_secs(5);

/// The database in the directory of a server, and the socket beside it where its queue is controlled.
pub(crate) const DATABASE: &str = "mail.sqlite";
pub(crate) const CONTROL: &str = "control.sock";

/// A server that listens. Dropping it stops it at once, as a crash would; [`Running::stop`] says good-bye first.
pub struct Running {
    /// Where it listens, by the name of the service; a second endpoint of the same service is `smtp-2`.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// The certificate it shows, as PEM, for clients that are to trust it.
    pub certificate: String,
    /// The clock it lives by.
    pub clock: Clock,
    /// What waits there, to look at and to change.
    pub queue: Queue,
    stop: StopSender,
    tasks: Vec<JoinHandle<()>>,
    /// `None` once stopped.
    runtime: Option<Runtime>,
}

/// Starts a server; when this returns it accepts connections.
pub async fn start(config: Config) -> Result<Running> {
    let site = Site::new(&config)?;
    let tls = Tls::new(&config.certificate, certificate_names(&config), config.client_ca.as_ref())?;
    let shared = Arc::new(Shared {
        tls: tls.acceptor,
        server_end_point: tls.server_end_point,
        plaintext_auth: config.plaintext_auth,
        room: Room::new(&config.limits),
        clock: config.clock.clone(),
    });
    // Before there is a runtime: one must not be dropped here if the store cannot be opened.
    let store = open_store(&config.storage)?;
    store.set_default_quotas(&default_quotas(config.limits.quota_storage, config.limits.quota_messages))?;
    make_shared_mailboxes(&config, &site, &store)?;
    let courier = Arc::new(LocalCourier { site: site.clone() });
    let queue = Queue::new(store.clone(), config.clock.clone()).serving(courier.clone(), &config.limits);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8)))
        .thread_name("reference-server")
        .enable_all()
        .build()
        .context("the server's threads cannot be started")?;
    let (stop, stopped) = stop::channel();
    let mut running = Running {
        addresses: BTreeMap::new(),
        certificate: tls.chain,
        clock: config.clock.clone(),
        queue: queue.clone(),
        stop,
        tasks: Vec::new(),
        runtime: Some(runtime),
    };
    let sockets = running.bind_all(&config.listen)?;
    let relay = running.relay(&config, &sockets, &stopped)?;
    let sender = Sender { host: site.host.clone(), domain: site.accounts.domain().to_owned() };
    #[cfg(unix)]
    if let Storage::Dir(directory) = &config.storage {
        running.control(Socket { path: directory.join(CONTROL), queue: queue.clone(), sender: sender.clone() }, &stopped);
    }
    let worker = Worker { queue: queue.clone(), courier, relay: Arc::new(relay.clone()), sender, memory: Default::default() };
    running.spawn(worker.run(stopped.clone()));
    let refusals = relay.refusals();
    running.spawn(relay.run());
    let rooms = Rooms { site, store, queue, refusals, takes_mail: config.takes_mail };
    for (service, socket) in sockets {
        let new_session = rooms.sessions(service);
        let listener = Listener { socket, implicit_tls: service.implicit_tls(), new_session, shared: shared.clone() };
        running.spawn(listener.serve(stopped.clone()));
    }
    Ok(running)
}

impl Running {
    /// Stops: no new connections, a good-bye on the open ones, and the end of all work.
    pub async fn stop(mut self) {
        self.stop.send();
        for task in self.tasks.drain(..) {
            // A task that failed has nothing more to stop.
            let _ = task.await;
        }
    }

    /// Binds every endpoint and notes where it is.
    fn bind_all(&mut self, endpoints: &[Listen]) -> Result<Vec<(Service, TcpListener)>> {
        let mut sockets = Vec::new();
        for listen in endpoints {
            let place = || format!("cannot listen on {} for {}", listen.address, listen.service);
            let socket = self.bind(listen.address).with_context(place)?;
            let name = free_name(&self.addresses, listen.service);
            self.addresses.insert(name, socket.local_addr()?);
            sockets.push((listen.service, socket));
        }
        Ok(sockets)
    }

    /// The relay, which must not send mail to this server itself.
    fn relay(&self, config: &Config, sockets: &[(Service, TcpListener)], stop: &Stop) -> Result<SmtpRelay> {
        let for_mail = sockets.iter().filter(|(service, _)| *service == Service::Smtp);
        let own_addresses = for_mail.map(|(_, socket)| Ok(socket.local_addr()?)).collect::<Result<_>>()?;
        let runtime = self.runtime.as_ref().context("the server has stopped")?;
        SmtpRelay::new(config, own_addresses, runtime.handle().clone(), stop.clone())
    }

    /// Ends at once, as by SIGKILL: nobody is told, nothing is brought to its end. When this returns its addresses are free, and its
    /// directory may be used by another.
    pub async fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for threads is forbidden where tasks run.
            let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(KILLED));
            // A thread that hangs is left to itself.
            let _ = ended.await;
        }
    }

    /// Lets the queue be controlled from outside. A server that cannot have that (its path may be too long for a socket)
    /// works without.
    #[cfg(unix)]
    fn control(&mut self, socket: Socket, stop: &Stop) {
        let bound = {
            let _inside = self.runtime.as_ref().map(Runtime::enter);
            socket.bind()
        };
        match bound {
            Ok(listener) => self.spawn(socket.serve(listener, stop.clone())),
            Err(error) => tracing::warn!(path = %socket.path.display(), %error, "the queue cannot be controlled from outside"),
        }
    }

    fn bind(&self, address: SocketAddr) -> Result<TcpListener> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        // The socket belongs to the runtime it is registered in.
        let _inside = self.runtime.as_ref().map(Runtime::enter);
        Ok(TcpListener::from_std(socket)?)
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            self.tasks.push(runtime.spawn(task));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting here would block whoever drops the server, and is forbidden inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// What sessions are made of.
struct Rooms {
    site: Arc<Site>,
    store: Store,
    queue: Queue,
    refusals: Refusals,
    takes_mail: bool,
}

impl Rooms {
    /// Which session answers at an endpoint.
    fn sessions(&self, service: Service) -> NewSession {
        let (site, store, queue) = (self.site.clone(), self.store.clone(), self.queue.clone());
        match service {
            Service::Smtp | Service::Smtps | Service::Submission | Service::Submissions | Service::Lmtp => {
                let role = match service {
                    Service::Submission | Service::Submissions => Role::Submission,
                    Service::Lmtp => Role::Lmtp,
                    _ if self.takes_mail => Role::Relay,
                    _ => Role::Refusal,
                };
                let refusals = (role == Role::Submission).then(|| self.refusals.clone());
                Arc::new(move |peer| {
                    let session = SmtpSession::new(peer, role, site.clone(), store.clone(), queue.clone());
                    Box::new(session.asking(refusals.clone()))
                })
            }
            Service::Pop3 | Service::Pop3s => Arc::new(move |peer| Box::new(Pop3Session::new(site.clone(), store.clone(), peer))),
            Service::Imap | Service::Imaps => Arc::new(move |peer| Box::new(ImapSession::new(site.clone(), store.clone(), peer))),
        }
    }
}

fn open_store(storage: &Storage) -> Result<Store> {
    match storage {
        Storage::Memory => Ok(Store::memory()?),
        Storage::Dir(directory) => {
            let shown = directory.display();
            std::fs::create_dir_all(directory).with_context(|| format!("the directory {shown} cannot be made"))?;
            Ok(Store::open(&directory.join(DATABASE))?)
        }
    }
}

/// Sees to it that the shared mailboxes are there, and that those who are named have their rights.
fn make_shared_mailboxes(config: &Config, site: &Site, store: &Store) -> Result<()> {
    for SharedMailboxConfig { name, grants } in &config.shared_mailboxes {
        let named = grants.iter().map(|(grantee, letters)| {
            let identifier = match grantee {
                Grantee::Anyone => ANYONE.to_owned(),
                Grantee::Account(address) => site.accounts.named(address)?,
            };
            let rights = Rights::read(letters).map_err(|letter| anyhow::anyhow!("\"{letter}\" is no right"))?;
            Ok(Grant { identifier, rights })
        });
        let grants = named.collect::<Result<_>>().with_context(|| format!("the shared mailbox {name} can not be made"))?;
        store.make_shared(name, grants)?;
    }
    Ok(())
}

fn free_name(taken: &BTreeMap<String, SocketAddr>, service: Service) -> String {
    let numbered = (2..).map(|number| format!("{service}-{number}"));
    std::iter::once(service.to_string()).chain(numbered).find(|name| !taken.contains_key(name)).unwrap_or_default()
}

fn certificate_names(config: &Config) -> Vec<String> {
    let mut names = vec![config.host.clone()];
    names.extend(config.domains.iter().cloned());
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names.dedup();
    names
}
