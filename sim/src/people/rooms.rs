//! The rooms of a run; those with one order each in another group. A new one is a row.

use checker::Guarantee;

/// How a room is replicated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Strategy {
    Raft,
    /// Raft and primary-backup in turns.
    Changing,
    /// Gossip, once somebody has seen to it.
    Gossip,
    /// All three in turns.
    Restless,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) strategy: Strategy,
}

/// Where everybody is, and whose leader faults look for.
pub(crate) const MAIN: &str = "#sim";
/// Where only operators are.
pub(crate) const OF_OPERATORS: &str = "#hall";

/// Whose strategy is changed while people talk in it.
pub(crate) const THAT_CHANGES: &str = "#reef";

/// Where each node speaks by itself.
pub(crate) const OF_GOSSIP: &str = "#gulf";

/// The same, and its strategy is changed, too.
pub(crate) const THAT_GOSSIPS_AT_TIMES: &str = "#tide";

/// All there are.
pub(crate) const ALL: &[Room] = &[
    Room { name: MAIN, strategy: Strategy::Raft },
    Room { name: "#tea", strategy: Strategy::Raft },
    Room { name: OF_OPERATORS, strategy: Strategy::Raft },
    Room { name: THAT_CHANGES, strategy: Strategy::Changing },
    Room { name: OF_GOSSIP, strategy: Strategy::Gossip },
    Room { name: THAT_GOSSIPS_AT_TIMES, strategy: Strategy::Restless },
];

/// Where people talk.
pub(crate) const OF_TALKERS: &[&str] =
    &[MAIN, "#tea", THAT_CHANGES, OF_GOSSIP, THAT_GOSSIPS_AT_TIMES];

impl Strategy {
    /// What its rooms promise.
    pub(crate) fn guarantee(self) -> Guarantee {
        match self {
            Strategy::Raft | Strategy::Changing => Guarantee::Total,
            // What a node said that was cut off comes in later, whatever the room is then.
            Strategy::Gossip | Strategy::Restless => Guarantee::PerSender,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use replica_proto::GroupRing;
    use std::collections::BTreeSet;

    #[test]
    fn rooms_with_one_order_are_in_different_groups() {
        let ring = GroupRing::new(4);
        let ordered = || ALL.iter().filter(|it| it.strategy.guarantee() == Guarantee::Total);
        let groups: BTreeSet<u32> = ordered().map(|it| ring.group_of(it.name)).collect();
        assert_eq!(groups.len(), ordered().count());
    }
}
