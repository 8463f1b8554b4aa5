//! The rooms of a run, each in another group. A new one is a row.

use checker::Guarantee;

/// How a room is replicated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Strategy {
    Raft,
    /// Raft and primary-backup in turns.
    Changing,
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

/// All there are.
pub(crate) const ALL: &[Room] = &[
    Room { name: MAIN, strategy: Strategy::Raft },
    Room { name: "#tea", strategy: Strategy::Raft },
    Room { name: OF_OPERATORS, strategy: Strategy::Raft },
    Room { name: THAT_CHANGES, strategy: Strategy::Changing },
];

/// Where people talk.
pub(crate) const OF_TALKERS: &[&str] = &[MAIN, "#tea", THAT_CHANGES];

impl Strategy {
    /// What its rooms promise.
    pub(crate) fn guarantee(self) -> Guarantee {
        match self {
            Strategy::Raft | Strategy::Changing => Guarantee::Total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use replica_proto::GroupRing;
    use std::collections::BTreeSet;

    #[test]
    fn rooms_are_in_different_groups() {
        let ring = GroupRing::new(4);
        let groups: BTreeSet<u32> = ALL.iter().map(|it| ring.group_of(it.name)).collect();
        assert_eq!(groups.len(), ALL.len());
    }
}
