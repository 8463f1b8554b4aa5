//! How a room is replicated: chosen per room, and changed while people talk.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The strategy of a room, and of the groups that hold such rooms.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Replication {
    /// A majority of the room's replicas has each message.
    #[default]
    Raft,
    /// Every in-sync replica has each message.
    PrimaryBackup,
    /// Each node writes by itself, and copies follow.
    Gossip,
}

impl Replication {
    /// All there are.
    pub const ALL: [Replication; 3] =
        [Replication::Raft, Replication::PrimaryBackup, Replication::Gossip];

    /// As people write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Replication::Raft => "raft",
            Replication::PrimaryBackup => "primary-backup",
            Replication::Gossip => "gossip",
        }
    }
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a replication: there are raft, primary-backup and gossip")]
pub struct InvalidReplication;

impl FromStr for Replication {
    type Err = InvalidReplication;

    fn from_str(raw: &str) -> Result<Replication, InvalidReplication> {
        let found = Replication::ALL.into_iter().find(|it| it.as_str() == raw);
        found.ok_or(InvalidReplication)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replication_survives_text() {
        let texts = Replication::ALL.map(|it| it.to_string());
        assert_eq!(texts, ["raft", "primary-backup", "gossip"]);
        for replication in Replication::ALL {
            assert_eq!(replication.to_string().parse(), Ok(replication));
        }
        assert_eq!(Replication::default(), Replication::Raft);
    }

    #[test]
    fn who_names_another_is_told_which_there_are() {
        for raw in ["", "Raft", "raft ", "paxos"] {
            let why = raw.parse::<Replication>().expect_err(raw).to_string();
            assert!(Replication::ALL.iter().all(|it| why.contains(it.as_str())), "{why}");
        }
    }
}
