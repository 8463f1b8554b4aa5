//! A room's way through the groups that hold it in turn.
//!
//! Each move is an epoch. The group that a room leaves is fenced: there it is only a memory of where it
//! went, and of what was applied before. The group it comes to gets all of it at once, as [`Carried`].

use super::Room;
use super::numbers::Numbers;
use crate::{NodeId, Replication, Stamp, Who};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The time that a room spent in one group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Era {
    /// How it was replicated.
    pub replication: Replication,
    /// The stamp of its last record there. All of the next era are above it. (Of gossip: the last that
    /// was waited for. What a node said that was cut off then comes later.)
    pub last: Stamp,
    /// Of gossip: up to where the logs of its nodes belong to it.
    pub tails: Tails,
}

/// By node: the last entry of its own log, and its stamp.
pub type Tails = BTreeMap<NodeId, (u64, Stamp)>;

/// A room whose gossip ends: nobody says anything more in it, and all nodes tell how far they have come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Closing {
    /// How it shall be replicated then.
    pub to: Replication,
    /// Who wanted it.
    pub by: Who,
    /// Who has told so far.
    pub tails: Tails,
}

/// Where a room lives and lived.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Journey {
    pub(super) replication: Replication,
    /// Counts the moves.
    pub(super) epoch: u64,
    /// The earlier eras, the oldest first.
    pub(super) eras: Vec<Era>,
    /// This era is about to end.
    pub(super) closing: Option<Closing>,
}

/// A room on its way from one group to another: all that the new one must know of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Carried {
    /// Its occupants, what was set, the numbers of who did something in it, and its eras.
    pub(super) room: Room,
    /// The stamp of its last record so far.
    pub(super) last: Stamp,
}

/// What a group keeps of a room that left it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Moved {
    pub(super) to: Replication,
    pub(super) epoch: u64,
    /// As it was when it left this group; nothing changes that.
    pub(super) carried: Carried,
}

impl Journey {
    /// Who has told how far they have come in an era of gossip that is about to end, or has ended.
    pub(super) fn tails(&mut self, epoch: u64) -> Option<&mut Tails> {
        let ago = usize::try_from(self.epoch.checked_sub(epoch)?).ok()?;
        if ago == 0 {
            return self.closing.as_mut().map(|it| &mut it.tails);
        }
        let at = self.eras.len().checked_sub(ago)?;
        let era = self.eras.get_mut(at).filter(|it| it.replication == Replication::Gossip);
        era.map(|it| &mut it.tails)
    }

    /// On to `to`, after `last`. Of the eras, the oldest go first.
    pub(super) fn go(&mut self, to: Replication, last: Stamp, eras_max: usize) {
        let tails = self.closing.take().map(|it| it.tails).unwrap_or_default();
        self.eras.push(Era { replication: self.replication, last, tails });
        let excess = self.eras.len().saturating_sub(eras_max);
        self.eras.drain(..excess);
        self.replication = to;
        self.epoch = self.epoch.saturating_add(1);
    }
}

impl Carried {
    /// How it shall be replicated from now on.
    #[must_use]
    pub fn to(&self) -> Replication {
        self.room.replication()
    }

    /// Of this move.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.room.epoch()
    }

    /// The stamp of its last record so far: every id of the new era is above it.
    #[must_use]
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// The room as it shall go on.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
}

impl Moved {
    pub(super) fn new(mut room: Room, to: Replication, last: Stamp, eras_max: usize) -> Moved {
        room.journey.go(to, last, eras_max);
        Moved { to, epoch: room.journey.epoch, carried: Carried { room, last } }
    }

    /// By these a repeat of what was applied here is still known for one.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.carried.room.numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_move_is_an_epoch_and_of_the_eras_the_last_are_kept() {
        let era = |replication, last| Era { replication, last: Stamp(last), tails: Tails::new() };
        let mut journey = Journey::default();
        journey.go(Replication::Gossip, Stamp(1), 2);
        assert_eq!((journey.replication, journey.epoch), (Replication::Gossip, 1));
        assert_eq!(journey.eras, [era(Replication::Raft, 1)]);
        journey.go(Replication::PrimaryBackup, Stamp(2), 2);
        journey.go(Replication::Raft, Stamp(3), 2);
        assert_eq!((journey.replication, journey.epoch), (Replication::Raft, 3));
        assert_eq!(journey.eras, [era(Replication::Gossip, 2), era(Replication::PrimaryBackup, 3)]);
    }
}
