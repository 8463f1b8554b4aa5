//! One run: a safety phase full of faults, then a liveness phase without any, then the judgement.

use crate::cluster::{Cluster, Stuck};
use crate::ending::{self, Ending};
use crate::people;
use crate::scenarios::Scenario;
use crate::story;
use checker::Violation;
use node::Names;

/// From switching on to a whole cluster with everybody in the room.
const START_MS: u64 = 30_000;
/// After the last fault ended, every node's clients are acknowledged again within this.
const PROGRESS_MS: u64 = 15_000;
/// And all replicas are where the ring wants them within this: one that nobody needs any more waits
/// 30 s for word before it gives itself up.
const MOVED_MS: u64 = 60_000;
/// After the last message was sent, all are answered within this.
const ANSWER_MS: u64 = 12_000;
/// After that, all histories are the same within this (the design's section 7).
const EQUAL_MS: u64 = 10_000;
/// And every room shows exactly who is there within this: sessions outlive their node by 5 s, once it
/// is known to be dead, and occupants outlive their session by as much.
const SHOWN_MS: u64 = 15_000;

/// What a run came to.
pub(crate) struct Report {
    pub(crate) trace: u64,
    pub(crate) summary: String,
    pub(crate) violations: Vec<Violation>,
    /// What was done to the cluster.
    pub(crate) timeline: String,
}

/// Runs a scenario.
pub(crate) fn run(seed: u64, scenario: &Scenario) -> Report {
    let mut cluster = Cluster::start(seed, scenario);
    cluster.story.set_mix(people::mix_of(scenario.name));
    let mut ending = Ending::default();
    let driven = drive(&mut cluster, scenario, &mut ending);
    ending.trace(&cluster.story);
    let mut evidence = cluster.story.take_evidence();
    ending.join(&mut evidence);
    let mut violations: Vec<Violation> =
        story::panics().into_iter().map(|it| Violation::new("no panic", it)).collect();
    match driven {
        Ok(()) => violations.extend(checker::check(&evidence)),
        Err(Stuck(why)) => {
            let why = format!("at {} ms: {why}", cluster.story.now_ms());
            let why = why + &cluster.told();
            violations.push(Violation::new("liveness", why));
        }
    }
    Report {
        trace: cluster.story.hash(),
        summary: format!(
            "{}, {} moves, at {} ms",
            evidence.summary(),
            cluster.story.travellers.moves(),
            cluster.story.now_ms()
        ),
        violations,
        timeline: evidence.timeline(),
    }
}

fn drive(cluster: &mut Cluster, scenario: &Scenario, ending: &mut Ending) -> Result<(), Stuck> {
    cluster.run_until(START_MS, "all nodes serve", |it| {
        Ok(it.nodes().all(|node| it.is_serving(node)))
    })?;
    cluster.run_until(START_MS, "all groups have their replicas", |it| it.is_whole())?;
    cluster.story.note("the cluster is whole");
    cluster.run_between(500, 2_000)?;
    for fault in scenario.faults {
        cluster.story.note(format!("fault: {}", fault.name));
        (fault.run)(cluster)?;
        cluster.run_between(200, 2_000)?;
    }

    cluster.mend();
    let since_ms = cluster.story.now_ms();
    cluster.story.note("all faults have ended");
    cluster.run_until(PROGRESS_MS, "clients of every node are acknowledged again", |it| {
        let is_acked = |node| it.story.acknowledged_since(node, since_ms) > 0;
        Ok(it.nodes().all(|node| it.is_serving(node) && is_acked(node)))
    })?;
    if cluster.has_moved() {
        cluster.run_until(MOVED_MS, "all groups are where they belong", |it| it.is_whole())?;
    }
    cluster.run(500)?;
    cluster.story.close();
    cluster.story.note("clients stop talking");
    cluster.run_until(ANSWER_MS, "everybody is answered", |it| {
        let are_all_answered = it.nodes().all(|node| it.owed(node) == 0);
        Ok(are_all_answered && it.story.waiting() == 0)
    })?;
    if scenario.names == Names::Bully {
        let what = "all nodes know the same sessions";
        cluster.run_until(EQUAL_MS, what, Cluster::know_the_same)?;
    }
    // If all is not the same, the checker says what differs. To look at everything takes long.
    let is_so = |it: &mut Cluster| {
        if !ending::are_newest_equal(it)? {
            return Ok(false);
        }
        *ending = ending::histories(it)?;
        Ok(ending.is_complete && ending.are_histories_equal())
    };
    cluster.comes_true(EQUAL_MS, is_so)?;
    let is_so = |it: &mut Cluster| {
        if !ending::rooms(it)?.is_settled() {
            return Ok(false);
        }
        *ending = ending::look(it)?;
        Ok(ending.is_settled())
    };
    if !cluster.comes_true(SHOWN_MS, is_so)? {
        *ending = ending::look(cluster)?;
    }
    Ok(())
}
