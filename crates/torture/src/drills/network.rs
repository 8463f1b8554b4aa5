//! Five nodes of the directory and ten for rooms, and fifty people who ask the directory where to go. Each node
//! is killed under traffic and started again, one after the other.
//!
//! Whoever was on it goes elsewhere and goes on; at the end everybody is on a node that is up, and nobody is
//! left where nobody can be. The node that came back last has nobody: the others send some of theirs there, until
//! all have as many as the even share, within a fifth.

use super::crowd::{Crowd, println};
use crate::cluster::Cluster;
use crate::wait::wait_for;
use anyhow::{Context, ensure};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How far from the even share a node may be.
const OFF_MAX: f64 = 0.2;
/// Some rounds of those who are sent on, each a dozen seconds.
const EVEN_MAX: Duration = Duration::from_secs(90);

pub(super) fn act(cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    for node in 0..cluster.len() {
        let name = cluster.name(node).to_owned();
        cluster.kill9(node)?;
        crowd.note(format!("{name} is killed"));
        crowd.wait_served().with_context(|| format!("without {name}"))?;
        cluster.restart(node)?;
        cluster.wait_ready()?;
        crowd.note(format!("{name} is back"));
        crowd.wait_served().with_context(|| format!("with {name} again"))?;
    }
    let before = people(cluster)?;
    let from_ms = crowd.note(format!("all are up, with so many people: {before:?}"));
    let even = wait_for("people to be spread evenly", EVEN_MAX, || {
        let now = people(cluster).ok()?;
        let chat = &now[..cluster.chat_nodes()];
        let share = chat.iter().sum::<usize>() as f64 / chat.len() as f64;
        let off = chat.iter().map(|it| (*it as f64 - share).abs() / share).fold(0.0, f64::max);
        (off <= OFF_MAX).then_some((now, off))
    });
    let after = people(cluster)?;
    let (on_each, off) = even.with_context(|| format!("people on each node: {after:?}"))?;
    let took_ms = crowd.note(format!("so many people on each node: {on_each:?}")) - from_ms;
    let sent = crowd.round.sent_on.load(Ordering::SeqCst);
    let percent = (off * 100.0).round();
    println(&format!(
        "people on each node: {before:?} when the last one was back, {on_each:?} after {took_ms} ms, within \
         {percent} % of even; {sent} were sent on in all"
    ));
    let directory = &on_each[cluster.chat_nodes()..];
    ensure!(directory.iter().all(|it| *it == 0), "somebody is on a node without rooms");
    crowd.wait_served().context("where they were sent")
}

/// How many are on each node, as the first one knows.
fn people(cluster: &Cluster) -> anyhow::Result<Vec<usize>> {
    let status = cluster.status(0).context("the first node answers")?;
    let sessions = |it| {
        let member = status.nodes.iter().find(|member| member.name == cluster.name(it));
        member.map_or(0, |it| it.sessions)
    };
    Ok((0..cluster.len()).map(sessions).collect())
}
