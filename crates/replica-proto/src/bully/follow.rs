//! Following a coordinator, and losing it.
//!
//! Promise: who is followed has a higher rank, and is heard or was a moment ago.

use super::{Bully, Message, Options, PeerId, Reign, Role, Sends};

#[derive(Debug)]
pub(super) struct Following {
    pub(super) reign: Reign,
    heard_ms: u64,
    /// Another one, lower than who is followed, says that it coordinates: it has noticed before us, or
    /// does not see who is followed here.
    heir: Option<(Reign, u64)>,
}

impl Following {
    fn new(reign: Reign, now_ms: u64) -> Following {
        Following { reign, heard_ms: now_ms, heir: None }
    }

    pub(super) fn is_silent(&self, now_ms: u64, options: &Options) -> bool {
        now_ms.saturating_sub(self.heard_ms) >= options.silence_ms
    }

    /// Who coordinates if this one is gone, as far as was heard lately.
    fn heir(&self, now_ms: u64, options: &Options) -> Option<Reign> {
        let is_fresh = |it: &(Reign, u64)| now_ms.saturating_sub(it.1) < options.silence_ms;
        self.heir.filter(is_fresh).map(|it| it.0)
    }
}

impl Bully {
    pub(super) fn on_coordinator(&mut self, from: PeerId, reign: Reign, sends: &mut Sends) {
        if !self.is_above_me(from) {
            // It hears from us soon enough if we coordinate. (Answered at once, two who rank each other
            // differently for a moment would never stop.)
            return;
        }
        let from_rank = self.rank(from);
        if let Role::Following(it) = &self.role {
            let followed = it.reign;
            if followed.coordinator == from && reign.is_before(followed) {
                return; // Said before that one began anew, and overtaken.
            }
            if self.rank(followed.coordinator) > from_rank {
                self.note_heir(reign);
                return;
            }
        }
        self.follow(reign, sends);
    }

    /// What `from` is sure of, we shall hear ourselves, or miss soon.
    pub(super) fn follow_on_hearsay(&mut self, reign: Reign) {
        self.role = Role::Following(Following::new(reign, self.now_ms));
    }

    /// The coordinator is gone, or silent, or none was heard of.
    pub(super) fn miss(&mut self, sends: &mut Sends) {
        let heir = match &self.role {
            Role::Following(it) => it.heir(self.now_ms, &self.options),
            _ => None,
        };
        if let Some(reign) = heir.filter(|it| self.is_reached_above(it.coordinator)) {
            self.follow(reign, sends);
            return;
        }
        let higher = self.higher_up().len() as u64;
        if higher == 0 {
            self.coordinate(sends);
            return;
        }
        let head_start = self.options.stagger_ms * higher.min(self.options.stagger_count_max);
        self.role = Role::Waiting { until_ms: self.now_ms + head_start };
    }

    fn follow(&mut self, reign: Reign, sends: &mut Sends) {
        let heir = match &mut self.role {
            Role::Following(it) => {
                it.heir.take().filter(|it| it.0.coordinator != reign.coordinator)
            }
            _ => None,
        };
        self.role = Role::Following(Following { heir, ..Following::new(reign, self.now_ms) });
        let answer = Message::Answer { round: self.round, position: self.position };
        sends.push((reign.coordinator, answer));
    }

    fn note_heir(&mut self, reign: Reign) {
        let now_ms = self.now_ms;
        let higher = match &self.role {
            Role::Following(it) => it
                .heir(now_ms, &self.options)
                .filter(|known| self.rank(known.coordinator) > self.rank(reign.coordinator)),
            _ => return,
        };
        if let Role::Following(it) = &mut self.role
            && higher.is_none()
        {
            it.heir = Some((reign, now_ms));
        }
    }

    fn is_reached_above(&self, id: PeerId) -> bool {
        self.up.contains(&id) && self.is_above_me(id)
    }
}
