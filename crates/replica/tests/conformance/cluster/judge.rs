//! What senders were told, against what the replicas hold.

use super::node::Node;
use super::room::said_by;
use super::{Answer, Cluster, GROUP};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Everybody was answered, and all nodes hold as much, with its history.
pub(crate) fn is_quiet(cluster: &Cluster) -> bool {
    // Each may have as much of other origins.
    let versions = |it: &Node| it.engine.version(GROUP).map(|it| it.iter().collect::<Vec<_>>());
    let lengths: BTreeSet<_> =
        cluster.running().map(|it| (it.room.said.len(), versions(it))).collect();
    let has_history = |id| cluster.place.contains(&id);
    cluster.said.iter().all(|it| it.answer.is_some())
        && lengths.len() == 1
        && cluster.writer().is_some()
        && cluster.running().all(|it| it.engine.has_history(GROUP) == has_history(it.me))
}

/// Fails unless what every sender was told is true on every node, and the nodes agree.
pub(crate) fn judge(cluster: &Cluster) {
    let broken: Vec<&String> = cluster.running().filter_map(|it| it.broken.as_ref()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    for node in cluster.running() {
        let me = node.me;
        let said = &node.room.said;
        in_order(me, said);
        assert!(!node.room.ran_back, "{me}: time ran back");
        let settled = node.room.settled(cluster.row.order);
        let held: BTreeSet<&Bytes> = said.iter().collect();
        for it in &cluster.said {
            let (sender, number) = said_by(&it.command);
            let is_here = held.contains(&it.command);
            match it.answer.expect("everybody was answered") {
                Answer::Acked => assert!(is_here, "{me} lost {sender} {number}"),
                Answer::Refused => assert!(!is_here, "{me} has {sender} {number}, refused"),
                Answer::Unknown => {}
            }
        }
        let spoken: BTreeSet<&Bytes> = cluster.said.iter().map(|it| &it.command).collect();
        assert!(held.is_subset(&spoken), "{me} holds what nobody said");
        if node.engine.has_history(GROUP) {
            agree((me, "history"), &node.kept(), &settled);
        }
    }
    let nodes: Vec<_> = cluster.running().collect();
    for two in nodes.windows(2) {
        let [one, other] = [two[0], two[1]].map(|it| it.room.settled(cluster.row.order));
        agree((two[0].me, "room"), &one, &other);
    }
}

/// Each sender's commands are there in its order, each once.
fn in_order(me: u64, said: &[Bytes]) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for command in said {
        let (sender, number) = said_by(command);
        let before = last.insert(sender, number).unwrap_or_default();
        assert!(before < number, "{me} applied {sender} {number} after {before}");
    }
}

fn agree((me, what): (u64, &str), ours: &[Bytes], theirs: &[Bytes]) {
    let at = ours.iter().zip(theirs).position(|(a, b)| a != b);
    let differ = at.map(|at| (at, said_by(&ours[at]), said_by(&theirs[at])));
    assert_eq!(differ, None, "{me}: {what}");
    assert_eq!(ours.len(), theirs.len(), "{me}: {what}");
}
