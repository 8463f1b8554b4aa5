//! Five nodes of the directory and ten for rooms, and fifty people who ask the directory where to go. Each node
//! is killed under traffic and started again, one after the other.
//!
//! Whoever was on it goes elsewhere and goes on; at the end everybody is on a node that is up, and nobody is
//! left where nobody can be. How many are on each node is said.

use super::crowd::{Crowd, println};
use crate::cluster::Cluster;
use anyhow::{Context, ensure};

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
    let status = cluster.status(0).context("the first node answers")?;
    let sessions = |it: &usize| {
        let member = status.nodes.iter().find(|member| member.name == cluster.name(*it));
        member.map_or(0, |it| it.sessions)
    };
    let (chat, directory): (Vec<usize>, Vec<usize>) =
        (0..cluster.len()).partition(|it| *it < cluster.chat_nodes());
    let on_each: Vec<usize> = chat.iter().map(sessions).collect();
    println(&format!("people on each node: {on_each:?}"));
    ensure!(directory.iter().all(|it| sessions(it) == 0), "somebody is on a node without rooms");
    Ok(())
}
