//! Carries out what an engine demands, on real connections.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::dialogue::{Demand, Engine, Played};
use crate::outcome::Verdict;
use crate::suite::ConnectionName;
use crate::suite::topology::Control;
use crate::target::network::Network;
use crate::target::{Command, Processes, Target};
use crate::transport::{Connection, Listener, TlsClient, client_config, end_in_words, server_config};

/// What driving needs besides the engine.
pub struct Driver<'a> {
    pub target: &'a Target,
    pub tls: &'a TlsClient,
    pub processes: &'a Processes,
}

/// Octets read at a time.
const BUFFER: usize = 32 * 1024;
/// Later than any case ends.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// How long after a deadline bytes that are there already still count.
const GRACE: Duration = Duration::from_millis(250);

impl Driver<'_> {
    /// Plays a case to its end. `stop` becomes true when the run is cut short.
    pub async fn drive(&self, engine: Engine, stop: watch::Receiver<bool>) -> Played {
        self.drive_on(engine, stop, None).await
    }

    /// The same on servers of the case's own.
    pub async fn drive_on(
        &self,
        mut engine: Engine,
        mut stop: watch::Receiver<bool>,
        mut network: Option<&mut Network>,
    ) -> Played {
        let begun = Instant::now();
        let mut connections: BTreeMap<ConnectionName, Connection> = BTreeMap::new();
        let mut listeners: BTreeMap<String, Listener> = BTreeMap::new();
        // How each connection shakes hands: the servers of a network have names of their own.
        let mut clients: BTreeMap<ConnectionName, TlsClient> = BTreeMap::new();
        let mut buffer = vec![0u8; BUFFER];
        // One timer for the whole case: arming one for each read would cost as much as the read. It may ring before the time that is
        // awaited, never after.
        let alarm = tokio::time::sleep_until(begun + FAR);
        tokio::pin!(alarm);
        let stopped = stop.wait_for(|stop| *stop);
        tokio::pin!(stopped);
        loop {
            let demand = engine.next(begun.elapsed());
            let expected = match &demand {
                Demand::Accept { connection, peer, .. } => Some((connection.clone(), peer.clone())),
                _ => None,
            };
            match demand {
                Demand::Finished => {
                    let mut played = engine.finish();
                    if let Some(network) = network {
                        played.transcript.entries.extend(network.overheard(begun.into_std()));
                        played.transcript.entries.sort_by_key(|entry| entry.at);
                    }
                    return played;
                }
                Demand::Open { connection, protocol, service, server, implicit_tls } => {
                    connections.remove(&connection);
                    let member = network.as_deref().and_then(|network| network.member(server.as_deref()));
                    let (target, client) = member.map_or((self.target, self.tls), |member| (member.target(), &member.tls));
                    let Some((address, tls)) = target.endpoint(protocol, service.as_deref(), implicit_tls) else {
                        engine.open_failed(&connection, "the target has no such endpoint", begun.elapsed());
                        continue;
                    };
                    match Connection::open(address, tls.then_some(client), self.target.timeouts.connect).await {
                        Ok(open) => {
                            clients.insert(connection.clone(), client.clone());
                            engine.bound(&connection, open.channel_bindings());
                            connections.insert(connection.clone(), open);
                            engine.opened(&connection, tls, begun.elapsed());
                        }
                        Err(error) => engine.open_failed(&connection, &format!("{address}: {error}"), begun.elapsed()),
                    }
                }
                Demand::Write { connection, bytes, segments } => {
                    let Some(open) = connections.get_mut(&connection) else { continue };
                    let result = tokio::time::timeout(self.target.timeouts.step, open.write(&bytes, segments)).await;
                    // What the server said before it stopped reading is still there to be read; the reading tells its end.
                    if result.is_err() {
                        connections.remove(&connection);
                        let why = format!("the server took no more bytes for {:?}", self.target.timeouts.step);
                        engine.closed(&connection, &why, begun.elapsed());
                    }
                }
                Demand::Compress { connection, active } => {
                    let Some(open) = connections.get_mut(&connection) else { continue };
                    // A connection that breaks here is told by the reading.
                    let _ = tokio::time::timeout(self.target.timeouts.step, open.compress(active)).await;
                }
                Demand::StartTls { connection, inject, certificate } => {
                    let client = clients.get(&connection).unwrap_or(self.tls);
                    let tls = match self.as_client(client, certificate.as_deref()) {
                        Ok(tls) => tls,
                        Err(why) => {
                            engine.tls_failed(&connection, &why, begun.elapsed());
                            continue;
                        }
                    };
                    let Some(open) = connections.get_mut(&connection) else {
                        engine.tls_failed(&connection, "the connection is gone", begun.elapsed());
                        continue;
                    };
                    match tokio::time::timeout(self.target.timeouts.step, open.secure(&inject, &tls)).await {
                        Ok(Ok(())) => {
                            engine.bound(&connection, open.channel_bindings());
                            engine.secured(&connection, begun.elapsed());
                        }
                        Ok(Err(error)) => {
                            connections.remove(&connection);
                            engine.tls_failed(&connection, &error.to_string(), begun.elapsed());
                        }
                        Err(_) => {
                            connections.remove(&connection);
                            engine.tls_failed(&connection, "the handshake did not finish in time", begun.elapsed());
                        }
                    }
                }
                Demand::AcceptTls { connection, certificate, domain } => {
                    let Some(open) = connections.get_mut(&connection) else {
                        engine.tls_failed(&connection, "the connection is gone", begun.elapsed());
                        continue;
                    };
                    let config = match server_config(certificate, &domain) {
                        Ok(config) => config,
                        Err(why) => {
                            engine.abandon(Verdict::Errored, why);
                            continue;
                        }
                    };
                    let ended = match tokio::time::timeout(self.target.timeouts.step, open.accept_tls(config)).await {
                        Ok(result) => result.map_err(|error| error.to_string()),
                        Err(_) => Err("the handshake did not finish in time".to_owned()),
                    };
                    match ended {
                        Ok(()) => engine.secured(&connection, begun.elapsed()),
                        Err(why) => {
                            connections.remove(&connection);
                            engine.tls_failed(&connection, &why, begun.elapsed());
                        }
                    }
                }
                Demand::Listen { peer, address } => match Listener::open(address) {
                    Ok(listener) => {
                        listeners.insert(peer, listener);
                    }
                    Err(error) => engine.abandon(Verdict::Errored, format!("cannot listen at {address} for `{peer}`: {error}")),
                },
                Demand::Refuse { peer } => {
                    listeners.remove(&peer);
                }
                Demand::HalfClose { connection } => {
                    if let Some(open) = connections.get_mut(&connection) {
                        // A connection that is gone already has nothing to close; reading tells.
                        let _ = open.half_close().await;
                    }
                }
                Demand::Reset { connection } => {
                    if let Some(mut open) = connections.remove(&connection) {
                        open.reset();
                    }
                }
                Demand::Close { connection } => {
                    connections.remove(&connection);
                }
                Demand::Control(control) => {
                    let steered = async {
                        match network.as_deref_mut() {
                            Some(network) => network.steer(&control).await,
                            None => self.control(&control).await,
                        }
                    };
                    tokio::pin!(steered);
                    // A server that stops waits for its clients to hear its good-bye and go.
                    let result = loop {
                        tokio::select! {
                            result = &mut steered => break result,
                            read = read_any(&mut connections, &mut buffer) => {
                                hear(&mut engine, &mut connections, &buffer, read, begun.elapsed());
                            }
                        }
                    };
                    engine.controlled(result, begun.elapsed());
                }
                Demand::Ask(question) => {
                    let answer = match network.as_deref() {
                        Some(network) => network.ask(&question),
                        None => Err("they are not the case's own".to_owned()),
                    };
                    engine.answered(answer, begun.elapsed());
                }
                Demand::Read { until } | Demand::Accept { until, .. } => {
                    let now = begun.elapsed();
                    // What is there already is read first, but a server that never pauses does not put the deadline off for ever.
                    if now > until + GRACE {
                        engine.deadline_passed(now);
                        continue;
                    }
                    let deadline = begun + until.min(FAR);
                    if alarm.deadline() > deadline || alarm.is_elapsed() {
                        alarm.as_mut().reset(deadline);
                    }
                    tokio::select! {
                        biased;
                        _ = stopped.as_mut() => engine.abandon(Verdict::Errored, "the run was interrupted".to_owned()),
                        accepted = accept(&listeners, expected.as_ref()) => {
                            let Some((connection, peer)) = expected else { continue };
                            match accepted {
                                Ok(open) => {
                                    connections.insert(connection.clone(), open);
                                    engine.accepted(&connection, begun.elapsed());
                                }
                                Err(error) => engine.abandon(Verdict::Errored, format!("cannot accept for `{peer}`: {error}")),
                            }
                        }
                        read = read_any(&mut connections, &mut buffer) => {
                            hear(&mut engine, &mut connections, &buffer, read, begun.elapsed());
                        }
                        () = alarm.as_mut() => {
                            let now = begun.elapsed();
                            if now >= until {
                                engine.deadline_passed(now);
                            }
                        }
                    }
                }
            }
        }
    }

    /// How the harness does TLS, with a certificate of its own if a case says so.
    fn as_client(&self, usual: &TlsClient, certificate: Option<&str>) -> Result<TlsClient, String> {
        match certificate {
            None => Ok(usual.clone()),
            Some(pem) => {
                let config = client_config(&self.target.trust, Some(pem))?;
                Ok(TlsClient { config, server_name: usual.server_name.clone() })
            }
        }
    }

    async fn control(&self, control: &Control) -> Result<(), String> {
        let name = control.name();
        let argument = match control {
            Control::Clock { by, .. } => by.as_secs().to_string(),
            Control::Power { server, .. } => server.clone(),
            Control::Way { between, .. } => between.join(" "),
            Control::Queue { what, .. } => what.to_string(),
        };
        let line = self.target.controls.get(&name).ok_or_else(|| format!("the target has no control `{name}`"))?;
        let command = Command { line: line.replace("{argument}", &argument), timeout: Duration::from_secs(30) };
        self.processes.run(&command).await
    }
}

/// Waits for a connection to the expected peer; for ever, if none is expected or nobody listens for it.
async fn accept(listeners: &BTreeMap<String, Listener>, expected: Option<&(ConnectionName, String)>) -> io::Result<Connection> {
    match expected.and_then(|(_, peer)| listeners.get(peer)) {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// Tells the engine what was read.
fn hear(
    engine: &mut Engine,
    connections: &mut BTreeMap<ConnectionName, Connection>,
    buffer: &[u8],
    read: (ConnectionName, io::Result<usize>),
    now: Duration,
) {
    match read {
        (name, Ok(count)) if count > 0 => engine.received(&name, buffer.get(..count).unwrap_or_default(), now),
        (name, end) => {
            let accepted = connections.remove(&name).is_some_and(|connection| connection.is_accepted());
            engine.closed(&name, &end_in_words(&end, accepted), now);
        }
    }
}

/// Waits for bytes or the end of any connection; of several that are ready the first by name.
async fn read_any(
    connections: &mut BTreeMap<ConnectionName, Connection>,
    buffer: &mut [u8],
) -> (ConnectionName, io::Result<usize>) {
    poll_fn(|context| {
        for (name, connection) in connections.iter_mut() {
            if let Poll::Ready(result) = connection.poll_read(context, buffer) {
                return Poll::Ready((name.clone(), result));
            }
        }
        Poll::Pending
    })
    .await
}
