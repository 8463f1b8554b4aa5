//! Reading entries back: from memory while they are new, from disk with the crc checked.
//!
//! Promise: an entry is given exactly as it was appended, or an error says what is wrong with it.

use std::io;

use bytes::Bytes;

use super::index::{Group, Lsn};
use super::record::{self, EntryRef, HardState, Record};
use super::shared::{Extent, Shared};
use super::{Log, ReadError, RecoveredGroup};
use crate::store::GroupId;
use crate::store::frame;

const WINDOW_BYTES: usize = 64 << 10; // Entries of one group usually lie near each other.

impl Log {
    /// Appends the entries `low..high` of a group to `into`, stopping before `max_bytes` would be
    /// exceeded, but never before the first.
    pub fn entries(
        &self,
        group: GroupId,
        low: u64,
        high: u64,
        max_bytes: usize,
        into: &mut Vec<EntryRef>,
    ) -> Result<(), ReadError> {
        let (first, last) = (self.first_index(group), self.last_index(group));
        if low < first {
            return Err(ReadError::Purged { index: low, first });
        }
        if high > last + 1 {
            return Err(ReadError::Unavailable { index: high - 1, last });
        }
        let Some(it) = self.index.groups.get(&group) else {
            return Ok(());
        };
        let mut reader = Reader::new(&self.shared);
        let mut bytes = 0;
        for index in low..high {
            let entry = match it.cached(index) {
                Some(entry) => entry,
                None => reader.entry(group, index, it)?,
            };
            bytes += entry.bytes();
            if bytes > max_bytes && index > low {
                return Ok(());
            }
            into.push(entry);
        }
        Ok(())
    }

    /// The term of an entry; also known for the purged index itself.
    pub fn term(&self, group: GroupId, index: u64) -> Result<u64, ReadError> {
        let (first, last) = (self.first_index(group), self.last_index(group));
        let Some(it) = self.index.groups.get(&group) else {
            return if index == 0 { Ok(0) } else { Err(ReadError::Unavailable { index, last }) };
        };
        match it.term(index) {
            Some(term) => Ok(term),
            None if index < first => Err(ReadError::Purged { index, first }),
            None => Err(ReadError::Unavailable { index, last }),
        }
    }

    /// The lowest index that is (or would be) held: one above the purged index.
    pub fn first_index(&self, group: GroupId) -> u64 {
        self.index.groups.get(&group).map_or(1, Group::first)
    }

    /// The highest index submitted; the purged index if there are no entries.
    pub fn last_index(&self, group: GroupId) -> u64 {
        self.index.groups.get(&group).map_or(0, Group::last)
    }

    /// Index and term up to which everything was purged; zeros if nothing was.
    pub fn purged(&self, group: GroupId) -> (u64, u64) {
        self.index.groups.get(&group).map_or((0, 0), |it| it.purged)
    }

    /// The newest hard state submitted.
    pub fn hard_state(&self, group: GroupId) -> Option<HardState> {
        self.index.groups.get(&group)?.hard_state
    }

    /// The newest blob submitted.
    pub fn meta(&self, group: GroupId) -> Option<Bytes> {
        self.index.groups.get(&group)?.meta.clone()
    }

    /// All groups that something was submitted for and that were not dropped.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.index.groups.keys().copied()
    }
}

impl Group {
    pub(super) fn recovered(&self) -> RecoveredGroup {
        RecoveredGroup {
            hard_state: self.hard_state,
            meta: self.meta.clone(),
            purged: self.purged,
            first_index: self.first(),
            last_index: self.last(),
        }
    }
}

/// Reads entries in increasing order, one stretch of file at a time.
pub(super) struct Reader<'a> {
    shared: &'a Shared,
    extent: Option<Extent>,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: &'a Shared) -> Reader<'a> {
        Reader { shared, extent: None, window: Vec::new(), window_at: 0 }
    }

    /// The entry at `index`, which must be live and synced.
    pub(super) fn entry(
        &mut self,
        group: GroupId,
        index: u64,
        held: &Group,
    ) -> Result<EntryRef, ReadError> {
        let (Some(lsn), Some(term)) = (held.lsn(index), held.term(index)) else {
            return Err(ReadError::Unavailable { index, last: held.last() });
        };
        let extent = self.extent(lsn)?;
        let (segment, offset) = (extent.segment, extent.offset + (lsn - extent.lsn));
        let damaged = ReadError::Damaged { segment, offset };
        let Some(bytes) = self.frame(&extent, offset)? else {
            return Err(damaged);
        };
        let Some(frame) = frame::parse(bytes, frame::salt(segment)) else {
            return Err(damaged);
        };
        match record::decode(frame) {
            Some(
                Record::Entry { group: g, index: i, term: t, kind, context, body }
                | Record::Copy { group: g, index: i, term: t, kind, context, body },
            ) if (g, i, t) == (group, index, term) => {
                let body = Bytes::copy_from_slice(body);
                let context = Bytes::copy_from_slice(context);
                Ok(EntryRef { index, term, kind, body, context })
            }
            _ => Err(damaged),
        }
    }

    fn extent(&mut self, lsn: Lsn) -> Result<Extent, ReadError> {
        let holds = |it: &Extent| (it.lsn..it.lsn + it.len).contains(&lsn);
        if let Some(extent) = self.extent.as_ref().filter(|it| holds(it)) {
            return Ok(extent.clone());
        }
        let state = self.shared.lock();
        let after = state.extents.partition_point(|it| it.lsn <= lsn);
        let extent = after.checked_sub(1).map(|at| &state.extents[at]).filter(|it| holds(it));
        let extent = extent.ok_or_else(|| io::Error::other("an entry lies in no segment"))?;
        self.extent = Some(extent.clone());
        self.window.clear();
        Ok(extent.clone())
    }

    /// The bytes of the frame at `offset`; `None` if its length leads out of what was written.
    fn frame(&mut self, extent: &Extent, offset: u64) -> io::Result<Option<&[u8]>> {
        let left = (extent.offset + extent.len).saturating_sub(offset) as usize;
        if left < frame::HEADER {
            return Ok(None);
        }
        if self.within(offset).is_none_or(|it| it.len() < frame::HEADER) {
            self.fill(extent, offset, left.min(WINDOW_BYTES))?;
        }
        let Some(bytes) = self.within(offset) else {
            return Ok(None);
        };
        let (len, have) = (frame::len_of(bytes), bytes.len());
        if len > left {
            return Ok(None);
        }
        if have < len {
            self.fill(extent, offset, left.min(len.max(WINDOW_BYTES)))?;
        }
        Ok(self.within(offset))
    }

    fn within(&self, offset: u64) -> Option<&[u8]> {
        self.window.get(usize::try_from(offset.checked_sub(self.window_at)?).ok()?..)
    }

    fn fill(&mut self, extent: &Extent, offset: u64, len: usize) -> io::Result<()> {
        self.window.resize(len, 0);
        self.window_at = offset;
        let read = extent.file.read_at(offset, &mut self.window);
        if read.is_err() {
            self.window.clear();
        }
        read
    }
}
