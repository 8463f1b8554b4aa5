//! The log of one group as the Raft library wants to read it.
//!
//! The newest entries stay in memory (all that are not yet on disk, and some more); older ones are read
//! back from the node's log.

use super::wire;
use crate::store::{GroupId, Log, log::EntryRef};
use raft::eraftpb::Snapshot;
use raft::prelude::{ConfState, Entry, HardState};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Bodies kept in memory for each group: a follower that is some round trips behind is served from
/// here; 17 groups take at most some tens of megabytes.
const CACHE_BYTES: usize = 2 << 20;

/// One group's log.
pub(super) struct GroupLog {
    group: GroupId,
    log: Rc<RefCell<Log>>,
    hard_state: HardState,
    conf_state: ConfState,
    /// Everything up to here is gone from the log, with its term.
    purged: (u64, u64),
    /// The newest entries, without gaps up to the last.
    cache: VecDeque<Entry>,
    cache_bytes: usize,
    /// Entries up to here are on disk, and may leave the cache.
    synced: u64,
    /// Our state at this index can be fetched by peers; with its term and who voted then.
    provided: Option<(u64, u64, ConfState)>,
    /// Somebody needs a snapshot that is not provided.
    wants_state: Cell<bool>,
    /// Applied here.
    pub(super) applied: u64,
}

impl GroupLog {
    /// As recovered from disk.
    pub(super) fn new(group: GroupId, log: Rc<RefCell<Log>>, recovered: Recovered) -> GroupLog {
        GroupLog {
            group,
            log,
            hard_state: recovered.hard_state,
            conf_state: recovered.conf_state,
            purged: recovered.purged,
            cache: VecDeque::new(),
            cache_bytes: 0,
            synced: recovered.last,
            provided: None,
            wants_state: Cell::new(false),
            applied: recovered.applied,
        }
    }

    /// Adds entries, which replace whatever has their index or a later one.
    pub(super) fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        while self.cache.back().is_some_and(|it| it.index >= first.index) {
            self.pop_back();
        }
        self.synced = self.synced.min(first.index - 1);
        if self.cache.back().is_some_and(|it| it.index + 1 != first.index) {
            self.cache.clear(); // A gap: only after a snapshot.
            self.cache_bytes = 0;
        }
        for entry in entries {
            self.cache_bytes += size(entry);
            self.cache.push_back(entry.clone());
        }
        self.trim();
    }

    /// Entries up to `index` are on disk.
    pub(super) fn set_synced(&mut self, index: u64) {
        self.synced = self.synced.max(index);
        self.trim();
    }

    /// Term, vote and commit as they shall be remembered.
    pub(super) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    /// Who votes, as of the last applied change.
    pub(super) fn set_conf_state(&mut self, conf_state: ConfState) {
        self.conf_state = conf_state;
    }

    pub(super) fn conf_state(&self) -> &ConfState {
        &self.conf_state
    }

    pub(super) fn hard_state(&self) -> &HardState {
        &self.hard_state
    }

    /// The state up to `index` has been installed: the log begins after it.
    pub(super) fn install(&mut self, index: u64, term: u64) {
        self.purged = (index, term);
        self.cache.clear();
        self.cache_bytes = 0;
        self.synced = index;
        self.applied = index;
    }

    /// Everything up to `index` may go.
    pub(super) fn purge(&mut self, index: u64) -> Option<(u64, u64)> {
        let term = self.term(index).ok()?;
        if index <= self.purged.0 {
            return None;
        }
        self.purged = (index, term);
        while self.cache.front().is_some_and(|it| it.index <= index) {
            self.pop_front();
        }
        Some(self.purged)
    }

    /// Peers can fetch our state at `index`.
    pub(super) fn provide(&mut self, index: u64) {
        if let Ok(term) = self.term(index) {
            self.provided = Some((index, term, self.conf_state.clone()));
        }
    }

    /// True once after a peer turned out to need our state.
    pub(super) fn take_wants_state(&self) -> bool {
        self.wants_state.take()
    }

    fn trim(&mut self) {
        while self.cache_bytes > CACHE_BYTES
            && self
                .cache
                .front()
                .is_some_and(|it| it.index <= self.synced && it.index <= self.applied)
        {
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        if let Some(entry) = self.cache.pop_front() {
            self.cache_bytes -= size(&entry);
        }
    }

    fn pop_back(&mut self) {
        if let Some(entry) = self.cache.pop_back() {
            self.cache_bytes -= size(&entry);
        }
    }

    fn last(&self) -> u64 {
        match self.cache.back() {
            Some(entry) => entry.index,
            None => self.purged.0.max(self.log.borrow().last_index(self.group)),
        }
    }

    fn cache_start(&self) -> u64 {
        self.cache.front().map_or(u64::MAX, |it| it.index)
    }

    fn read_old(&self, low: u64, high: u64, bytes_max: u64) -> raft::Result<Vec<Entry>> {
        let mut found: Vec<EntryRef> = Vec::new();
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        self.log
            .borrow()
            .entries(self.group, low, high, bytes_max, &mut found)
            .map_err(|why| Error::Store(StorageError::Other(Box::new(why))))?;
        found
            .into_iter()
            .map(|it| {
                let mut entry = Entry::default();
                entry.entry_type =
                    wire::entry_type(it.kind).ok_or(Error::Store(StorageError::Unavailable))?;
                (entry.index, entry.term) = (it.index, it.term);
                (entry.data, entry.context) = (it.body, it.context);
                Ok(entry)
            })
            .collect()
    }
}

/// What the disk held of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Recovered {
    pub(super) hard_state: HardState,
    pub(super) conf_state: ConfState,
    pub(super) purged: (u64, u64),
    pub(super) last: u64,
    pub(super) applied: u64,
}

fn size(entry: &Entry) -> usize {
    size_of::<Entry>() + entry.data.len() + entry.context.len()
}

impl Storage for GroupLog {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState::new(self.hard_state.clone(), self.conf_state.clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low <= self.purged.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        let bytes_max = max_size.into().unwrap_or(u64::MAX);
        let cached_from = self.cache_start();
        let mut entries = Vec::new();
        let mut bytes: u64 = 0;
        if low < cached_from {
            entries = self.read_old(low, high.min(cached_from), bytes_max)?;
            if entries.is_empty() {
                return Err(Error::Store(StorageError::Unavailable));
            }
            bytes = entries.iter().map(|it| size(it) as u64).sum();
        }
        let next = low + entries.len() as u64;
        if next >= cached_from && bytes < bytes_max {
            let skip = (next - cached_from) as usize;
            for entry in self.cache.iter().skip(skip).take((high - next) as usize) {
                bytes += size(entry) as u64;
                if !entries.is_empty() && bytes > bytes_max {
                    break;
                }
                entries.push(entry.clone());
            }
        }
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        let (purged, term) = self.purged;
        if index == purged {
            return Ok(term);
        }
        if index < purged {
            return Err(Error::Store(StorageError::Compacted));
        }
        let cached_from = self.cache_start();
        if index >= cached_from {
            let found = self.cache.get((index - cached_from) as usize);
            return found.map(|it| it.term).ok_or(Error::Store(StorageError::Unavailable));
        }
        let found = self.log.borrow().term(self.group, index);
        found.map_err(|_| Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.purged.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<Snapshot> {
        // The state itself is fetched by the peer, in chunks; the message only says what to fetch.
        let Some((index, term, conf_state)) = &self.provided else {
            self.wants_state.set(true);
            return Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        };
        // A state from before the peer became a member would not tell it that it is one.
        let knows_peer = conf_state.voters.contains(&to) || conf_state.learners.contains(&to);
        if *index < request_index || *index < self.purged.0 || !knows_peer {
            self.wants_state.set(true);
            return Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        }
        let mut snapshot = Snapshot::default();
        let metadata = snapshot.mut_metadata();
        (metadata.index, metadata.term) = (*index, *term);
        metadata.set_conf_state(conf_state.clone());
        Ok(snapshot)
    }
}
