//! From what is applied here to a state that was fetched, entry by entry.
//!
//! An observer that becomes a replica has a state already, and a few entries come between that and the one
//! its leader gives it. Would that one take its place, whoever is connected here would not hear what was
//! said meanwhile. So the leader is asked for those entries, as by an observer that comes back; only if
//! it has them no more, or does not answer, the state takes the place of ours.

use super::Engine;
use super::checkpoint::GroupCheckpoint;
use super::wire::Envelope;
use crate::store::GroupId;
use crate::strategy::{Committed, PeerId};
use fail::fail_point;

/// A leader that has the entries has sent them by then.
const BRIDGE_MS: u64 = 1_000;

/// A state that waits for the entries that lead to it.
pub(super) struct Bridging {
    state: GroupCheckpoint,
    since_ms: u64,
}

impl Engine {
    /// Asks for the entries that lead to this state.
    pub(super) fn bridge(&mut self, id: GroupId, state: GroupCheckpoint) {
        let since_ms = self.now_ms;
        let Some(group) = self.groups.get_mut(&id) else { return };
        let (after, Some(it)) = (group.applied, &mut group.catch_up) else { return };
        fail_point!("observe.before-question");
        tracing::info!(group = %id, after, upto = state.applied, "asking for entries up to the state");
        it.bridging = Some(Bridging { state, since_ms });
        self.sends.push((it.from, Envelope::Observe { group: id, after }));
    }

    /// An entry that may be one of those. The strategy does not hear of it: it begins with the state.
    pub(super) fn take_bridging(&mut self, from: PeerId, id: GroupId, entry: Committed) {
        let Some(group) = self.groups.get(&id) else { return };
        let Some(it) = group.catch_up.as_ref().filter(|it| it.from == from) else { return };
        let Some(Bridging { state, .. }) = &it.bridging else { return };
        if entry.index != group.applied + 1 || entry.index > state.applied {
            return;
        }
        let is_last = entry.index == state.applied;
        self.hand_out(id, entry);
        if is_last {
            self.end_bridging(id);
        }
    }

    /// The leader has not all of them any more.
    pub(super) fn cannot_bridge(&mut self, from: PeerId, id: GroupId) {
        let catch_up = self.groups.get(&id).and_then(|it| it.catch_up.as_ref());
        if catch_up.is_some_and(|it| it.from == from) {
            self.end_bridging(id);
        }
    }

    pub(super) fn tick_bridging(&mut self, id: GroupId) {
        let catch_up = self.groups.get(&id).and_then(|it| it.catch_up.as_ref());
        let bridging = catch_up.and_then(|it| it.bridging.as_ref());
        if bridging.is_some_and(|it| self.now_ms - it.since_ms > BRIDGE_MS) {
            self.end_bridging(id);
        }
    }

    fn end_bridging(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let Some(it) = group.catch_up.as_mut().and_then(|it| it.bridging.take()) else { return };
        match it.state.applied <= group.applied {
            true => self.events.push(super::Event::Keep(id)),
            false => self.replace(id, it.state),
        }
    }
}
