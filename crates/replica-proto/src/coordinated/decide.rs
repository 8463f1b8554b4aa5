//! The coordinator's side: views of this group.
//!
//! Promise: of one reign there is one view for each epoch, and the first of them begins from the freshest copy
//! that was gathered.

use super::{Coordinated, Decided, Effects, Message, line_of};
use crate::bully::{self, PeerId, Position, Reign, Standing};
use crate::primary_backup::{Log, Propose, REPLICAS_MAX, View, is_allowed};

/// What was decided in our own reign.
pub(super) struct Deciding {
    pub(super) decided: Decided,
}

impl Coordinated {
    /// What is due for who coordinates: a first view, another primary, other members.
    pub(super) fn coordinate(&mut self, now_ms: u64, log: &impl Log, effects: &mut Effects) {
        let Standing::Coordinates { reign, is_ready } = self.bully.standing() else {
            self.deciding = None;
            return;
        };
        if self.deciding.as_ref().is_some_and(|it| it.decided.reign != reign) {
            self.deciding = None;
        }
        let (me, line) = (self.me, self.line);
        for propose in std::mem::take(&mut self.own_proposals) {
            self.judge(now_ms, me, line, propose, log, effects);
        }
        let replicas = self.replicas();
        let Some(Deciding { decided }) = &self.deciding else {
            if is_ready && let Some(decided) = self.first_view(reign, replicas) {
                self.decide(now_ms, decided, log, effects);
            }
            return;
        };
        let primary = decided.view.primary;
        if !replicas.contains(&primary) || !self.bully.gathered().any(|it| it.0 == primary) {
            self.begin_anew(now_ms, effects);
        } else if decided.view.replicas != replicas {
            let epoch = decided.view.epoch + 1;
            let view = View { epoch, replicas, ..decided.view.clone() };
            let decided = Decided { view, ..decided.clone() };
            self.decide(now_ms, decided, log, effects);
        }
    }

    /// A primary wants another view.
    pub(super) fn judge(
        &mut self,
        now_ms: u64,
        from: PeerId,
        line: u64,
        propose: Propose,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        let Some(Deciding { decided }) = &self.deciding else { return };
        let Propose { on_epoch, view } = propose;
        let is_ours = line == line_of(decided.reign) && Some(decided.reign) == self.reign();
        if is_ours && is_allowed(&decided.view, from, on_epoch, &view) {
            let decided = Decided { view, ..decided.clone() };
            self.decide(now_ms, decided, log, effects);
        }
    }

    /// Who follows us and does not know the view is told again. If its copy has something that our reign did
    /// not begin from, or is what our reign began from and not the same any more, all are asked once more.
    pub(super) fn remind(
        &mut self,
        now_ms: u64,
        from: PeerId,
        said: bully::Message,
        effects: &mut Effects,
    ) {
        let Some(Deciding { decided }) = &self.deciding else { return };
        let bully::Message::Answer { position, .. } = said else { return };
        if !self.bully.gathered().any(|it| it.0 == from) {
            return;
        }
        let is_ours = position.line == line_of(decided.reign);
        let known = (position.epoch, position.index);
        let is_base = position.line == decided.parent && known == decided.base;
        let lost_it = from == decided.view.primary && !is_base;
        if !is_ours && (known > decided.base || lost_it) {
            self.begin_anew(now_ms, effects);
        } else if !is_ours || !position.is_told || position.taken != decided.view.epoch {
            effects.sends.push((from, Message::Decided(decided.clone())));
        }
    }

    /// To the coordinator, be it ourselves.
    pub(super) fn send_proposals(&mut self, proposes: Vec<Propose>, effects: &mut Effects) {
        if proposes.is_empty() {
            return;
        }
        let line = self.line;
        let Some(reign) = self.reign().filter(|it| line_of(*it) == line) else { return };
        if reign.coordinator == self.me {
            self.own_proposals = proposes; // What was not judged yet is repeated.
        } else {
            let said = proposes.into_iter().map(|propose| Message::Propose { line, propose });
            effects.sends.extend(said.map(|it| (reign.coordinator, it)));
        }
    }

    fn begin_anew(&mut self, now_ms: u64, effects: &mut Effects) {
        self.deciding = None;
        let mut sends = bully::Sends::new();
        self.bully.begin_anew(now_ms, &mut sends);
        effects.sends.extend(sends.into_iter().map(|(to, it)| (to, Message::Elect(it))));
    }

    fn first_view(&self, reign: Reign, replicas: Vec<PeerId>) -> Option<Decided> {
        let primary = self.bully.freshest()?;
        let gathered: Vec<(PeerId, Position)> = self.bully.gathered().collect();
        let base = gathered.iter().find(|it| it.0 == primary)?.1;
        if base.index == 0 {
            return None; // Nobody has a copy: the group was not founded here.
        }
        if primary == self.me && self.copy.is_fetching() {
            return None; // It may be about to know more. (Another member is told again until it does.)
        }
        let is_in_line = |it: &&(PeerId, Position)| it.1.line == base.line && it.1.index > 0;
        let in_sync = gathered.iter().filter(is_in_line).map(|it| it.0).collect();
        let epoch = gathered.iter().map(|it| it.1.taken).max()?.checked_add(1)?; // Nobody honest is there.
        let view = View { epoch, primary, in_sync, replicas };
        let decided = Decided { reign, parent: base.line, base: (base.epoch, base.index), view };
        decided.view.is_sane().then_some(decided)
    }

    fn decide(&mut self, now_ms: u64, decided: Decided, log: &impl Log, effects: &mut Effects) {
        self.deciding = Some(Deciding { decided: decided.clone() });
        let others = self.bully.gathered().map(|it| it.0).filter(|it| *it != self.me);
        effects.sends.extend(others.map(|it| (it, Message::Decided(decided.clone()))));
        self.obey(now_ms, decided, log, effects);
    }

    /// From the highest rank to the lowest.
    fn replicas(&self) -> Vec<PeerId> {
        self.members.iter().rev().copied().take(REPLICAS_MAX).collect()
    }
}
