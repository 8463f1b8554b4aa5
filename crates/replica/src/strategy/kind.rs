//! The ways to replicate a group, each a folder and a row.
//!
//! A way is a variant here, and the `WAY` of its folder says what is to be known of it from outside.

use super::{PeerId, Start, Strategy, bully, gossip, primary_backup, raft};
use crate::store::{GroupId, Log};
use bytes::Bytes;
use std::cell::RefCell;
use std::rc::Rc;

/// A way to replicate a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A leader elected by a majority; an entry is committed when a majority has it.
    Raft,
    /// A primary named by the directory; an entry is committed when all who are in sync have it.
    PrimaryBackup,
    /// A primary named by an elected coordinator; an entry is committed when all live replicas have it.
    Bully,
    /// Everybody writes into a log of one's own; an entry is committed when its writer has it.
    Gossip,
}

/// What is to be known of a way.
pub(super) struct Way {
    /// In configuration and status.
    pub(super) name: &'static str,
    pub(super) begin: Begin,
    pub(super) founding_memory: fn(&[PeerId]) -> Bytes,
}

/// Makes a replica of a group, by the node that is told first, from what its disk held.
type Begin = fn(GroupId, PeerId, Rc<RefCell<Log>>, Start) -> Result<Box<dyn Strategy>, String>;

impl Kind {
    fn way(self) -> &'static Way {
        match self {
            Kind::Raft => &raft::WAY,
            Kind::PrimaryBackup => &primary_backup::WAY,
            Kind::Bully => &bully::WAY,
            Kind::Gossip => &gossip::WAY,
        }
    }

    /// Its name in configuration and status: `raft`, `primary-backup`, `bully`, `gossip`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.way().name
    }

    /// A replica of `group` on the node `me`.
    ///
    /// # Errors
    /// What the disk held does not fit together; the words say how.
    pub fn begin(
        self,
        group: GroupId,
        me: PeerId,
        log: Rc<RefCell<Log>>,
        start: Start,
    ) -> Result<Box<dyn Strategy>, String> {
        (self.way().begin)(group, me, log, start)
    }

    /// What a group begins from that is founded now: an empty state at index 1 of term 1, known to its
    /// first replicas.
    #[must_use]
    pub fn founding_memory(self, replicas: &[PeerId]) -> Bytes {
        (self.way().founding_memory)(replicas)
    }
}
