//! The state itself, when what is missing is in nobody's log any more.
//!
//! Promise: a state is fetched only from a peer whose state contains everything that this node could not
//! deliver again from its own log. So nothing that was here is lost by fetching, own entries least of all.

use super::{Effects, Fetch, Log, Machine, Origin, Range, VersionVector};

/// Is a state on its way?
#[derive(Debug, Default)]
pub(super) struct State {
    from: Option<Origin>,
    not_before_ms: u64,
}

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
        let able: Vec<Origin> = (self.peers.iter())
            .filter(|(_, it)| it.is_linked && it.told.get(range.origin) > range.after)
            .filter(|(_, it)| it.told.covers(&floors))
            .map(|(id, _)| *id)
            .collect();
        let Some(from) = self.chance.pick(&able) else { return };
        self.fetch.from = Some(from);
        effects.fetch = Some(Fetch { from, version: self.peers[&from].told.clone() });
    }

    /// The node's state is now one that contains just this.
    pub(super) fn fetched(
        &mut self,
        version: &VersionVector,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        self.fetch.from = None;
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
