//! Checkpoints: everything a node needs to start from, at one moment, as one blob.

use super::group::{Group, Role};
use super::{Engine, Event};
use crate::lane::Seen;
use crate::store::GroupId;
use crate::store::log::Append;
use crate::strategy::raft::{RaftGroup, Start};
use bytes::Bytes;
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
    /// The strategy's own memory at that index.
    pub strategy: Vec<u8>,
    /// What was applied of each lane.
    pub lanes: Seen,
    /// State of the node above.
    pub state: Vec<u8>,
    /// False: an observer's.
    pub is_replica: bool,
}

impl Engine {
    /// What to remember now. `state` gives the node's own state of a group.
    pub fn checkpoint(&self, mut state: impl FnMut(GroupId) -> Vec<u8>) -> Checkpoint {
        let groups = self.groups.iter().map(|(id, group)| {
            let strategy = match (&group.role, &group.fetched_blob) {
                (Role::Replica(_), Some(fetched)) => fetched.clone(),
                (Role::Replica(strategy), None) => strategy.blob().to_vec(),
                (Role::Observer(_), _) => Vec::new(),
            };
            let checkpoint = GroupCheckpoint {
                applied: group.applied,
                term: group.applied_term,
                strategy,
                lanes: group.seen.clone(),
                state: state(*id),
                is_replica: matches!(group.role, Role::Replica(_)),
            };
            (id.0, checkpoint)
        });
        Checkpoint {
            groups: groups.collect(),
            node: Vec::new(),
        }
    }

    /// The checkpoint that had these groups at these indexes is on disk: the log before the one before
    /// it may go. (One interval of log is kept for peers that are a little behind.)
    pub fn checkpointed(&mut self, applied: &BTreeMap<u32, u64>) {
        let mut purges = Vec::new();
        for (id, group) in &mut self.groups {
            let Some(now) = applied.get(&id.0) else {
                continue;
            };
            let before = group.checkpointed.0;
            group.checkpointed = (*now, before);
            let Role::Replica(strategy) = &mut group.role else {
                continue;
            };
            if let Some((index, term)) = strategy.purge(before) {
                purges.push(Append::Purge {
                    group: *id,
                    index,
                    term,
                });
            }
        }
        if !purges.is_empty() {
            self.ticket += 1;
            self.write(purges, self.ticket);
        }
    }

    /// Adds a replica as the disk has it. Without a checkpoint of the group it begins empty and waits
    /// for the group's leader.
    ///
    /// # Errors
    /// Log and checkpoint do not fit together: this replica is damaged.
    pub fn add_replica(&mut self, id: GroupId, start: Start, lanes: Seen) -> Result<(), String> {
        let (applied, term) = (start.applied, start.applied_term);
        let mut strategy = RaftGroup::new(id, self.me, self.log.clone(), start)?;
        for peer in &self.up {
            crate::strategy::Strategy::link(&mut strategy, *peer, true);
        }
        let mut group = Group::new(Role::Replica(Box::new(strategy)), self.new_outbox());
        (group.applied, group.applied_term, group.seen) = (applied, term, lanes);
        group.checkpointed = (applied, 0);
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

    /// Forgets a group altogether; its waiting commands are refused or unknown.
    pub fn drop_group(&mut self, id: GroupId) {
        if let Some(mut group) = self.groups.remove(&id) {
            let gone = group.outbox.give_up(u64::MAX, 0);
            self.events.extend(
                gone.refused
                    .into_iter()
                    .map(|token| Event::Refused { token }),
            );
            self.events.extend(
                gone.unknown
                    .into_iter()
                    .map(|token| Event::Unknown { token }),
            );
            self.ticket += 1;
            self.write(vec![Append::Drop { group: id }], self.ticket);
        }
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
            strategy: strategy.blob().to_vec(),
            lanes: group.seen.clone(),
            state: state.to_vec(),
            is_replica: true,
        };
        let bytes = postcard::to_stdvec(&state).expect("writing to memory cannot fail");
        group.provided = Some((group.applied, Bytes::from(bytes)));
        strategy.provide(group.applied);
        self.touched.insert(id);
        self.restart_observers(id);
    }
}
