//! Cases that have servers for themselves: those with a topology, those that steer the server they are played on, and those that ask
//! for another server than the one the others share. Nobody else's clock is moved, and nobody else's server stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::choose::{impossible, steering};
use super::keeper::Keeper;
use super::worker::{finished, known_values, unique, without_playing};
use super::{Shared, probe};
use crate::dialogue::{Account, Engine, Environment};
use crate::outcome::{CaseOutcome, Verdict};
use crate::suite::topology::{Control, Settings, Storage, Topology};
use crate::suite::{Action, Case, Step};
use crate::target::Target;
use crate::target::network::Network;
use crate::target::reference::Kind;

/// The servers the case needs for itself on this target, and how they are started; `None`: it is played on the target, which
/// announces what `bare` says.
pub(super) fn topology(case: &Case, target: &Target, bare: &Environment) -> Option<(Arc<Topology>, Kind)> {
    let kind = target.kind.clone()?;
    if let Some(topology) = &case.topology {
        return Some((topology.clone(), kind));
    }
    let steering = steering(case);
    let settings = arranged(case, &kind, bare);
    if steering.is_empty() && settings.is_none() {
        return None;
    }
    let switched = steering.iter().any(|action| matches!(action, Action::Control(Control::Power { .. })));
    let storage = if switched { Storage::Directory } else { Storage::Memory };
    Some((Arc::new(Topology::alone(&case.roles, storage, settings.unwrap_or_default())), kind))
}

/// How a server is set that meets all the needs of the case, where the target meets some of them not; `None` if it meets them, or if no
/// server of the kind does.
fn arranged(case: &Case, kind: &Kind, bare: &Environment) -> Option<Settings> {
    let protocol = case.start.protocol;
    let unmet: Vec<_> = case.requires.iter().filter(|need| !bare.offers(protocol, need)).collect();
    let mut settings = Settings::default();
    let met = unmet.iter().all(|need| kind.arrange(protocol, need, &mut settings));
    (met && !unmet.is_empty()).then_some(settings)
}

/// Raises the servers, plays the case on them, and takes them down.
pub(super) async fn play(
    shared: &Arc<Shared>,
    case: &Arc<Case>,
    topology: &Topology,
    kind: &Kind,
    attempt: usize,
) -> CaseOutcome {
    let begun = Instant::now();
    let blocked = |why: String| without_playing(case, Verdict::Blocked, why, begun);
    let mut network = match Network::raise(topology, kind, shared.target.timeouts).await {
        Ok(network) => network,
        Err(why) => return blocked(format!("the topology `{}` cannot be raised: {why}", topology.name)),
    };
    let outcome = match prepare(shared, case, topology, &mut network, attempt).await {
        Ok(Prepared::Impossible(why)) => without_playing(case, Verdict::Skipped, why, begun),
        Ok(Prepared::Ready(environment)) => {
            let known = known_values(&environment);
            let engine = Engine::new(case.clone(), *environment, shared.options.strict);
            let played = shared.driver().drive_on(engine, shared.stop.subscribe(), Some(&mut network)).await;
            finished(shared, case, played, &known)
        }
        Err(why) => blocked(why),
    };
    network.down().await;
    outcome
}

enum Prepared {
    Ready(Box<Environment>),
    /// The servers do not have what the case needs.
    Impossible(String),
}

async fn prepare(
    shared: &Arc<Shared>,
    case: &Case,
    topology: &Topology,
    network: &mut Network,
    attempt: usize,
) -> Result<Prepared, String> {
    let first = network.member(case.start.server.as_deref()).ok_or("the topology has no such server")?;
    // Settings may take capabilities away, so those of the shared server do not count.
    let capabilities = if asks_for_capabilities(case) {
        let mut asked = first.target().clone();
        // Where nobody logs in without TLS, the probe does not: what it hears before is what the case is about.
        if topology.server(case.start.server.as_deref()).is_some_and(|server| server.settings.passwords_under_tls) {
            asked.accounts.clear();
        }
        let driver = super::drive::Driver { target: &asked, tls: &first.tls, processes: &shared.processes };
        probe::probe_for(&driver, &shared.stop.subscribe(), std::iter::once(case)).await?
    } else {
        shared.facts.clone()
    };
    let bare = probe::bare_environment(first.target(), &capabilities);
    if let Some(why) = impossible(case, first.target(), &bare) {
        return Ok(Prepared::Impossible(why));
    }
    let unique = unique(shared.options.seed, &case.name(), attempt);
    let private_prefix = format!("ms{unique}-");
    let accounts: BTreeMap<String, Account> = network.accounts().map(|slot| (slot.login.clone(), Account::from(slot))).collect();
    let mut environment = Environment {
        accounts,
        private_prefix,
        unique,
        fixtures: shared.fixtures.clone(),
        limits: shared.options.limits,
        ..bare
    };
    fill(shared, case, network, &mut environment).await.map_err(|why| format!("the mailboxes could not be prepared: {why}"))?;
    Ok(Prepared::Ready(Box::new(environment)))
}

/// Fills the mailboxes of the case's first role; all others are new and empty.
async fn fill(shared: &Shared, case: &Case, network: &Network, environment: &mut Environment) -> Result<(), String> {
    if case.mailboxes.is_empty() && case.maildrop.as_ref().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    let role = case.roles.first().map_or("alice", String::as_str);
    let home = case.topology.as_ref().and_then(|topology| topology.home(role)).map(|server| server.name.as_str());
    let member = network.member(home).ok_or("the topology has no such server")?;
    let slot = member.target().accounts.iter().find(|slot| slot.login == role);
    let slot = slot.ok_or_else(|| format!("`{role}` has no account"))?;
    let mut keeper = Keeper::open(member.target(), &member.tls, slot).await?;
    for seed in &case.mailboxes {
        let name = format!("{}{}", environment.private_prefix, seed.variable);
        keeper.seed(&name, seed, &shared.fixtures).await?;
        environment.mailboxes.insert(seed.variable.clone(), name);
    }
    if let Some(maildrop) = &case.maildrop {
        keeper.fill("INBOX", maildrop, &shared.fixtures).await?;
    }
    Ok(())
}

fn asks_for_capabilities(case: &Case) -> bool {
    fn any(steps: &[Step]) -> bool {
        steps.iter().any(|step| match &step.action {
            Action::When { .. } => true,
            Action::Eventually { dialogue, .. } => any(dialogue),
            _ => false,
        })
    }
    !case.requires.is_empty() || any(&case.setup) || any(&case.dialogue)
}
