//! The relay against servers that answer whatever a test says, at any place.

mod exchangers;
mod hostile;
mod outcomes;
mod peer;
mod security;
mod sessions;
mod zones;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::SmtpRelay;
use crate::config::{Config, Route};
use crate::mail::{Address, Body, Envelope, Recipient};
use crate::queue::{Job, Outcome, Relay};
use crate::stop::{self, StopSender};
use peer::Peer;

/// A relay of crepes.fr with its end.
struct Sender {
    relay: SmtpRelay,
    stop: StopSender,
    running: tokio::task::JoinHandle<()>,
}

type Outcomes = Vec<(Address, Outcome)>;

/// A job that was given away.
struct Given(Receiver<Option<Outcomes>>);

impl Sender {
    fn new(config: Config) -> Self {
        let (stop, stopped) = stop::channel();
        let config = Config { host: "crepes.fr".to_owned(), domains: vec!["crepes.fr".to_owned()], ..config };
        let relay = SmtpRelay::new(&config, Vec::new(), tokio::runtime::Handle::current(), stopped).unwrap();
        let running = tokio::spawn(relay.clone().run());
        Self { relay, stop, running }
    }

    /// One that sends all mail to this peer.
    fn to(peer: &Peer, config: Config) -> Self {
        Self::new(Config { routes: vec![Route { domain: "*".to_owned(), address: peer.address }], ..config })
    }

    fn send(&self, envelope: Envelope, message: &[u8]) -> Given {
        let (job, outcomes) = Job::sample(envelope, message);
        self.relay.carry(job);
        Given(outcomes)
    }

    /// Gives away so many jobs at once.
    fn send_all(&self, count: usize, envelope: &Envelope, message: &[u8]) -> Vec<Given> {
        let (jobs, given): (Vec<_>, Vec<_>) = (0..count).map(|_| Job::sample(envelope.clone(), message)).unzip();
        jobs.into_iter().for_each(|job| self.relay.carry(job));
        given.into_iter().map(Given).collect()
    }

    async fn stop(self) {
        self.stop.send();
        self.running.await.unwrap();
    }
}

impl Given {
    /// What became of the recipients, in a word each; `None` if the job was dropped.
    async fn back(self) -> Option<Vec<String>> {
        let outcomes = tokio::task::spawn_blocking(move || self.0.recv_timeout(Duration::from_secs(60)).unwrap()).await.unwrap();
        outcomes.map(|outcomes| outcomes.iter().map(|(_, outcome)| word(outcome)).collect())
    }

    async fn words(self) -> Vec<String> {
        self.back().await.unwrap()
    }
}

/// `relayed`, `later 4.2.1`, `unreachable 4.4.1`, `refused 5.1.1`.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Relayed { notifies: true, .. } => "relayed with DSN".to_owned(),
        Outcome::Relayed { .. } => "relayed".to_owned(),
        Outcome::Later { diagnosis, unreachable: true } => format!("unreachable {}", diagnosis.status),
        Outcome::Later { diagnosis, .. } => format!("later {}", diagnosis.status),
        Outcome::Refused(diagnosis) => format!("refused {}", diagnosis.status),
    }
}

/// From alice@crepes.fr to people at hamburger.edu.
fn envelope(recipients: &[&str]) -> Envelope {
    let address = |name: &&str| Recipient::new(Address::parse(&format!("{name}@hamburger.edu")).unwrap());
    Envelope {
        reverse_path: Some(Address::parse("alice@crepes.fr").unwrap()),
        recipients: recipients.iter().map(address).collect(),
        body: Body::SevenBit,
        ..Envelope::default()
    }
}

const MESSAGE: &[u8] = b"From: alice@crepes.fr\r\nSubject: crepes\r\n\r\n.dot\r\nlast\r\n";
