//! Checkpoints: so that a start is short, the log can go, and a fetched state survives a crash.
//!
//! A checkpoint holds the state of all groups at one moment, and stands on disk together with the
//! history up to that moment. It is taken after so much has been applied, after so long, at a clean
//! stop, and whenever a state was fetched from a peer.

use super::groups::Groups;
use super::{Core, DIRECTORY};
use crate::identity::{Identity, Phase};
use bytes::Bytes;
use chat::Limits;
use chat::codec::{decode, encode};
use chat::directory::Directory;
use chat::room::Rooms;
use chat::talk::Fold;
use fail::fail_point;
use replica::engine::{Checkpoint, GroupCheckpoint, Soundness, StateAt};
use replica::store::history::{
    CheckpointDone as Done, CheckpointJob, HistoryOpenError, HistoryOptions,
};
use replica::store::log::{LogOptions, OnSynced, OpenError};
use replica::store::{Disk, GroupId, History, Log};
use replica::strategy::{Point, Start};
use replica::{Engine, PeerId};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Longest time between two checkpoints while anything changes, in milliseconds.
const INTERVAL_MS: u64 = 120_000;

/// File beside the log's segments that says whose they are.
const MARKER: &str = "owner";

/// Where the node stands with its checkpoints.
#[derive(Default)]
pub(super) struct Progress {
    /// Applied since the last one, and so many are enough for the next.
    commands: u64,
    commands_max: u64,
    last_ms: u64,
    is_running: bool,
    is_wanted: bool,
    /// Applied index of each group in the one under way.
    applied: BTreeMap<u32, u64>,
    /// Groups whose fetched state is not yet in one, and in the one under way.
    installed: BTreeSet<GroupId>,
    installing: BTreeSet<GroupId>,
}

impl Progress {
    pub(super) fn new(commands_max: u64) -> Progress {
        Progress { commands_max, ..Progress::default() }
    }
}

/// How a checkpoint's disk work ended.
pub(crate) type CheckpointDone = Done;

impl Core {
    pub(super) fn count_applied(&mut self, commands: usize) {
        self.checkpointing.commands += commands as u64;
    }

    /// The group's state was replaced: it counts only once it is in a checkpoint.
    pub(super) fn checkpoint_installed(&mut self, group: GroupId) {
        self.checkpointing.installed.insert(group);
    }

    /// Asks for a checkpoint now.
    pub(crate) fn want_checkpoint(&mut self) {
        self.checkpointing.is_wanted = true;
    }

    /// The disk work of a checkpoint that is due; may be carried out on any thread.
    pub(crate) fn take_checkpoint(&mut self) -> Option<CheckpointJob> {
        let it = &self.checkpointing;
        let is_due = it.is_wanted
            || !it.installed.is_empty()
            || it.commands >= it.commands_max
            || (it.commands > 0 && self.now_ms - it.last_ms >= INTERVAL_MS);
        // With gaps, what was applied since must not count as kept.
        if it.is_running || !is_due || self.engine.soundness() == Soundness::Gaps {
            return None;
        }
        let checkpoint = self.engine.checkpoint(|group| self.state_of(group));
        let job = self.history.borrow_mut().begin_checkpoint(&encode(&checkpoint));
        match job {
            Ok(job) => {
                let it = &mut self.checkpointing;
                it.applied =
                    checkpoint.groups.iter().map(|(id, group)| (*id, group.strategy.0)).collect();
                it.installing = std::mem::take(&mut it.installed);
                (it.is_running, it.is_wanted, it.commands) = (true, false, 0);
                it.last_ms = self.now_ms;
                Some(job)
            }
            Err(why) => {
                self.fatal.get_or_insert(format!("checkpoint: {why}"));
                None
            }
        }
    }

    /// The disk work is done.
    pub(crate) fn checkpoint_done(&mut self, done: CheckpointDone) {
        self.checkpointing.is_running = false;
        if let Err(why) = self.history.borrow_mut().finish_checkpoint(done) {
            self.fatal.get_or_insert(format!("checkpoint: {why}"));
            return;
        }
        self.engine.checkpointed(&self.checkpointing.applied);
        for group in std::mem::take(&mut self.checkpointing.installing) {
            self.engine.installed(group);
        }
    }

    /// True when no checkpoint is wanted or under way: the one asked for is on disk.
    pub(crate) fn is_checkpointed(&self) -> bool {
        !self.checkpointing.is_running && !self.checkpointing.is_wanted
    }

    /// A peer needs a group's state.
    pub(super) fn provide_state(&mut self, group: GroupId) {
        let state = self.state_of(group);
        self.engine.provide(group, &state);
    }

    fn state_of(&self, group: GroupId) -> Vec<u8> {
        if group == DIRECTORY || group == self.groups.of_names() {
            return self.directory.snapshot_of(self.groups.part_of(group));
        }
        if group == self.groups.talk() {
            return self.talk.snapshot();
        }
        self.rooms.get(&group).map(Rooms::snapshot).unwrap_or_default()
    }
}

/// What the disk gave a node to start from.
pub(crate) struct Restored {
    pub(crate) engine: Engine,
    pub(crate) history: Rc<RefCell<History>>,
    pub(crate) state: State,
}

/// What the logs came to: the directory, the rooms of each group, and all gossip.
pub(crate) type State = (Directory, BTreeMap<GroupId, Rooms>, Fold);

/// Why a node cannot start from what the disk holds.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// Damage: this replica may not vote; it has to be wiped and to join again under a new identity.
    #[error("{0}")]
    Damaged(String),
    /// Anything else: nothing was changed.
    #[error("{0}")]
    Unusable(String),
}

/// Opens log and history, and builds every group from the last checkpoint.
pub(crate) fn restore(
    disk: &Arc<dyn Disk>,
    identity: &Identity,
    (log_options, history_options): (LogOptions, HistoryOptions),
    on_synced: OnSynced,
) -> Result<Restored, RestoreError> {
    let unusable = |why: &dyn std::fmt::Display| RestoreError::Unusable(why.to_string());
    let log_dir = disk.dir("log").map_err(|why| unusable(&why))?;
    let is_marked = is_marked(&*log_dir, identity)?;
    let opened = Log::open(log_dir.clone(), log_options, on_synced);
    let (log, recovered) = opened.map_err(|why| match why {
        OpenError::Damaged { .. } | OpenError::Missing { .. } => {
            RestoreError::Damaged(why.to_string())
        }
        other => unusable(&other),
    })?;
    if !is_marked {
        fail_point!("log.before-marker");
        let marked = log_dir.replace(MARKER, &identity.id.to_le_bytes());
        marked.map_err(|why| unusable(&why))?;
    }
    if let Some(torn) = &recovered.torn {
        tracing::warn!(?torn, "the last write before the crash was cut off");
    }
    let history_dir = disk.dir("history").map_err(|why| unusable(&why))?;
    let (mut history, blob) =
        History::open(history_dir, history_options).map_err(|why| match why {
            HistoryOpenError::Damaged { .. } | HistoryOpenError::Missing { .. } => {
                RestoreError::Damaged(why.to_string())
            }
            other => unusable(&other),
        })?;
    let checkpoint: Checkpoint = match blob {
        Some(blob) => decode(&blob)
            .map_err(|_| RestoreError::Damaged("the checkpoint cannot be read".into()))?,
        None if identity.phase == Phase::Founding => {
            let founding = founding(identity);
            let job = history.begin_checkpoint(&encode(&founding)).map_err(|why| unusable(&why))?;
            history.finish_checkpoint(job.run()).map_err(|why| unusable(&why))?;
            founding
        }
        None => Checkpoint::default(),
    };
    let log = Rc::new(RefCell::new(log));
    let history = Rc::new(RefCell::new(history));
    let groups = Groups::new(identity.groups, identity.names);
    let kind_of = move |it| groups.kind(it);
    let mut engine = Engine::new(identity.id, identity.boot, log, history.clone(), kind_of);
    let mut rooms = BTreeMap::new();
    let mut directory = match groups.is_split() {
        true => Directory::split(),
        false => Directory::new(),
    };
    let mut talk = Fold::default();
    for (number, group) in checkpoint.groups {
        let id = GroupId(number);
        let damaged = |what: &str| RestoreError::Damaged(format!("{id}: {what}"));
        let is_directory = id == DIRECTORY || id == groups.of_names();
        if !group.is_replica && !is_directory {
            // It is followed anew. Who is asked then may have come less far, and a room must not be seen to
            // have left where it is about to be seen again. Of the directory an old state is better than none.
            continue;
        }
        if !group.state.is_empty() {
            if is_directory {
                let joined = directory.with(groups.part_of(id), &group.state);
                directory = joined.map_err(|_| damaged("state"))?;
            } else if id == groups.talk() {
                talk = Fold::restore(&group.state).map_err(|_| damaged("state"))?;
            } else {
                let restored = Rooms::restore(number, Limits::default(), &group.state);
                rooms.insert(id, restored.map_err(|_| damaged("state"))?);
            }
        }
        if !group.is_replica {
            continue;
        }
        let (index, term, memory) = group.strategy;
        let start = Start {
            log: recovered.groups.get(&id).cloned(),
            point: Point { index, term, memory: Bytes::from(memory) },
            ..Start::default()
        };
        engine
            .add_replica(
                id,
                start,
                StateAt { index: group.applied, term: group.term, lanes: group.lanes },
            )
            .map_err(|why| damaged(&why))?;
    }
    restore_begun(&mut engine, &recovered)?;
    Ok(Restored { engine, history, state: (directory, rooms, talk) })
}

/// Whether the log is marked as this identity's. A member's log is, or it is not the log that holds
/// what this node has voted and acknowledged.
fn is_marked(log: &dyn Disk, identity: &Identity) -> Result<bool, RestoreError> {
    match log.read(MARKER) {
        Ok(bytes) if bytes == identity.id.to_le_bytes() => Ok(true),
        Ok(_) => Err(RestoreError::Damaged("the log is not this node's".to_owned())),
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(RestoreError::Unusable(why.to_string()))
        }
        Err(_) if identity.phase == Phase::Member => {
            Err(RestoreError::Damaged("the log is gone".to_owned()))
        }
        Err(_) => Ok(false),
    }
}

/// Replicas that were begun after the last checkpoint have only a log.
fn restore_begun(
    engine: &mut Engine,
    recovered: &replica::store::log::Recovered,
) -> Result<(), RestoreError> {
    for (id, found) in &recovered.groups {
        if engine.holds(*id).is_some() {
            continue;
        }
        let start = Start { log: Some(found.clone()), ..Start::default() };
        engine
            .add_replica(*id, start, Default::default())
            .map_err(|why| RestoreError::Damaged(format!("{id}: {why}")))?;
    }
    Ok(())
}

/// All groups of a new cluster: empty, at index 1, their only replica the founder's.
fn founding(identity: &Identity) -> Checkpoint {
    let groups = Groups::new(identity.groups, identity.names);
    let founded = |id: u32| {
        let memory = groups.kind(GroupId(id)).founding_memory(&[identity.id as PeerId]);
        GroupCheckpoint {
            applied: 1,
            term: 1,
            strategy: (1, 1, memory.to_vec()),
            is_replica: true,
            ..GroupCheckpoint::default()
        }
    };
    let groups = groups.all().map(|id| (id, founded(id))).collect();
    Checkpoint { groups, node: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use replica::store::SimDisk;

    fn open(disk: &Arc<dyn Disk>, phase: Phase) -> Result<Restored, RestoreError> {
        let identity = Identity {
            id: 7,
            cluster: 1,
            phase,
            name: "a".to_owned(),
            groups: 2,
            boot: 1,
            peers: Vec::new(),
            names: crate::Names::Raft,
        };
        let options = LogOptions { segment_bytes: 1 << 16, inline: true, ..LogOptions::default() };
        restore(disk, &identity, (options, HistoryOptions::default()), Box::new(|_| ()))
    }

    fn lose(disk: &Arc<dyn Disk>, part: &str) {
        let part = disk.dir(part).expect("the disk is fine");
        for name in part.list().expect("the disk is fine") {
            part.remove(&name).expect("it was listed");
        }
    }

    #[test]
    fn a_founder_that_crashed_before_it_was_a_member_founds_again_and_starts_as_one() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new());
        for phase in [Phase::Founding, Phase::Founding, Phase::Member] {
            let restored =
                open(&disk, phase.clone()).unwrap_or_else(|it| panic!("{phase:?}: {it}"));
            for group in 0..=2 {
                assert_eq!(restored.engine.holds(GroupId(group)), Some(true), "{phase:?}");
            }
        }
    }

    /// Seed 211 of `mixed-of-five`: a client was shown the end of a room's earlier era after the next one.
    #[test]
    fn rooms_of_a_group_that_was_only_followed_are_not_there_before_it_is_followed_again() {
        for is_replica in [true, false] {
            let disk: Arc<dyn Disk> = Arc::new(SimDisk::new());
            let founded = open(&disk, Phase::Founding).unwrap_or_else(|it| panic!("{it}"));
            let mut checkpoint = founded.engine.checkpoint(|_| Vec::new());
            let followed = checkpoint.groups.get_mut(&1).expect("it was founded");
            followed.state = Rooms::new(1, Limits::default()).snapshot();
            followed.is_replica = is_replica;
            let mut history = founded.history.borrow_mut();
            let job = history.begin_checkpoint(&encode(&checkpoint)).expect("the disk is fine");
            history.finish_checkpoint(job.run()).expect("the disk is fine");
            drop(history);
            drop(founded);
            let restored = open(&disk, Phase::Member).unwrap_or_else(|it| panic!("{it}"));
            assert_eq!(restored.state.1.contains_key(&GroupId(1)), is_replica);
        }
    }

    #[test]
    fn a_member_whose_log_is_gone_is_damaged() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new());
        drop(open(&disk, Phase::Founding).unwrap_or_else(|it| panic!("{it}")));
        lose(&disk, "log");
        let opened = open(&disk, Phase::Member).map(|_| ());
        assert!(matches!(opened, Err(RestoreError::Damaged(_))), "{opened:?}");
    }

    #[test]
    fn a_new_member_without_a_checkpoint_starts_and_is_damaged_once_its_log_is_gone() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new());
        let joining = Phase::Joining { addresses: Vec::new() };
        for phase in [joining, Phase::Member] {
            drop(open(&disk, phase).unwrap_or_else(|it| panic!("{it}")));
        }
        lose(&disk, "log");
        let opened = open(&disk, Phase::Member).map(|_| ());
        assert!(matches!(opened, Err(RestoreError::Damaged(_))), "{opened:?}");
    }
}
