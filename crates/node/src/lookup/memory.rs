//! What the policies remember between two lookups.

use super::{Member, Members, Wanted};
use chat::NodeId;
use std::collections::BTreeMap;

/// Turns and what was handed out. Its size is that of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Differs from node to node, so that nodes without any load are not filled in the same order by all
    /// who answer.
    pub(super) seed: u64,
    /// Lookups so far, by what was wanted: who asks for two things in turn gets the same turn of each.
    turns: BTreeMap<Wanted, usize>,
    /// To whom clients were sent since that report of the node.
    handed: BTreeMap<NodeId, Handed>,
}

#[derive(Debug, Default)]
struct Handed {
    report: u64,
    count: u32,
}

impl Memory {
    pub(super) fn new(seed: u64) -> Memory {
        Memory { seed, ..Memory::default() }
    }

    /// The number of this lookup among those for the same.
    pub(super) fn turn(&mut self, wanted: Wanted) -> usize {
        let turns = self.turns.entry(wanted).or_default();
        *turns = turns.wrapping_add(1);
        *turns
    }

    /// Its clients as it reported them, and those sent there since, who may be on their way.
    pub(super) fn expected(&self, member: &Member) -> u32 {
        let since = self.handed.get(&member.id).filter(|it| it.report == member.report);
        member.connections.saturating_add(since.map_or(0, |it| it.count))
    }

    /// A client was sent there.
    pub(super) fn hand_out(&mut self, member: &Member) {
        let handed = self.handed.entry(member.id).or_default();
        if handed.report != member.report {
            *handed = Handed { report: member.report, count: 0 };
        }
        handed.count = handed.count.saturating_add(1);
    }

    /// Forgets nodes that are no members any more.
    pub(super) fn keep_only(&mut self, members: &Members) {
        if self.handed.len() > members.nodes.len() {
            self.handed.retain(|id, _| members.nodes.iter().any(|it| it.id == *id));
        }
    }
}
