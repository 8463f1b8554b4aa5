//! Leaderships go to the nodes that the layout has first, so that no node leads all groups.
//!
//! Promise: a leadership moves only to a live replica that comes earlier in its group's placement than
//! its leader, has been up for a while, and while all replicas have caught up; one at a time on each node.
//! So it ends: the first live one keeps it. Who is drained gives its leaderships to any that is not, and does
//! not wait for a replica that is away.

use super::Core;
use chat::NodeId;
use chat::directory::MemberState;
use replica::store::GroupId;
use replica::strategy::Kind;

/// A node must have been up this long before it is given a leadership: longer than a flapping link or
/// one that starts over and over stays.
const STEADY_MS: u64 = 10_000;
/// Between two that a node gives away: an election and its first commit fit in between.
const PAUSE_MS: u64 = 500;

impl Core {
    /// On every duty: hands at most one leadership over.
    pub(super) fn spread_leaderships(&mut self) {
        if self.now_ms - self.handed_over_ms < PAUSE_MS {
            return;
        }
        let is_drained = self.directory.is_drained(self.me);
        let groups: Vec<GroupId> = self.groups.of_rooms().map(GroupId).collect();
        for group in groups.into_iter().filter(|it| self.groups.kind(*it) != Kind::Gossip) {
            let is_settled = !self.directory.is_moving(group.0) || is_drained;
            if !self.engine.is_serving(group) || !is_settled {
                continue;
            }
            let Some(heir) = self.heir(group, is_drained) else { continue };
            if self.engine.hand_over(group, heir.0, !is_drained) {
                tracing::info!(%group, to = %self.name_of(heir.0), "handing the leadership over");
                self.handed_over_ms = self.now_ms;
                return;
            }
        }
        if is_drained && self.engine.is_serving(super::DIRECTORY) {
            let voters = self.directory_voters().into_iter().map(NodeId);
            if let Some(heir) = voters.into_iter().find(|it| self.may_lead(*it, 0))
                && self.engine.hand_over(super::DIRECTORY, heir.0, false)
            {
                self.handed_over_ms = self.now_ms;
            }
        }
    }

    /// Who should lead a group in the place of this node.
    fn heir(&self, group: GroupId, is_drained: bool) -> Option<NodeId> {
        let replicas = &self.directory.placement(group.0)?.replicas;
        let steady_ms = if is_drained { 0 } else { STEADY_MS };
        let before_me = replicas.iter().take_while(|it| **it != self.me || is_drained);
        before_me.copied().find(|it| self.may_lead(*it, steady_ms))
    }

    fn may_lead(&self, id: NodeId, steady_ms: u64) -> bool {
        let is_steady = self.up_since.get(&id.0).is_some_and(|it| self.now_ms - it >= steady_ms);
        let is_well = self.directory.member(id).is_some_and(|it| it.state == MemberState::Up);
        id != self.me && is_steady && is_well && !self.directory.is_drained(id)
    }
}
