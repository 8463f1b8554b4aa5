//! What the directory says of a group.

use super::{EPOCH_MAX, PeerId};
use serde::{Deserialize, Serialize};

/// Replicas of one group, at most: the set travels in every record of the directory about it.
pub const REPLICAS_MAX: usize = 16;

/// Who leads a group and whose acknowledgement counts. Of each epoch there is exactly one: the directory
/// replaces a view by compare-and-set on its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Counts the views of the group.
    pub epoch: u64,
    /// Who orders. It is in `in_sync`.
    pub primary: PeerId,
    /// Whoever has everything that was ever acknowledged. Only from among these comes the next primary.
    pub in_sync: Vec<PeerId>,
    /// Where replicas shall be, in the ring's order. Those outside of `in_sync` are learners; who is in
    /// `in_sync` and not here is about to leave.
    pub replicas: Vec<PeerId>,
}

impl View {
    /// The first view of a group: nothing was written yet, so everybody is in sync.
    #[must_use]
    pub fn founding(replicas: &[PeerId]) -> Option<View> {
        let view = View {
            epoch: 1,
            primary: *replicas.first()?,
            in_sync: replicas.to_vec(),
            replicas: replicas.to_vec(),
        };
        view.is_sane().then_some(view)
    }

    /// Whether a directory can have decided this.
    #[must_use]
    pub fn is_sane(&self) -> bool {
        (1..EPOCH_MAX).contains(&self.epoch)
            && self.in_sync.contains(&self.primary)
            && is_distinct(&self.in_sync)
            && is_distinct(&self.replicas)
    }

    /// Replicas that only follow.
    pub fn learners(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.replicas.iter().copied().filter(|it| !self.in_sync.contains(it))
    }

    /// Everybody who holds a replica, or is to get one, but this node.
    pub(super) fn peers_of(&self, me: PeerId) -> impl Iterator<Item = PeerId> + '_ {
        self.in_sync.iter().copied().chain(self.learners()).filter(move |it| *it != me)
    }

    /// The view after this one, with these in sync.
    pub(super) fn with_in_sync(&self, in_sync: Vec<PeerId>) -> View {
        View { epoch: self.epoch + 1, in_sync, ..self.clone() }
    }
}

fn is_distinct(ids: &[PeerId]) -> bool {
    ids.len() <= REPLICAS_MAX && ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id))
}
