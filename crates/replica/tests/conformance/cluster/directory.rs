//! The directory, as far as groups see it: a register of views, replaced by compare-and-set.
//!
//! Promise: it decides on one view after the other, as the node's directory would, and whoever reaches
//! most of its places hears of each a little later, the one sooner than the other. What a node was told
//! it knows again after a restart.

use replica::PeerId;
use replica::strategy::{Propose, View, is_allowed, successor};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The last one in sync may go on alone.
const MIN_IN_SYNC: usize = 1;
/// Who is not heard this long is taken for dead.
const SILENCE_MS: u64 = 400;
/// From a proposal to its decision, and from there to the first who hears of it.
const DELAY_MS: u64 = 3;

#[derive(Default)]
pub(crate) struct Directory {
    /// All that was decided, with the time.
    decided: Vec<(u64, View)>,
    /// On their way: when they arrive, whose they are.
    asked: VecDeque<(u64, PeerId, Propose)>,
    told: BTreeMap<PeerId, View>,
    /// It decides on nothing, and tells nothing.
    pub(crate) is_down: bool,
    heard_ms: BTreeMap<PeerId, u64>,
}

/// Who reaches the directory now.
pub(crate) struct Reach {
    /// By connections that are not broken.
    pub(crate) linked: BTreeSet<PeerId>,
    /// And what they send arrives.
    pub(crate) heard: BTreeSet<PeerId>,
}

impl Directory {
    pub(crate) fn ask(&mut self, now_ms: u64, by: PeerId, propose: Propose) {
        self.asked.push_back((now_ms + DELAY_MS, by, propose));
    }

    /// What the directory's copy on that node says.
    pub(crate) fn known_by(&self, id: PeerId) -> Option<&View> {
        self.told.get(&id)
    }

    /// One millisecond. `place` is where replicas shall be.
    pub(crate) fn step(&mut self, now_ms: u64, reach: &Reach, place: &[PeerId]) {
        if self.is_down {
            self.asked.clear();
            return;
        }
        self.heard_ms.retain(|id, _| reach.linked.contains(id)); // Links tell sooner than silence.
        self.heard_ms.extend(reach.heard.iter().map(|it| (*it, now_ms)));
        while let Some((_, by, propose)) = self.asked.pop_front_if(|it| it.0 <= now_ms) {
            if reach.heard.contains(&by) && self.may_decide(by, &propose) {
                self.decided.push((now_ms, propose.view));
            }
        }
        self.succeed(now_ms, reach, place);
        self.tell(now_ms, reach);
    }

    fn view(&self) -> Option<&View> {
        self.decided.last().map(|it| &it.1)
    }

    /// The first view is its founder's.
    fn may_decide(&self, by: PeerId, propose: &Propose) -> bool {
        let Propose { on_epoch, view } = propose;
        match self.view() {
            Some(now) => is_allowed(now, by, *on_epoch, view),
            None => *on_epoch == 0 && view.epoch == 1 && view.in_sync == [by] && view.is_sane(),
        }
    }

    fn succeed(&mut self, now_ms: u64, reach: &Reach, place: &[PeerId]) {
        let Some(view) = self.view().filter(|_| !reach.heard.is_empty()) else { return };
        let is_live = |it| self.heard_ms.get(&it).is_some_and(|at| now_ms - at < SILENCE_MS);
        if let Some(next) = successor(view, place, MIN_IN_SYNC, is_live) {
            self.decided.push((now_ms, next));
        }
    }

    fn tell(&mut self, now_ms: u64, reach: &Reach) {
        for id in &reach.heard {
            let by_ms = now_ms.saturating_sub(DELAY_MS * (1 + id % 3));
            let newest = self.decided.iter().rev().find(|it| it.0 <= by_ms);
            if let Some((_, view)) = newest
                && self.told.get(id).is_none_or(|it| it.epoch < view.epoch)
            {
                self.told.insert(*id, view.clone());
            }
        }
    }
}
