//! Where every live entry of every group is, and the newest ones themselves.
//!
//! Promise: answers for all that was submitted, written or not. An entry costs 8 bytes here, plus its
//! body while it is not yet synced or among the newest `cache_bytes`.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::record::{EntryRef, HardState};
use crate::store::GroupId;

/// Arrivals also list what was truncated or purged since: small entries must not let them pile up.
const ARRIVALS_MAX: usize = 1 << 17;

/// A place in the stream of all submitted records, counted in bytes since open.
pub(super) type Lsn = u64;

/// One group's log as the caller sees it.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) purged: (u64, u64),
    pub(super) hard_state: Option<HardState>,
    pub(super) meta: Option<Bytes>,
    /// Of entry `purged index + 1 + position`.
    pub(super) lsns: VecDeque<Lsn>,
    /// Where each run of equal terms starts.
    pub(super) terms: VecDeque<(u64, u64)>,
    /// The newest entries; the last one is the group's last.
    cached: VecDeque<Cached>,
}

#[derive(Debug)]
struct Cached {
    lsn: Lsn,
    kind: u8,
    body: Bytes,
    context: Bytes,
}

/// All groups, and the order in which cached entries came.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) groups: BTreeMap<GroupId, Group>,
    arrivals: VecDeque<(GroupId, Lsn)>,
    cached_bytes: usize,
}

impl Cached {
    fn bytes(&self) -> usize {
        self.body.len() + self.context.len() + size_of::<Cached>()
    }
}

impl Group {
    pub(super) fn new(purged: (u64, u64)) -> Group {
        Group { purged, ..Group::default() }
    }

    pub(super) fn first(&self) -> u64 {
        self.purged.0 + 1
    }

    pub(super) fn last(&self) -> u64 {
        self.purged.0 + self.lsns.len() as u64
    }

    pub(super) fn lsn(&self, index: u64) -> Option<Lsn> {
        self.lsns.get(usize::try_from(index.checked_sub(self.first())?).ok()?).copied()
    }

    pub(super) fn term(&self, index: u64) -> Option<u64> {
        if index == self.purged.0 {
            return Some(self.purged.1);
        }
        if index < self.first() || index > self.last() {
            return None;
        }
        let after = self.terms.partition_point(|&(start, _)| start <= index);
        Some(self.terms[after - 1].1)
    }

    pub(super) fn cached(&self, index: u64) -> Option<EntryRef> {
        let from_end = usize::try_from(self.last().checked_sub(index)?).ok()?;
        let it = self.cached.get(self.cached.len().checked_sub(from_end + 1)?)?;
        let (body, context) = (it.body.clone(), it.context.clone());
        Some(EntryRef { index, term: self.term(index)?, kind: it.kind, body, context })
    }

    pub(super) fn push(&mut self, term: u64, lsn: Lsn) {
        self.lsns.push_back(lsn);
        if self.terms.back().is_none_or(|&(_, last)| last != term) {
            self.terms.push_back((self.last(), term));
        }
    }

    /// Drops all entries above `last`; returns the cached bytes set free.
    fn truncate(&mut self, last: u64) -> usize {
        let keep = last.saturating_sub(self.purged.0) as usize;
        let mut freed = 0;
        while self.lsns.len() > keep {
            self.lsns.pop_back();
            freed += self.cached.pop_back().map_or(0, |it| it.bytes());
        }
        while self.terms.back().is_some_and(|&(start, _)| start > last) {
            self.terms.pop_back();
        }
        freed
    }

    /// Drops all entries up to `index`; returns the cached bytes set free.
    fn purge(&mut self, index: u64, term: u64) -> usize {
        let gone = usize::try_from(index - self.purged.0).unwrap_or(usize::MAX);
        let mut freed = 0;
        while self.cached.len() > self.lsns.len().saturating_sub(gone) {
            freed += self.cached.pop_front().map_or(0, |it| it.bytes());
        }
        self.lsns.drain(..gone.min(self.lsns.len()));
        self.purged = (index, term);
        let run = self.terms.partition_point(|&(start, _)| start <= index + 1).saturating_sub(1);
        self.terms.drain(..run);
        if self.lsns.is_empty() {
            self.terms.clear();
        }
        freed
    }
}

impl Index {
    pub(super) fn new(groups: BTreeMap<GroupId, Group>) -> Index {
        Index { groups, ..Index::default() }
    }

    pub(super) fn group(&mut self, group: GroupId) -> &mut Group {
        self.groups.entry(group).or_default()
    }

    /// Takes in an entry; `index` must be within `first..=last + 1`.
    pub(super) fn append(&mut self, group: GroupId, entry: EntryRef, lsn: Lsn) {
        let it = self.groups.entry(group).or_default();
        self.cached_bytes -= it.truncate(entry.index - 1);
        it.push(entry.term, lsn);
        let cached = Cached { lsn, kind: entry.kind, body: entry.body, context: entry.context };
        self.cached_bytes += cached.bytes();
        it.cached.push_back(cached);
        self.arrivals.push_back((group, lsn));
    }

    /// Purges, and returns the last index to write down, or `None` if there is nothing to do.
    pub(super) fn purge(&mut self, group: GroupId, index: u64, term: u64) -> Option<u64> {
        let it = self.groups.entry(group).or_default();
        if index <= it.purged.0 {
            return None;
        }
        let is_ours = index <= it.last() && it.term(index) == Some(term);
        if !is_ours {
            self.cached_bytes -= it.truncate(index);
        }
        self.cached_bytes -= it.purge(index, term);
        Some(it.last())
    }

    pub(super) fn drop_group(&mut self, group: GroupId) {
        if let Some(gone) = self.groups.remove(&group) {
            self.cached_bytes -= gone.cached.iter().map(Cached::bytes).sum::<usize>();
        }
    }

    /// Lets go of the oldest cached entries that are synced, down to `cache_bytes`.
    pub(super) fn evict(&mut self, cache_bytes: usize, synced: Lsn) {
        while self.cached_bytes > cache_bytes || self.arrivals.len() > ARRIVALS_MAX {
            let Some(&(group, lsn)) = self.arrivals.front() else {
                return;
            };
            if lsn >= synced {
                return;
            }
            self.arrivals.pop_front();
            let Some(it) = self.groups.get_mut(&group) else {
                continue;
            };
            if it.cached.front().is_some_and(|oldest| oldest.lsn == lsn) {
                self.cached_bytes -= it.cached.pop_front().map_or(0, |oldest| oldest.bytes());
            }
        }
    }

    /// Whether some live entry lies below `lsn`, and where: `(group, index)`.
    pub(super) fn live_below(&self, lsn: Lsn) -> impl Iterator<Item = (GroupId, u64)> + '_ {
        self.groups.iter().flat_map(move |(&group, it)| {
            let first = it.first();
            let live = it.lsns.iter().enumerate().filter(move |&(_, &at)| at < lsn);
            live.map(move |(position, _)| (group, first + position as u64))
        })
    }
}
