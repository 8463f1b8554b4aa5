//! A replica that was removed from its group while it was away: nobody talks to it any more, so it asks.
//!
//! Only a leader that can commit answers, from the membership that it has applied. That the group has
//! let go of a replica stays true until a later entry takes it in again. The leader of that entry is
//! this one, whose words come in order, or one of a later term: whoever has heard of either does not
//! believe the answer.

use super::Engine;
use super::group::Role;
use super::wire::Envelope;
use crate::store::GroupId;
use crate::strategy::{PeerId, Route};
use fail::fail_point;

impl Engine {
    /// Asks those nodes, as far as they are up, whether the replica here is still one of its group. The
    /// answer shows in [`Engine::is_let_go`].
    pub fn ask_whether_of(&mut self, group: GroupId, nodes: &[PeerId]) {
        for node in nodes.iter().filter(|it| **it != self.me && self.up.contains(it)) {
            fail_point!("letting-go.before-question");
            self.sends.push((*node, Envelope::AmIOf { group }));
        }
    }

    /// True when the group has removed the replica here and nobody leads it.
    #[must_use]
    pub fn is_let_go(&self, group: GroupId) -> bool {
        let Some(it) = self.groups.get(&group) else { return false };
        let (Role::Replica(strategy), Some((_, term))) = (&it.role, it.let_go) else {
            return false;
        };
        let status = strategy.status();
        status.leader.is_none() && status.term <= term
    }

    pub(super) fn tell_whether_of(&mut self, from: PeerId, id: GroupId) {
        let Some(group) = self.groups.get(&id) else { return };
        let Role::Replica(strategy) = &group.role else { return };
        let status = strategy.status();
        let leads = status.leader == Some(self.me) && strategy.route() == Route::Here;
        if leads && !status.voters.contains(&from) && !status.learners.contains(&from) {
            fail_point!("letting-go.before-answer");
            self.sends.push((from, Envelope::YouAreNot { group: id, term: status.term }));
        }
    }

    pub(super) fn take_letting_go(&mut self, from: PeerId, id: GroupId, term: u64) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.let_go = Some((from, term));
        }
    }

    /// Whoever let go of us speaks to us again: it has taken us in since.
    pub(super) fn forget_letting_go(&mut self, id: GroupId, from: PeerId) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.let_go = group.let_go.filter(|it| it.0 != from);
        }
    }
}
