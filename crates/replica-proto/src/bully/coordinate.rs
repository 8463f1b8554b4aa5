//! Coordinating: saying so, again and again, and gathering how far the others' copies have come.
//!
//! Promise: it is ready once all members that can be reached have said where they are, in this reign, or
//! their time is over.

use super::{Bully, Message, PeerId, Position, Reign, Role, Sends};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Reigning {
    pub(super) reign: Reign,
    pub(super) is_ready: bool,
    /// What those who follow have said last, and when.
    pub(super) gathered: BTreeMap<PeerId, (Position, u64)>,
    gather_until_ms: u64,
    beat_at_ms: u64,
}

impl Bully {
    pub(super) fn coordinate(&mut self, sends: &mut Sends) {
        self.round += 1;
        self.role = Role::Coordinating(Reigning {
            reign: Reign { round: self.round, coordinator: self.me, life: self.life },
            is_ready: false,
            gathered: BTreeMap::new(),
            gather_until_ms: self.now_ms + self.options.gather_ms,
            beat_at_ms: self.now_ms,
        });
        self.reign_on(sends);
    }

    /// Whoever coordinates gathers anew: it has lost somebody on whose copy its decisions rest.
    pub fn begin_anew(&mut self, now_ms: u64, sends: &mut Sends) {
        self.now_ms = now_ms.max(self.now_ms);
        if let Role::Coordinating(_) = self.role {
            self.coordinate(sends);
        }
    }

    pub(super) fn reign_on(&mut self, sends: &mut Sends) {
        let Role::Coordinating(it) = &mut self.role else { return };
        let (now_ms, silence_ms) = (self.now_ms, self.options.silence_ms);
        it.gathered.retain(|_, (_, heard_ms)| now_ms.saturating_sub(*heard_ms) < silence_ms);
        if it.beat_at_ms <= self.now_ms {
            it.beat_at_ms = self.now_ms + self.options.heartbeat_ms;
            // To higher ones, too: who hears that a lower one coordinates takes its place.
            let reign = it.reign;
            let others = self.members.iter().filter(|it| self.up.contains(it));
            sends.extend(others.map(|it| (*it, Message::Coordinator { reign })));
        }
        self.become_ready();
    }

    pub(super) fn announce_to(&self, to: PeerId, sends: &mut Sends) {
        if let Role::Coordinating(it) = &self.role {
            sends.push((to, Message::Coordinator { reign: it.reign }));
        }
    }

    pub(super) fn on_answer(
        &mut self,
        from: PeerId,
        round: u64,
        position: Position,
        sends: &mut Sends,
    ) {
        let Role::Coordinating(it) = &mut self.role else {
            self.on_candidate(from, sends);
            return;
        };
        if round >= it.reign.round {
            it.gathered.insert(from, (position, self.now_ms)); // Otherwise it was said to another coordinator.
            self.become_ready();
        }
    }

    /// It cannot be reached any more, and nobody waits for it.
    pub(super) fn forget(&mut self, peer: PeerId) {
        if let Role::Coordinating(it) = &mut self.role {
            it.gathered.remove(&peer);
            self.become_ready();
        }
    }

    /// Who is no member any more does not count.
    pub(super) fn count_members(&mut self) {
        if let Role::Coordinating(it) = &mut self.role {
            it.gathered.retain(|id, _| self.members.contains(id));
            self.become_ready();
        }
    }

    fn become_ready(&mut self) {
        let Role::Coordinating(it) = &mut self.role else { return };
        let mut reached = self.members.iter().filter(|id| self.up.contains(id));
        let has_all = reached.all(|id| it.gathered.contains_key(id));
        it.is_ready |= has_all || it.gather_until_ms <= self.now_ms;
    }
}
