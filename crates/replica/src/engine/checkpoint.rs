//! Checkpoints: everything a node needs to start from, at one moment, as one blob.

use super::Engine;
use super::group::{Group, Role};
use super::observe::Observer;
use crate::lane::{ENTRY_COMMANDS_MAX, Seen};
use crate::planted;
use crate::store::GroupId;
use crate::store::log::Append;
use crate::strategy::{Start, Strategy};
use bytes::Bytes;
use fail::fail_point;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All groups at the moment of a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// By group number.
    pub groups: BTreeMap<u32, GroupCheckpoint>,
    /// Opaque, of the node above.
    pub node: Vec<u8>,
}

/// One group at the moment of a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GroupCheckpoint {
    /// The state contains everything up to this index.
    pub applied: u64,
    /// Term of that entry.
    pub term: u64,
    /// From where the strategy starts again: index, term, its own memory there. Behind `applied` only
    /// while it has not yet taken over a fetched state.
    pub strategy: (u64, u64, Vec<u8>),
    /// What was applied of each lane.
    pub lanes: Seen,
    /// State of the node above.
    pub state: Vec<u8>,
    /// False: an observer's.
    pub is_replica: bool,
}

/// What the node above has applied of a group when a replica of it starts.
#[derive(Clone, Debug, Default)]
pub struct StateAt {
    /// Up to this index.
    pub index: u64,
    /// Term of that entry.
    pub term: u64,
    /// What was applied of each lane.
    pub lanes: Seen,
}

fn point(strategy: &dyn Strategy) -> (u64, u64, Vec<u8>) {
    let point = strategy.point();
    (point.index, point.term, point.memory.to_vec())
}

/// What a state remembers of the lanes: all of it.
fn remembered(seen: &Seen) -> Seen {
    if planted!("forget-dedupe") { Seen::default() } else { seen.clone() }
}

impl Engine {
    /// What to remember now. `state` gives the node's own state of a group.
    pub fn checkpoint(&self, mut state: impl FnMut(GroupId) -> Vec<u8>) -> Checkpoint {
        let groups = self.groups.iter().map(|(id, group)| {
            // A fetched state that has yet to take the place of ours starts nothing: what is between the two
            // would be missing after a restart.
            let fetched = group.fetched.as_ref().filter(|it| it.0 <= group.applied);
            let strategy = match (&group.role, fetched) {
                (Role::Replica(strategy), Some(it)) if it.0 > strategy.point().index => it.clone(),
                (Role::Replica(strategy), _) => point(&**strategy),
                (Role::Observer(_), _) => (0, 0, Vec::new()),
            };
            let checkpoint = GroupCheckpoint {
                applied: group.applied,
                term: group.applied_term,
                strategy,
                lanes: remembered(&group.seen),
                state: state(*id),
                is_replica: matches!(group.role, Role::Replica(_)),
            };
            (id.0, checkpoint)
        });
        Checkpoint { groups: groups.collect(), node: Vec::new() }
    }

    /// The checkpoint whose groups' strategies start from these indexes is on disk: the log before the one before
    /// it may go. (One interval of log is kept for peers that are a little behind.)
    pub fn checkpointed(&mut self, starts: &BTreeMap<u32, u64>) {
        let mut purges = Vec::new();
        for (id, group) in &mut self.groups {
            let Some(now) = starts.get(&id.0) else {
                continue;
            };
            let before = group.checkpointed.min(*now);
            group.checkpointed = *now;
            let Role::Replica(strategy) = &mut group.role else {
                continue;
            };
            if let Some((index, term)) = strategy.purge(before) {
                purges.push(Append::Purge { group: *id, index, term });
            }
        }
        if !purges.is_empty() {
            fail_point!("engine.before-purge");
            self.ticket += 1;
            self.write(purges, self.ticket);
        }
    }

    /// Adds a replica as the disk has it. Without a checkpoint of the group it begins empty and waits
    /// for the group's leader.
    ///
    /// # Errors
    /// Log and checkpoint do not fit together: this replica is damaged.
    pub fn add_replica(
        &mut self,
        id: GroupId,
        mut start: Start,
        at: StateAt,
    ) -> Result<(), String> {
        let started_at = start.point.index;
        self.begun += 1;
        start.life = (u64::from(self.boot) << 32) | self.begun;
        let kind = (self.kind_of)(id);
        let mut strategy = kind.begin(id, self.me, self.log.clone(), start)?;
        strategy.tune(&self.tuning);
        for peer in &self.up {
            strategy.link(*peer, true);
        }
        self.clock.observe(strategy.last_stamp().saturating_add(ENTRY_COMMANDS_MAX));
        let mut group = Group::new(kind, Role::Replica(strategy), self.new_outbox());
        (group.applied, group.applied_term, group.seen) = (at.index, at.term, at.lanes);
        group.checkpointed = started_at;
        // Where the strategy begins anew, the history does too.
        group.kept = if started_at == 0 || group.has_origins() { 0 } else { at.index };
        group.has_history = started_at > 0 || group.has_origins(); // All that comes is kept from the first on.
        if let Some(old) = self.groups.remove(&id) {
            group.outbox = old.outbox; // An observer becomes a replica: its senders still wait.
            group.outbox.rewind();
            if old.applied > group.applied {
                (group.applied, group.applied_term, group.seen) =
                    (old.applied, old.applied_term, old.seen);
            }
        }
        self.groups.insert(id, group);
        self.touched.insert(id);
        Ok(())
    }

    /// Stamps from here on are above this one, which a state contains.
    pub fn see_stamp(&mut self, stamp: u64) {
        self.clock.observe(stamp);
    }

    /// Gives up a replica and its log. What was applied stays: an observer goes on from there, so that nobody
    /// here misses what comes between, and offers elsewhere what waits.
    pub fn drop_replica(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(&id) else { return };
        fail_point!("replica.before-drop");
        self.ticket += 1;
        self.write(vec![Append::Drop { group: id }], self.ticket);
        let role = Role::Observer(Observer::default());
        let mut observer = Group::new((self.kind_of)(id), role, group.outbox);
        observer.outbox.rewind();
        (observer.applied, observer.applied_term, observer.seen) =
            (group.applied, group.applied_term, group.seen);
        self.groups.insert(id, observer);
        self.touched.insert(id);
    }

    /// Our state at what is applied now, for peers to fetch.
    pub fn provide(&mut self, id: GroupId, state: &[u8]) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Role::Replica(strategy) = &mut group.role else { return };
        let state = GroupCheckpoint {
            applied: group.applied,
            term: group.applied_term,
            strategy: point(&**strategy),
            lanes: remembered(&group.seen),
            state: state.to_vec(),
            is_replica: true,
        };
        let bytes = postcard::to_stdvec(&state).expect("writing to memory cannot fail");
        fail_point!("catch-up.before-provide");
        group.provided.truncate(1); // One more: somebody may still be fetching it.
        group.provided.push_front((group.applied, Bytes::from(bytes)));
        strategy.provide(group.applied);
        self.touched.insert(id);
        self.restart_observers(id);
        self.answer_replicas(id);
    }
}
