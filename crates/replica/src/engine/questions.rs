//! What can be asked of the engine: nothing of it changes by an answer.

use super::group::Role;
use super::{Engine, GroupStatus, Soundness};
use crate::store::GroupId;
use crate::strategy::{OwnTail, PeerId, Route, Strategy, VersionVector};

impl Engine {
    /// True when this replica leads the group and knows everything committed before.
    #[must_use]
    pub fn is_serving(&self, group: GroupId) -> bool {
        self.groups.get(&group).is_some_and(|it| it.route() == Route::Here)
    }

    /// Whether commands for the group have somewhere to go.
    #[must_use]
    pub fn has_route(&self, group: GroupId) -> bool {
        self.groups.get(&group).is_some_and(|it| it.route() != Route::Nowhere)
    }

    /// The newest entry of the group that was applied here; 0: none.
    #[must_use]
    pub fn applied(&self, group: GroupId) -> u64 {
        self.groups.get(&group).map_or(0, |it| it.applied)
    }

    /// What was applied here of each node's log; `None`: the group has one order for all.
    #[must_use]
    pub fn version(&self, group: GroupId) -> Option<&VersionVector> {
        self.replica(group)?.version()
    }

    /// Whether all nodes' logs were applied here up to these indexes.
    #[must_use]
    pub fn covers(&self, group: GroupId, tails: &[(PeerId, u64)]) -> bool {
        let version = self.version(group);
        version.is_some_and(|it| tails.iter().all(|(origin, index)| it.get(*origin) >= *index))
    }

    /// How far this node's own log has come; `None`: it has none in this group.
    #[must_use]
    pub fn own_tail(&self, group: GroupId) -> Option<OwnTail> {
        self.replica(group)?.own_tail()
    }

    pub(super) fn replica(&self, id: GroupId) -> Option<&dyn Strategy> {
        match &self.groups.get(&id)?.role {
            Role::Replica(strategy) => Some(&**strategy),
            Role::Observer(_) => None,
        }
    }

    /// True when everything applied here is in the history here. A new replica has applied what it saw
    /// as an observer, and its history comes later.
    #[must_use]
    pub fn has_history(&self, group: GroupId) -> bool {
        self.soundness == Soundness::Whole
            && self.groups.get(&group).is_some_and(|it| it.has_history)
    }

    /// How much the history here is worth.
    #[must_use]
    pub fn soundness(&self) -> Soundness {
        self.soundness
    }

    /// A node that has the group's history and can be reached, if this one has not.
    #[must_use]
    pub fn source(&self, group: GroupId) -> Option<PeerId> {
        let group = self.groups.get(&group)?;
        match &group.role {
            _ if group.has_history && self.soundness == Soundness::Whole => None,
            Role::Observer(observer) => observer.source,
            Role::Replica(strategy) => {
                strategy.status().leader.filter(|it| *it != self.me && self.up.contains(it))
            }
        }
    }

    /// What one group says of itself; `None`: it is not here.
    #[must_use]
    pub fn group_status(&self, id: GroupId) -> Option<GroupStatus> {
        self.groups.get(&id).map(|it| it.status(id, self.me))
    }

    /// What every group says of itself.
    #[must_use]
    pub fn status(&self) -> Vec<GroupStatus> {
        self.groups.iter().map(|(id, group)| group.status(*id, self.me)).collect()
    }

    /// What broke so that the node must leave.
    #[must_use]
    pub fn fatal(&self) -> Option<&str> {
        self.fatal.as_deref()
    }

    /// Bytes that were submitted to the log and are not on disk.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.log.borrow().pending_bytes()
    }

    /// Whether another settling would find something to do at once.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.touched.is_empty()
            && self.sends.is_empty()
            && self.events.is_empty()
            && self.wanted.is_empty()
    }
}
