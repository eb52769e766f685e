//! Runs the chosen cases against a target: probe, lease, prepare, play, judge by the baseline, tell.

pub mod choose;
pub mod drive;
mod keeper;
mod peers;
mod pool;
mod private;
mod probe;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::sync::{Mutex, mpsc, watch};

use self::drive::Driver;
use self::keeper::Keeper;
use self::peers::Peers;
use self::pool::Pool;
use crate::outcome::{CaseOutcome, Event, RunResult, RunStart, TargetFacts};
use crate::protocol::Limits;
use crate::snapshot;
use crate::suite::{Case, Fixtures, Library};
use crate::target::baseline::Baseline;
use crate::target::{Processes, Target};
use crate::transport::{TlsClient, client_config};

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cases at a time; `None`: as many as accounts and machine allow.
    pub jobs: Option<usize>,
    /// What names made up for cases are drawn from; the same seed sends the same bytes.
    pub seed: u64,
    /// A broken SHOULD fails.
    pub strict: bool,
    /// How often a case that did not pass is tried again.
    pub retries: usize,
    /// End at the first failure.
    pub fail_fast: bool,
    pub limits: Limits,
    pub snapshots: snapshot::Mode,
    /// The folder that holds snapshots, by target.
    pub snapshot_root: std::path::PathBuf,
}

/// What all workers share.
struct Shared {
    target: Arc<Target>,
    tls: TlsClient,
    processes: Processes,
    facts: TargetFacts,
    fixtures: Arc<Fixtures>,
    cases: Vec<Arc<Case>>,
    next: AtomicUsize,
    pool: Arc<Pool>,
    peers: Arc<Peers>,
    keepers: Vec<Mutex<Option<Keeper>>>,
    options: Options,
    baseline: Arc<Baseline>,
    snapshots: snapshot::Store,
    filters: snapshot::Filters,
    stop: watch::Sender<bool>,
    /// Why the run ended early, if it did; the first reason counts.
    ended: std::sync::Mutex<Option<End>>,
    /// One probe at a time.
    suspicion: Mutex<()>,
    begun: Instant,
    events: mpsc::UnboundedSender<Event>,
}

/// Why a run ends early.
#[derive(Clone, Debug)]
enum End {
    TargetDied(String),
    Interrupted(String),
}

impl Shared {
    fn driver(&self) -> Driver<'_> {
        Driver { target: &self.target, tls: &self.tls, processes: &self.processes }
    }

    fn end(&self, end: End) {
        let mut ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if ended.is_none() {
            *ended = Some(end);
        }
        let _ = self.stop.send(true);
    }
}

/// What is to be run, and on what.
pub struct Plan<'a> {
    pub library: &'a Library,
    pub chosen: choose::Chosen,
    pub target: Arc<Target>,
    pub processes: Processes,
    pub baseline: Baseline,
    pub options: Options,
}

/// Plays what is planned. `interrupt` resolves when the user wants to stop; `tell` hears of everything as it happens. The
/// error is for what cannot even begin: a certificate authority that cannot be read, a broken snapshot filter.
pub async fn run(plan: Plan<'_>, interrupt: impl Future<Output = ()>, tell: &mut dyn FnMut(Event)) -> Result<RunResult, String> {
    let Plan { library, chosen, target, processes, baseline, options } = plan;
    let server_name = ServerName::try_from(target.domain.clone()).unwrap_or(ServerName::IpAddress(target.host.into()));
    let tls = TlsClient { config: client_config(&target.trust, None)?, server_name };
    let filters = snapshot::Filters::new(&target.snapshot_filters)?;
    let (stop, stopped) = watch::channel(false);
    let begun = Instant::now();
    let driver = Driver { target: &target, tls: &tls, processes: &processes };
    let asking = chosen.cases.iter().map(|case| &**case);
    let (facts, failure) = match probe::probe_for(&driver, &stopped, asking).await {
        Ok(facts) => (facts, None),
        Err(why) => {
            let facts =
                TargetFacts { name: target.name.clone(), description: target.description.clone(), ..TargetFacts::default() };
            (facts, Some(why))
        }
    };
    let jobs = options.jobs.unwrap_or_else(|| default_jobs(target.accounts.len())).max(1);
    let start = RunStart {
        target: facts.clone(),
        selected: chosen.cases.len(),
        deselected: chosen.deselected,
        suites: chosen.cases.iter().map(|case| &case.file).collect::<std::collections::BTreeSet<_>>().len(),
        jobs,
        seed: options.seed,
        started_at: now_rfc3339(),
        strict: options.strict,
    };
    tell(Event::Started(Arc::new(start.clone())));
    let sources: BTreeMap<Arc<str>, Arc<str>> =
        library.suites.iter().map(|suite| (suite.file.clone(), suite.source.clone())).collect();
    let mut result = RunResult {
        start,
        outcomes: Vec::new(),
        stale: Vec::new(),
        duration: Duration::ZERO,
        interrupted: None,
        target_failure: failure.map(|why| format!("the target `{}` cannot be tested: {why}", target.name)),
        not_run: 0,
        sources,
    };
    if result.target_failure.is_some() {
        result.not_run = chosen.cases.len();
        result.duration = begun.elapsed();
        tell(Event::Finished(Arc::new(result.clone())));
        return Ok(result);
    }
    // Cases that are skipped or bring their own servers take no account away from the others.
    let bare = probe::bare_environment(&target, &facts);
    let leasing: Vec<Arc<Case>> = chosen
        .cases
        .iter()
        .filter(|case| private::topology(case, &target, &bare).is_none() && choose::impossible(case, &target, &bare).is_none())
        .cloned()
        .collect();
    let (events, mut heard) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        pool: Arc::new(Pool::new(target.accounts.clone(), &leasing)),
        peers: Arc::new(Peers::new(target.peers.clone())),
        keepers: target.accounts.iter().map(|_| Mutex::new(None)).collect(),
        fixtures: Arc::new(library.fixtures.clone()),
        cases: chosen.cases,
        next: AtomicUsize::new(0),
        baseline: Arc::new(baseline),
        ended: std::sync::Mutex::default(),
        suspicion: Mutex::default(),
        snapshots: snapshot::Store::new(&options.snapshot_root, &target.name),
        target,
        tls,
        processes,
        facts,
        options,
        filters,
        stop,
        begun,
        events,
    });
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..jobs {
        workers.spawn(worker::work(shared.clone()));
    }
    let mut outcomes: Vec<CaseOutcome> = Vec::new();
    tokio::pin!(interrupt);
    let mut interrupted = false;
    loop {
        tokio::select! {
            Some(event) = heard.recv() => {
                if let Event::CaseFinished(outcome) = &event {
                    outcomes.push(outcome.as_ref().clone());
                }
                tell(event);
            }
            done = workers.join_next() => {
                match done {
                    None => break,
                    Some(Ok(())) => {}
                    Some(Err(error)) => shared.end(End::Interrupted(format!("a worker of the harness failed: {error}"))),
                }
            }
            () = &mut interrupt, if !interrupted => {
                interrupted = true;
                shared.end(End::Interrupted("asked to end (Ctrl-C or SIGTERM)".to_owned()));
                tell(Event::Notice("interrupted; finishing with a partial report".to_owned()));
            }
        }
    }
    while let Ok(event) = heard.try_recv() {
        if let Event::CaseFinished(outcome) = &event {
            outcomes.push(outcome.as_ref().clone());
        }
        tell(event);
    }
    let ended = shared.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    match ended {
        Some(End::TargetDied(why)) => result.target_failure = Some(why),
        Some(End::Interrupted(why)) => result.interrupted = Some(why),
        None => {
            if let Err(why) = probe::probe(&shared.driver(), &stopped).await {
                result.target_failure =
                    Some(format!("the target `{}` no longer answers after the last case: {why}", shared.target.name));
            }
        }
    }
    outcomes.sort_by(|a, b| (&a.case.file, a.case.line, a.case.variant).cmp(&(&b.case.file, b.case.line, b.case.variant)));
    result.not_run = shared.cases.len() - outcomes.len();
    let all: Vec<(String, String)> = library.cases().map(|case| (case.name(), case.id.clone())).collect();
    result.stale = shared.baseline.settle(&mut outcomes, &all);
    result.outcomes = outcomes;
    result.duration = begun.elapsed();
    tell(Event::Finished(Arc::new(result.clone())));
    Ok(result)
}

/// Cases mostly wait for the server, so more of them than cores may run; each needs an account.
fn default_jobs(accounts: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
    (cores * 4).min(accounts.max(1)).clamp(1, 32)
}

fn now_rfc3339() -> String {
    let now = time::OffsetDateTime::now_utc();
    // Milliseconds tell runs apart; more digits only make reports hard to read.
    let now = now.replace_millisecond(now.millisecond()).unwrap_or(now);
    now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
