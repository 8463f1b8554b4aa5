//! Five nodes, cut two from three for a minute while people talk on both sides.
//!
//! The gossip room goes on on both sides, and within 10 s of healing all nodes show one history of it.
//! The Raft room, of whose replicas the small side has one, can be read there, and whoever writes there is
//! told within a second that it did not happen. Nobody has to do anything. When all show one history of the
//! rooms that have a leader is measured, too.

use super::crowd::{Crowd, println, sent};
use crate::cluster::Cluster;
use anyhow::{Context, ensure};
use checker::{Evidence, Name, Outcome, Violation};
use std::time::{Duration, Instant};

const CUT: Duration = Duration::from_secs(60);
/// Until a node knows that it is cut off from a majority.
const NOTICED_MS: u64 = 1_000;
const ANSWERED_MS_MAX: u64 = 1_000;
const CONVERGED_MAX: Duration = Duration::from_secs(10);

pub(super) fn act(cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    let (small, large) = sides(cluster)?;
    let names = |side: &[usize]| -> Vec<Name> {
        side.iter().map(|it| cluster.identity(*it).into()).collect()
    };
    let (of_small, of_large) = (names(&small), names(&large));
    for a in &small {
        for b in &large {
            cluster.net.cut(*a, *b)?;
            cluster.net.cut(*b, *a)?;
        }
    }
    let cut_ms = crowd.note(format!("cut {of_small:?} from {of_large:?}"));
    crowd.watch(CUT / 2)?;
    let reader = &mut crowd.onlookers[small[0]];
    let read = reader.history(&crowd.round.clone(), "#raft").context("#raft on the small side")?;
    ensure!(!read.items.is_empty(), "#raft cannot be read on the small side");
    crowd.note("read #raft on the small side");
    crowd.watch(CUT / 2)?;

    let quiet_ms = crowd.note("nobody says more");
    crowd.fall_silent()?;
    cluster.net.heal()?;
    crowd.note("healed");
    let healed = Instant::now();
    let mut differing = vec!["#gossip", "#raft", "#pair"];
    while !differing.is_empty() {
        ensure!(healed.elapsed() < CONVERGED_MAX, "histories of {differing:?} do not become equal");
        for room in std::mem::take(&mut differing) {
            // A node without a replica may be told by one that has not heard of its leader yet.
            let all = crowd.histories(room).unwrap_or_default();
            if all.is_empty() || all.iter().any(|it| it.items != all[0].items) {
                differing.push(room);
                continue;
            }
            let after = healed.elapsed();
            crowd.note(format!(
                "{room} is the same everywhere after {after:.1?} (bound {CONVERGED_MAX:?})"
            ));
        }
    }
    cluster.wait_ready()?;

    let sides = [of_small.clone(), of_large];
    crowd.claim(move |it| gossip_went_on(it, &sides, (cut_ms, quiet_ms)));
    crowd.claim(move |it| raft_refused(it, &of_small, (cut_ms + NOTICED_MS, quiet_ms)));
    Ok(())
}

/// Two nodes, of which just one has a replica of the Raft room; and the others.
fn sides(cluster: &Cluster) -> anyhow::Result<(Vec<usize>, Vec<usize>)> {
    let room = cluster.room(0, "#raft")?;
    let has_replica = |it: &usize| room.replicas.iter().any(|name| name == cluster.name(*it));
    let all: Vec<usize> = (0..cluster.len()).collect();
    let (with, without): (Vec<usize>, Vec<usize>) = all.iter().partition(|it| has_replica(it));
    ensure!(with.len() == 3 && without.len() == 2, "#raft is on {:?}", room.replicas);
    Ok((vec![with[0], without[0]], vec![with[1], with[2], without[1]]))
}

fn gossip_went_on(evidence: &Evidence, sides: &[Vec<Name>], span: (u64, u64)) -> Vec<Violation> {
    let mut found = Vec::new();
    for side in sides {
        let all: Vec<_> = sent(evidence, "#gossip", side, span).collect();
        let done = all.iter().filter(|it| it.outcome == Outcome::Done).count();
        let slowest = all.iter().map(|it| it.answered_ms.saturating_sub(it.sent_ms)).max();
        println(&format!(
            "during the cut, {side:?}: {done} of {} messages in #gossip acknowledged, slowest {slowest:?} ms",
            all.len()
        ));
        if done == 0 || done < all.len() {
            let text = format!("{done} of {} acknowledged in #gossip on {side:?}", all.len());
            found.push(Violation::new("always-writable", text));
        }
    }
    found
}

fn raft_refused(evidence: &Evidence, small: &[Name], span: (u64, u64)) -> Vec<Violation> {
    let all: Vec<_> = sent(evidence, "#raft", small, span).collect();
    let refused = all.iter().filter(|it| it.outcome == Outcome::Refused).count();
    let slowest = all.iter().map(|it| it.answered_ms.saturating_sub(it.sent_ms)).max();
    println(&format!(
        "during the cut, {small:?}: {refused} of {} messages in #raft refused, slowest {slowest:?} ms",
        all.len()
    ));
    let is_told = refused > 0 && refused == all.len();
    match is_told && slowest.is_some_and(|it| it <= ANSWERED_MS_MAX) {
        true => Vec::new(),
        false => vec![Violation::new("refused-in-time", format!("{refused}, {slowest:?} ms"))],
    }
}
