//! The state itself, when what is missing is in nobody's log any more.
//!
//! Promise: a state takes the place of this node's only if it contains everything that this node could not
//! deliver again from its own log. So nothing that was here is lost by fetching, own entries least of all.
//!
//! Two nodes may each have in their state only what the other lacks: both purged by size, and then those who
//! had both lost their disks. Then there is no such state, and after some patience the two have to be
//! joined ([`Fetch::joins`]).

use super::{Effects, Fetch, Log, Machine, Origin, Range, VersionVector};

/// Is a state on its way?
#[derive(Debug, Default)]
pub(super) struct State {
    from: Option<Origin>,
    not_before_ms: u64,
    /// Since when nobody's state would do.
    stuck_since_ms: Option<u64>,
}

/// For so many times the patience with answers somebody may still come whose state would do.
const JOIN_AFTER_ANSWERS: u64 = 4;

impl State {
    pub(super) fn is_under_way(&self) -> bool {
        self.from.is_some()
    }
}

impl Machine {
    /// Nobody can be asked for this range: if that is because it was purged, the state is needed.
    pub(super) fn fetch_if_purged(&mut self, range: Range, effects: &mut Effects) {
        if self.fetch.is_under_way() || self.now_ms < self.fetch.not_before_ms {
            return;
        }
        if self.peers.values().any(|it| it.can_answer(range)) {
            return; // Somebody has it, and is only busy.
        }
        let floors = self.floors();
        let have_it = || {
            let linked = self.peers.iter().filter(|(_, it)| it.is_linked);
            linked.filter(|(_, it)| it.told.get(range.origin) > range.after)
        };
        let able: Vec<Origin> =
            have_it().filter(|(_, it)| it.told.covers(&floors)).map(|(id, _)| *id).collect();
        let others: Vec<Origin> = have_it().map(|(id, _)| *id).collect();
        if let Some(from) = self.chance.pick(&able) {
            self.fetch_from(from, false, effects);
        } else if let Some(from) = self.chance.pick(&others) {
            let since_ms = *self.fetch.stuck_since_ms.get_or_insert(self.now_ms);
            if self.now_ms - since_ms >= JOIN_AFTER_ANSWERS * self.limits.answer_ms {
                self.fetch_from(from, true, effects);
            }
        }
    }

    fn fetch_from(&mut self, from: Origin, joins: bool, effects: &mut Effects) {
        self.fetch.from = Some(from);
        let version =
            self.peers.get(&from).map_or_else(VersionVector::default, |it| it.told.clone());
        effects.fetch = Some(Fetch { from, version, joins });
    }

    /// The node's state is now one that contains just this.
    pub(super) fn fetched(
        &mut self,
        version: &VersionVector,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        self.fetch = State::default();
        self.has_forgotten |= version.get(self.me) > self.branches[&self.me].has;
        for (origin, upto) in version.iter().filter(|it| it.0 != self.me) {
            self.branches.entry(origin).or_default().skip_to(upto);
        }
        let origins: Vec<Origin> = self.branches.keys().copied().collect();
        for origin in origins {
            self.deliver_again(origin, version.get(origin), log, effects);
            while let Some(next) = self.next_waiting(origin) {
                self.write(&next, effects);
            }
            self.announce(origin);
        }
    }

    /// It could not be had: after a while, perhaps from somebody else.
    pub(super) fn fetch_failed(&mut self) {
        self.fetch.from = None;
        self.fetch.not_before_ms = self.now_ms + self.limits.answer_ms;
    }
}
