//! Following a group without holding a replica of it.
//!
//! An observer takes the state once, then every entry as it is applied at its source; when the source
//! goes, it goes on with another from the index it has. It keeps no log and no history. Commands wait
//! until it has the state: what became of those that a state contains is not told by it.

use super::Engine;
use super::group::{Group, Role};
use super::wire::Envelope;
use crate::store::GroupId;
use crate::strategy::{Committed, PeerId, Route};
use fail::fail_point;

/// Bytes of entries sent to an observer that comes back; one further behind takes the state.
const RESUME_ENTRIES_MAX: u64 = 4096;
/// A source that does not answer within this time is not one.
pub(super) const ANSWER_MS: u64 = 2_000;
/// Entries kept while the state is on its way.
const EARLY_MAX: usize = 16_384;
/// A replica tells its observers this often, in milliseconds, that it is still one with a leader.
const ALIVE_MS: u64 = 500;
/// Without a source, look for one again after this long.
pub(super) const LOOK_AGAIN_MS: u64 = 500;

/// An observer's place.
#[derive(Default)]
pub(super) struct Observer {
    /// The replica it follows.
    pub(super) source: Option<PeerId>,
    /// Nodes that hold replicas.
    pub(super) candidates: Vec<PeerId>,
    looked_ms: u64,
    heard_ms: u64,
    /// The source has taken our question up. Until then what comes may be of an earlier following,
    /// which it has not heard the end of: a gap in that says nothing.
    pub(super) is_answered: bool,
}

impl Engine {
    /// Follows a group whose replicas are on those nodes.
    pub fn observe(&mut self, id: GroupId, replicas: &[PeerId]) {
        match self.groups.get_mut(&id).map(|it| &mut it.role) {
            Some(Role::Observer(observer)) => {
                if observer.source.is_some_and(|it| !replicas.contains(&it)) {
                    observer.source = None; // It is going to give its replica up.
                }
                observer.candidates = replicas.to_vec();
            }
            Some(Role::Replica(_)) => {}
            None => {
                let observer = Observer { candidates: replicas.to_vec(), ..Observer::default() };
                let group =
                    Group::new((self.kind_of)(id), Role::Observer(observer), self.new_outbox());
                self.groups.insert(id, group);
            }
        }
        self.touched.insert(id);
    }

    /// Whether this node has the group at all, and whether it holds a replica of it.
    #[must_use]
    pub fn holds(&self, id: GroupId) -> Option<bool> {
        self.groups.get(&id).map(|it| matches!(it.role, Role::Replica(_)))
    }

    /// Whether this node hears of the group: its replica knows a leader, or the one it observes answers.
    #[must_use]
    pub fn is_in_touch(&self, id: GroupId) -> bool {
        let Some(group) = self.groups.get(&id) else { return false };
        match &group.role {
            Role::Replica(_) => group.route() != Route::Nowhere,
            Role::Observer(observer) => observer.source.is_some() && observer.is_answered,
        }
    }

    pub(super) fn tick_observing(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let (Role::Observer(observer), None) = (&mut group.role, &group.catch_up) else {
            return;
        };
        let waited_ms = self.now_ms - observer.looked_ms;
        let heard_ms = observer.heard_ms.max(observer.looked_ms);
        if observer.source.is_some() && self.now_ms - heard_ms >= ANSWER_MS {
            // It holds no replica any more, or has no leader: the next one.
            let is_source = |it: &PeerId| Some(*it) == observer.source;
            let next = observer.candidates.iter().position(is_source).map_or(0, |at| at + 1);
            observer.candidates.rotate_left(next);
            observer.source = None;
        }
        if observer.source.is_some() || waited_ms < LOOK_AGAIN_MS {
            return;
        }
        observer.looked_ms = self.now_ms;
        let found = observer.candidates.iter().find(|it| self.up.contains(it)).copied();
        if let Some(source) = found {
            fail_point!("observe.before-question");
            observer.source = Some(source);
            observer.is_answered = false;
            let after = group.applied;
            self.sends.push((source, Envelope::Observe { group: id, after }));
        }
    }

    /// A replica whose group has a leader tells its observers how far it is.
    pub(super) fn tick_observers(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let is_due = self.now_ms - group.told_observers_ms >= ALIVE_MS;
        if group.observers.is_empty() || !is_due || group.route() == Route::Nowhere {
            return;
        }
        group.told_observers_ms = self.now_ms;
        if let Role::Replica(strategy) = &group.role {
            let voters = strategy.status().voters; // They are replicas now, and need no other one.
            group.observers.retain(|it, _| !voters.contains(it));
        }
        for observer in group.observers.keys() {
            let alive = Envelope::Alive { group: id, index: group.applied };
            self.sends.push((*observer, alive));
        }
    }

    pub(super) fn lose_source(&mut self, peer: PeerId) {
        for group in self.groups.values_mut() {
            if let Role::Observer(observer) = &mut group.role
                && observer.source == Some(peer)
            {
                observer.source = None;
                observer.looked_ms = 0;
                group.catch_up = None;
            }
        }
    }

    /// A peer wants to follow our replica.
    pub(super) fn add_observer(&mut self, from: PeerId, id: GroupId, after: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        if group.has_origins() {
            return; // There is nothing to follow: it has no one order.
        }
        let Role::Replica(strategy) = &mut group.role else {
            return;
        };
        let entries = if after > 0 && group.applied.saturating_sub(after) <= RESUME_ENTRIES_MAX {
            strategy.entries(after, group.applied)
        } else {
            None
        };
        match entries {
            Some(entries) => {
                fail_point!("observe.before-entries");
                group.observers.insert(from, group.applied);
                self.sends.extend(entries.into_iter().map(|entry| {
                    let Committed { index, term, data, .. } = entry;
                    (from, Envelope::Observed { group: id, index, term, data })
                }));
                self.sends.push((from, Envelope::Alive { group: id, index: group.applied }));
            }
            None => {
                group.observers.remove(&from); // Nothing joins what it has before it has the state.
                if !group.waiting_observers.contains(&from) {
                    group.waiting_observers.push(from);
                }
                self.want_state_for_observers(id);
            }
        }
    }

    /// A replica that has applied nothing yet has no state: those who want to follow it wait.
    pub(super) fn want_state_for_observers(&mut self, id: GroupId) {
        let Some(group) = self.groups.get(&id) else { return };
        if group.applied > 0 && !group.waiting_observers.is_empty() {
            self.wanted.insert(id);
        }
    }

    /// Our state is ready: those who wait for it are told where it begins, and follow from there.
    pub(super) fn restart_observers(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let index = group.applied;
        for peer in std::mem::take(&mut group.waiting_observers) {
            fail_point!("observe.before-restart");
            group.observers.insert(peer, index);
            self.sends.push((peer, Envelope::Restart { group: id, index }));
        }
    }

    pub(super) fn restart_observing(&mut self, from: PeerId, id: GroupId, index: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Role::Observer(observer) = &mut group.role else {
            return self.cannot_bridge(from, id);
        };
        if observer.source == Some(from) {
            observer.heard_ms = self.now_ms;
            observer.is_answered = true;
            group.early.clear();
            self.begin_fetch(id, from, index, None);
        }
    }

    /// The source lives. If it is ahead of what came, something was lost.
    pub(super) fn take_alive(&mut self, from: PeerId, id: GroupId, index: u64) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let Role::Observer(observer) = &mut group.role else { return };
        if observer.source != Some(from) {
            return;
        }
        let is_ahead = group.catch_up.is_none() && index > group.applied;
        if is_ahead && !observer.is_answered {
            return;
        }
        observer.heard_ms = self.now_ms;
        observer.is_answered = true;
        self.touched.insert(id); // What waited for the answer can be offered.
        if is_ahead {
            observer.source = None;
        }
    }

    pub(super) fn take_observed(&mut self, from: PeerId, id: GroupId, entry: Committed) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Role::Observer(observer) = &mut group.role else {
            return self.take_bridging(from, id, entry);
        };
        if observer.source != Some(from) {
            return;
        }
        let joins = entry.index <= group.applied + 1;
        if group.catch_up.is_none() && !joins && !observer.is_answered {
            return;
        }
        observer.heard_ms = self.now_ms;
        if group.catch_up.is_some() {
            group.early.push(entry); // It comes after the state that is on its way.
            if group.early.len() > EARLY_MAX {
                group.early.clear(); // The gap is noticed, and the source asked again.
            }
            return;
        }
        observer.is_answered |= entry.index == group.applied + 1;
        if !joins {
            observer.source = None; // Something was lost: ask again from what we have.
            return;
        }
        self.apply(id, entry);
    }

    /// The state is installed: go on with what came meanwhile.
    pub(super) fn observe_on(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Role::Observer(observer) = &group.role else { return };
        let Some(source) = observer.source else { return };
        for entry in std::mem::take(&mut group.early) {
            self.take_observed(source, id, entry);
        }
    }
}
