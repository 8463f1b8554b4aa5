//! Members, links, and who is near.

use super::chance::mix;
use super::limits::STAYS_FOR_DOUBLINGS;
use super::{Machine, Origin};

impl Machine {
    /// Members but this node.
    pub(super) fn others(&self) -> impl Iterator<Item = Origin> {
        self.members.iter().copied().filter(|it| *it != self.me)
    }

    pub(super) fn set_members(&mut self, mut members: Vec<Origin>) {
        members.sort_unstable();
        members.dedup();
        self.cuts.forget_strangers(&members);
        self.members = members;
        for member in self.others().collect::<Vec<_>>() {
            self.peers.entry(member).or_default();
        }
        self.forget_strangers();
        self.choose_near();
    }

    pub(super) fn set_fanout(&mut self, fanout: usize) {
        self.limits.fanout = fanout.max(1);
        self.choose_near();
    }

    pub(super) fn link(&mut self, id: Origin, is_up: bool) {
        if id == self.me {
            return;
        }
        let is_member = self.members.contains(&id);
        let version = self.version();
        let peer = self.peers.entry(id).or_default();
        if !is_up && peer.is_linked && is_member {
            self.cuts.lost(id, self.now_ms, version);
        }
        // Up again without having been down: what was under way is lost all the same.
        peer.lost_link();
        peer.is_linked = is_up;
        self.branches.values_mut().for_each(|it| it.forget(id));
        self.be_restless();
        self.give_up_on(id);
        if is_up {
            self.tell(id, Some(self.now_ms));
        }
        self.forget_strangers();
        self.choose_near();
    }

    pub(super) fn measured(&mut self, id: Origin, us: u64) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let before = peer.distance();
        peer.measured(us);
        if peer.distance() != before {
            self.choose_near();
        }
    }

    /// Who is neither a member nor linked is nobody.
    fn forget_strangers(&mut self) {
        let members = &self.members;
        self.peers.retain(|id, it| it.is_linked || members.contains(id));
    }

    /// Among equally near ones every node has its own order, so that not all choose the same. Who is
    /// chosen stays until another is clearly nearer: with each change the trees have to be found anew.
    fn choose_near(&mut self) {
        let mut near: Vec<(u32, u64, Origin)> = self
            .others()
            .filter_map(|id| Some((id, self.peers.get(&id).filter(|it| it.is_linked)?)))
            .map(|(id, peer)| {
                let ahead = if self.near.contains(&id) { STAYS_FOR_DOUBLINGS } else { 0 };
                (peer.distance().saturating_sub(ahead), mix(self.me ^ mix(id)), id)
            })
            .collect();
        near.sort_unstable();
        near.truncate(self.limits.fanout);
        let near: Vec<Origin> = near.into_iter().map(|it| it.2).collect();
        if near != self.near {
            self.near = near;
            self.be_restless();
        }
    }
}
