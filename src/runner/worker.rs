//! One worker: takes the next case, plays it, tells its outcome, until there is none or the run ends.

use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::choose::{impossible, starts};
use super::keeper::Keeper;
use super::pool::{Lane, Lease};
use super::{End, Shared, private, probe};
use crate::dialogue::{Account, Engine, Environment, Peer, Played};
use crate::outcome::{Attempt, CaseOutcome, Event, Finding, FindingKind, SnapshotState, Verdict};
use crate::snapshot;
use crate::suite::{Case, Protocol, SeedMessage};
use crate::target::AccountSlot;
use crate::transcript::Transcript;

/// Plays cases until none is left.
pub(super) async fn work(shared: Arc<Shared>) {
    loop {
        if *shared.stop.borrow() {
            return;
        }
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(case) = shared.cases.get(index) else { return };
        let _ = shared.events.send(Event::CaseStarted { case: case.clone() });
        let outcome = with_retries(&shared, case).await;
        // What was cut short says nothing of the target.
        if *shared.stop.borrow() && outcome.verdict == Verdict::Errored {
            return;
        }
        let failed = outcome.verdict.is_bad();
        let name = outcome.case.name();
        let _ = shared.events.send(Event::CaseFinished(Arc::new(outcome)));
        if failed && shared.options.fail_fast {
            shared.end(End::Interrupted(format!("stopped at the first failure: {name}")));
        }
    }
}

async fn with_retries(shared: &Arc<Shared>, case: &Arc<Case>) -> CaseOutcome {
    let mut earlier = Vec::new();
    loop {
        let started = shared.begun.elapsed();
        let mut outcome = once(shared, case, earlier.len()).await;
        outcome.started = started;
        shared.baseline.excuse(&mut outcome);
        let bad = outcome.verdict.is_bad();
        if bad {
            suspect(shared, &outcome).await;
        }
        if !bad || earlier.len() >= shared.options.retries || *shared.stop.borrow() {
            outcome.earlier_attempts = earlier;
            return outcome;
        }
        earlier.push(Attempt { verdict: outcome.verdict, findings: outcome.findings, duration: outcome.duration });
    }
}

/// After a failure that a dead server would cause, too: is it alive? If not, the run ends with one message.
async fn suspect(shared: &Arc<Shared>, outcome: &CaseOutcome) {
    let suspicious = outcome.verdict != Verdict::Failed
        || outcome
            .findings
            .iter()
            .any(|finding| matches!(finding.kind, FindingKind::TimedOut | FindingKind::Connection | FindingKind::Tls));
    if !suspicious || *shared.stop.borrow() {
        return;
    }
    let _one_at_a_time = shared.suspicion.lock().await;
    if *shared.stop.borrow() {
        return;
    }
    let stop = shared.stop.subscribe();
    let mut why = String::new();
    for pause in [0, 500, 2000] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match probe::probe(&shared.driver(), &stop).await {
            Ok(_) => return,
            Err(said) => why = said,
        }
    }
    shared.end(End::TargetDied(format!(
        "the target `{}` stopped answering at the case {}: {why}",
        shared.target.name,
        outcome.case.name()
    )));
}

async fn once(shared: &Arc<Shared>, case: &Arc<Case>, attempt: usize) -> CaseOutcome {
    let begun = Instant::now();
    let bare = probe::bare_environment(&shared.target, &shared.facts);
    if let Some((topology, kind)) = private::topology(case, &shared.target, &bare) {
        return private::play(shared, case, &topology, &kind, attempt).await;
    }
    if let Some(why) = impossible(case, &shared.target, &bare) {
        return without_playing(case, Verdict::Skipped, why, begun);
    }
    let lane = Lane::of(case);
    let lease = shared.pool.lease(lane, case.roles.len()).await;
    if *shared.stop.borrow() {
        return without_playing(case, Verdict::Errored, "the run was interrupted".to_owned(), begun);
    }
    let peers = shared.peers.lease(case.peers.len()).await;
    let mut environment = match prepare(shared, case, lane, &lease, bare, attempt).await {
        Ok(environment) => environment,
        Err(why) => return without_playing(case, Verdict::Blocked, format!("the mailboxes could not be prepared: {why}"), begun),
    };
    let leased = case.peers.iter().cloned().zip(peers.slots());
    environment.peers = leased.map(|(name, slot)| (name, Peer { domain: slot.domain.clone(), address: slot.address })).collect();
    let known = known_values(&environment);
    let private_prefix = environment.private_prefix.clone();
    let engine = Engine::new(case.clone(), environment, shared.options.strict);
    let played = shared.driver().drive(engine, shared.stop.subscribe()).await;
    tidy(shared, case, &lease, &private_prefix).await;
    finished(shared, case, played, &known)
}

pub(super) fn without_playing(case: &Arc<Case>, verdict: Verdict, reason: String, begun: Instant) -> CaseOutcome {
    CaseOutcome {
        case: case.clone(),
        verdict,
        reason: Some(reason),
        link: None,
        findings: Vec::new(),
        transcript: Transcript::default(),
        duration: begun.elapsed(),
        started: Duration::ZERO,
        earlier_attempts: Vec::new(),
        fingerprint: None,
        snapshot: SnapshotState::Off,
        captures: Vec::new(),
    }
}

/// Accounts for the roles, clean and filled mailboxes, names.
async fn prepare(
    shared: &Arc<Shared>,
    case: &Arc<Case>,
    lane: Lane,
    lease: &Lease,
    bare: Environment,
    attempt: usize,
) -> Result<Environment, String> {
    let unique = unique(shared.options.seed, &case.name(), attempt);
    let leased = case.roles.iter().zip(lease.accounts());
    let mut environment = Environment {
        accounts: leased.map(|(role, (_, slot))| (role.clone(), Account::from(slot))).collect(),
        private_prefix: format!("ms{unique}-"),
        unique,
        fixtures: shared.fixtures.clone(),
        limits: shared.options.limits,
        ..bare
    };
    if case.maildrop.is_some()
        && let Some((_, slot)) = lease.accounts().next()
        && !slot.disposable
    {
        return Err(format!(
            "the INBOX of {} would be emptied, and the target does not say that it is `disposable: true`",
            slot.login
        ));
    }
    let keepers = if needs_keeper(shared, case, lane) { case.roles.as_slice() } else { &[] };
    for (role, (index, slot)) in keepers.iter().zip(lease.accounts()) {
        let Some(cell) = shared.keepers.get(index) else { continue };
        let mut cell = cell.lock().await;
        if cell.is_none() {
            *cell = Some(Keeper::open(&shared.target, &shared.tls, slot).await?);
        }
        let Some(keeper) = cell.as_mut() else { continue };
        let first = role == "alice" || case.roles.first() == Some(role);
        let result = fill(keeper, shared, case, first, &mut environment).await;
        if result.is_err() {
            // A connection that broke is opened anew for the next case.
            *cell = None;
        }
        result?;
    }
    if let Some(maildrop) = case.maildrop.as_ref().filter(|_| maildrops_by_commands(shared))
        && let Some((_, slot)) = lease.accounts().next()
    {
        fill_by_commands(shared, slot, maildrop).await?;
    }
    Ok(environment)
}

/// IMAP fills maildrops, too, unless the target says otherwise.
fn maildrops_by_commands(shared: &Shared) -> bool {
    shared.target.maildrop.is_some() || shared.target.endpoint(Protocol::Imap, None, false).is_none()
}

/// Fills a maildrop by the target's own commands.
async fn fill_by_commands(shared: &Shared, slot: &AccountSlot, messages: &[SeedMessage]) -> Result<(), String> {
    let Some(commands) = &shared.target.maildrop else {
        return Err("the target has neither IMAP nor `maildrop:` commands".to_owned());
    };
    let account: [(&str, &OsStr); 2] = [("MAILSPEC_LOGIN", slot.login.as_ref()), ("MAILSPEC_ADDRESS", slot.address.as_ref())];
    shared.processes.run_with(&commands.empty, &account).await?;
    for message in messages {
        let bytes = shared.fixtures.get(&message.fixture).ok_or_else(|| format!("there is no fixture `{}`", message.fixture))?;
        let path = shared.processes.keep(&message.fixture, bytes)?;
        let environment = [account.as_slice(), &[("MAILSPEC_MESSAGE", path.as_os_str())]].concat();
        shared.processes.run_with(&commands.fill, &environment).await?;
    }
    Ok(())
}

async fn fill(
    keeper: &mut Keeper,
    shared: &Shared,
    case: &Case,
    first: bool,
    environment: &mut Environment,
) -> Result<(), String> {
    keeper.clean().await?;
    if !first {
        return Ok(());
    }
    environment.private_prefix = format!("{}ms{}-", keeper.prefix, environment.unique);
    for seed in &case.mailboxes {
        let name = format!("{}{}", environment.private_prefix, seed.variable);
        keeper.seed(&name, seed, &shared.fixtures).await?;
        environment.mailboxes.insert(seed.variable.clone(), name);
    }
    if let Some(maildrop) = case.maildrop.as_ref().filter(|_| !maildrops_by_commands(shared)) {
        keeper.fill("INBOX", maildrop, &shared.fixtures).await?;
    }
    Ok(())
}

fn needs_keeper(shared: &Shared, case: &Case, lane: Lane) -> bool {
    let imap = starts(case).iter().any(|start| start.protocol == Protocol::Imap);
    let reads = case.maildrop.is_some() || !case.mailboxes.is_empty() || imap || lane == Lane::Journey;
    reads && !case.roles.is_empty() && shared.target.endpoint(Protocol::Imap, None, false).is_some()
}

/// Removes the private mailboxes of a case; what cannot be removed now is removed at the next cleaning.
async fn tidy(shared: &Arc<Shared>, case: &Case, lease: &Lease, private_prefix: &str) {
    if !starts(case).iter().any(|start| start.protocol == Protocol::Imap) {
        return;
    }
    for (index, _) in lease.accounts() {
        let Some(cell) = shared.keepers.get(index) else { continue };
        let mut cell = cell.lock().await;
        if let Some(keeper) = cell.as_mut()
            && keeper.remove(&format!("{private_prefix}*")).await.is_err()
        {
            *cell = None;
        }
    }
}

/// Values of this run, by the names a reader of snapshots knows.
pub(super) fn known_values(environment: &Environment) -> Vec<(String, String)> {
    let mut known = Vec::new();
    for (name, value) in &environment.mailboxes {
        known.push((name.clone(), value.clone()));
    }
    known.push(("new.".to_owned(), format!("{}new-", environment.private_prefix)));
    known.push(("unique".to_owned(), environment.unique.clone()));
    for (name, peer) in &environment.peers {
        known.push((format!("{name}.domain"), peer.domain.clone()));
    }
    for (role, account) in &environment.accounts {
        known.push((format!("{role}.address"), account.address.clone()));
        known.push((format!("{role}.login"), account.login.clone()));
    }
    known
}

/// Letters and digits drawn from the seed, the case and the attempt, so that a seed repeats a run to the byte.
pub(super) fn unique(seed: u64, name: &str, attempt: usize) -> String {
    // FNV-1a: small, stable over releases, and nobody attacks it here.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in name.bytes().chain(attempt.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut word = String::new();
    for _ in 0..9 {
        let digit = u32::try_from(hash % 36).unwrap_or_default();
        word.extend(char::from_digit(digit, 36));
        hash /= 36;
    }
    format!("u{word}")
}

/// From what was played to an outcome, the snapshot compared.
pub(super) fn finished(shared: &Shared, case: &Arc<Case>, played: Played, known: &[(String, String)]) -> CaseOutcome {
    let mut outcome = CaseOutcome {
        case: case.clone(),
        verdict: played.verdict,
        reason: played.reason,
        link: None,
        findings: played.findings,
        transcript: played.transcript,
        duration: played.duration,
        started: Duration::ZERO,
        earlier_attempts: Vec::new(),
        fingerprint: played.fingerprint,
        snapshot: SnapshotState::Off,
        captures: played.captures,
    };
    if outcome.verdict == Verdict::Passed && shared.options.snapshots != snapshot::Mode::Off {
        compare_snapshot(shared, &mut outcome, known);
    }
    outcome
}

fn compare_snapshot(shared: &Shared, outcome: &mut CaseOutcome, known: &[(String, String)]) {
    match shared.snapshots.compare(outcome, known, &shared.filters, shared.options.snapshots) {
        // Where nothing was ever accepted and nothing is written, there is nothing to tell.
        Ok(SnapshotState::New) if shared.options.snapshots != snapshot::Mode::Pending => {}
        Ok(state) => outcome.snapshot = state,
        Err(why) => {
            let _ = shared.events.send(Event::Notice(format!("snapshot of {}: {why}", outcome.case.name())));
        }
    }
    // Where no line expects anything the snapshot is the assertion.
    let others_assert = crate::suite::expects_anything(&outcome.case);
    let must_match = shared.options.snapshots == snapshot::Mode::Assert;
    if let (SnapshotState::Changed { accepted, present }, true) = (&outcome.snapshot, must_match || !others_assert) {
        outcome.verdict = if must_match { Verdict::Failed } else { Verdict::broken(outcome.case.level, shared.options.strict) };
        outcome.findings.push(Finding {
            kind: FindingKind::Snapshot,
            message: "the transcript differs from the accepted snapshot".to_owned(),
            span: None,
            expected: Some(accepted.clone()),
            received: Some(present.clone()),
            connection: String::new(),
            offset: None,
            hints: vec!["accept it with `mailspec snapshot review` if it is right".to_owned()],
        });
        outcome.fingerprint = Some("snapshot".to_owned());
    }
}
