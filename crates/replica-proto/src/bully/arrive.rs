//! Who comes up, and who is there: starts, links, and members that come and go.

use super::{Bully, Message, PeerId, Reign, Role, Sends};

impl Bully {
    pub(super) fn on_members(&mut self, members: Vec<PeerId>, sends: &mut Sends) {
        let is_new = |it: &&PeerId| !self.members.contains(it);
        let new: Vec<PeerId> = members.iter().filter(is_new).copied().collect();
        self.members = members;
        if self.rank(self.me).is_none() {
            self.role = Role::Outside;
            return;
        }
        if matches!(self.role, Role::Outside) {
            self.role = Role::Arriving { since_ms: self.now_ms };
        }
        for peer in new.into_iter().filter(|it| *it != self.me) {
            self.greet(peer, sends);
        }
        match &self.role {
            Role::Following(it) if !self.is_above_me(it.reign.coordinator) => self.miss(sends),
            Role::Coordinating(_) => self.count_members(),
            _ => {}
        }
    }

    /// Whoever coordinates would have been heard by now.
    pub(super) fn has_arrived(&self, since_ms: u64) -> bool {
        let mut others = self.members.iter().filter(|it| **it != self.me);
        let options = &self.options;
        let wait_ms = match others.all(|it| self.up.contains(it)) {
            true => options.arrive_ms,
            false => options.arrive_alone_ms,
        };
        self.now_ms >= since_ms + wait_ms
    }

    pub(super) fn on_link_up(&mut self, peer: PeerId, sends: &mut Sends) {
        if peer != self.me {
            self.up.insert(peer);
            self.greet(peer, sends);
        }
    }

    pub(super) fn on_link_down(&mut self, peer: PeerId, sends: &mut Sends) {
        self.up.remove(&peer);
        match &mut self.role {
            Role::Following(it) if it.reign.coordinator == peer => self.miss(sends),
            Role::Asking { silent, answered, .. } => {
                answered.remove(&peer);
                if silent.remove(&peer) && silent.is_empty() {
                    self.nominate_highest(sends);
                }
            }
            Role::Nominating { whom, .. } if *whom == peer => self.nominate_next(sends),
            Role::Nominating { others, .. } => drop(others.remove(&peer)),
            Role::Coordinating(_) => self.forget(peer),
            _ => {}
        }
    }

    pub(super) fn on_i_am_up(&mut self, from: PeerId, sends: &mut Sends) {
        if let Role::Coordinating(_) = self.role {
            self.announce_to(from, sends);
        } else {
            self.tell_view(from, sends);
        }
    }

    /// `from` hears this coordinator.
    pub(super) fn on_view(&mut self, from: PeerId, reign: Option<Reign>) {
        let Some(reign) = reign else { return };
        let coordinator = reign.coordinator;
        if coordinator == from || !self.is_above_me(coordinator) {
            return; // It speaks for itself; and a lower one will have to yield to us.
        }
        let is_reached = self.up.contains(&coordinator);
        match &self.role {
            Role::Outside | Role::Following(_) | Role::Coordinating(_) => {}
            _ if is_reached => self.follow_on_hearsay(reign),
            // It lives, but not for us, or is about to be missed by `from` as well. We ask again later.
            Role::Asking { .. } | Role::Nominating { .. } => {
                self.role = Role::Waiting { until_ms: self.now_ms + self.options.answer_ms };
            }
            _ => {}
        }
    }

    pub(super) fn tell_view(&self, to: PeerId, sends: &mut Sends) {
        let reign = match &self.role {
            Role::Following(it) => Some(it.reign),
            _ => None,
        };
        sends.push((to, Message::View { round: self.round, reign }));
    }

    fn greet(&self, peer: PeerId, sends: &mut Sends) {
        if !self.up.contains(&peer) || self.rank(peer).is_none() {
            return;
        }
        match self.role {
            Role::Outside => {}
            Role::Coordinating(_) => self.announce_to(peer, sends),
            _ => sends.push((peer, Message::IamUp { round: self.round })),
        }
    }
}
