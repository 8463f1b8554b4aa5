//! Reads the whole log after a start.
//!
//! Promise: what was synced is found, or opening fails. Bad bytes with a valid record of a later
//! batch behind them are damage: that batch was once durable, for the later one was written only
//! after. Otherwise they are the torn end of a batch nobody was told about, which is dropped whole.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::index::{Group, Lsn};
use super::record::{self, FORMAT, HardState, Record};
use super::segment;
use super::shared::Extent;
use super::writer::{Active, Carried, carry_on};
use super::{OpenError, TornTail};
use crate::store::GroupId;
use crate::store::disk::{Disk, DiskFile};
use crate::store::frame::{self, Frame};
use fail::fail_point;

const WIPE_BYTES: usize = 64 << 10; // Only blocks that hold something are written.
const MISSING: Lsn = Lsn::MAX; // An entry whose record was not met yet; a copy further on has it.

/// What the segments hold.
#[derive(Default)]
pub(super) struct Found {
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) carried: BTreeMap<GroupId, Carried>,
    pub(super) extents: VecDeque<Extent>,
    pub(super) active: Option<Active>,
    pub(super) next_batch: u64,
    pub(super) lsn: Lsn,
    pub(super) entries: u64,
    pub(super) torn: Option<TornTail>,
}

#[derive(Default)]
struct Rebuilt {
    purged: (u64, u64),
    hard_state: Option<HardState>,
    meta: Option<Bytes>,
    slots: VecDeque<(Lsn, u64)>,
}

struct Segment {
    id: u64,
    file: Arc<dyn DiskFile>,
    bytes: Vec<u8>,
}

/// Reads all segments, drops and wipes a torn tail, and makes what was found durable.
pub(super) fn recover(disk: &Arc<dyn Disk>) -> Result<Found, OpenError> {
    let mut ids: Vec<u64> = disk.list()?.iter().filter_map(|it| segment::id(it)).collect();
    ids.sort_unstable();
    let mut scan =
        Scan { found: Found { next_batch: 1, ..Found::default() }, groups: BTreeMap::new() };
    let Some(&oldest) = ids.first() else {
        return Ok(scan.found);
    };
    for (&id, should_be) in ids.iter().zip(oldest..) {
        if id != should_be {
            return Err(scan.damaged(should_be, 0));
        }
    }
    // Older segments went only after a newer one was synced, so just the very first may be torn.
    let mut is_first = oldest > 1;
    let mut ids = ids.into_iter();
    let mut following = ids.next().map(|id| read(disk, id)).transpose()?;
    while let Some(segment) = following.take() {
        let end = scan.segment(&segment, is_first)?;
        scan.extent(&segment, end);
        is_first = false;
        let next = ids.next().map(|id| read(disk, id)).transpose()?;
        let goes_on = next.as_ref().is_some_and(|it| {
            complete_batch(&it.bytes, 0, frame::salt(it.id), scan.found.next_batch).is_ok()
        });
        if goes_on {
            following = next;
        } else {
            let later = next.iter().map(|it| it.id).chain(ids.by_ref()).collect();
            scan.end_of_log(disk, &segment, end, later)?;
        }
    }
    scan.finish()
}

fn read(disk: &Arc<dyn Disk>, id: u64) -> Result<Segment, OpenError> {
    let file = disk.open(&segment::name(id))?;
    let len = usize::try_from(file.len()?).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; len];
    file.read_at(0, &mut bytes)?;
    Ok(Segment { id, file, bytes })
}

/// The end of the batch `seq` that starts at `at`, or where its first bad record is.
fn complete_batch(bytes: &[u8], at: usize, salt: u32, seq: u64) -> Result<usize, usize> {
    let mut end = at;
    loop {
        let frame = frame::parse(&bytes[end..], salt).filter(|it| it.seq == seq).ok_or(end)?;
        end += frame.len;
        if frame.is_last {
            return Ok(end);
        }
    }
}

struct Scan {
    found: Found,
    groups: BTreeMap<GroupId, Rebuilt>,
}

impl Scan {
    fn damaged(&self, segment: u64, offset: usize) -> OpenError {
        OpenError::Damaged { segment, offset: offset as u64, batch: self.found.next_batch }
    }

    /// Takes in all complete batches in a row; returns where they end.
    fn segment(&mut self, segment: &Segment, is_first: bool) -> Result<usize, OpenError> {
        let salt = frame::salt(segment.id);
        if is_first {
            // Its batch numbers go on from segments that are long gone.
            let Some(head) = frame::parse(&segment.bytes, salt) else {
                return Err(OpenError::Damaged { segment: segment.id, offset: 0, batch: 0 });
            };
            self.found.next_batch = head.seq;
        }
        let mut at = 0;
        while let Ok(end) = complete_batch(&segment.bytes, at, salt, self.found.next_batch) {
            while at < end {
                let frame = frame::parse(&segment.bytes[at..], salt).expect("parsed just above");
                self.record(segment, at, frame)?;
                at += frame.len;
            }
            self.found.next_batch += 1;
        }
        if is_first && at == 0 {
            return Err(self.damaged(segment.id, 0));
        }
        Ok(at)
    }

    fn record(&mut self, segment: &Segment, at: usize, frame: Frame<'_>) -> Result<(), OpenError> {
        let record = record::decode(frame).ok_or_else(|| self.damaged(segment.id, at))?;
        if (at == 0) != matches!(record, Record::Head { .. }) {
            return Err(self.damaged(segment.id, at));
        }
        carry_on(&mut self.found.carried, &record);
        let lsn = self.found.lsn + at as u64;
        match record {
            Record::Head { format, .. } if format != FORMAT => {
                return Err(OpenError::Format { found: format });
            }
            Record::Head { segment: id, .. } if id != segment.id => {
                return Err(self.damaged(segment.id, at));
            }
            Record::Head { .. } => {}
            Record::Entry { group, index, term, .. } => {
                self.found.entries += 1;
                self.groups.entry(group).or_default().entry(index, term, lsn, true);
            }
            Record::Copy { group, index, term, .. } => {
                self.groups.entry(group).or_default().entry(index, term, lsn, false);
            }
            Record::HardState { group, state } => {
                self.groups.entry(group).or_default().hard_state = Some(state);
            }
            Record::Meta { group, body } => {
                self.groups.entry(group).or_default().meta = Some(Bytes::copy_from_slice(body));
            }
            Record::Purge { group, index, term, last } => {
                self.groups.entry(group).or_default().purge(index, term, last);
            }
            Record::Drop { group } => {
                self.groups.remove(&group);
            }
        }
        Ok(())
    }

    fn extent(&mut self, segment: &Segment, end: usize) {
        let (lsn, len, file) = (self.found.lsn, end as u64, segment.file.clone());
        self.found.extents.push_back(Extent { lsn, len, segment: segment.id, offset: 0, file });
        self.found.lsn += len;
    }

    /// Decides between damage and a torn tail, and cleans up after the latter.
    fn end_of_log(
        &mut self,
        disk: &Arc<dyn Disk>,
        segment: &Segment,
        end: usize,
        later: Vec<u64>,
    ) -> Result<(), OpenError> {
        let (salt, batch) = (frame::salt(segment.id), self.found.next_batch);
        let bad = complete_batch(&segment.bytes, end, salt, batch).err().unwrap_or(end);
        if frame::find(&segment.bytes, salt, end, batch + 1).is_some() {
            return Err(self.damaged(segment.id, bad));
        }
        for &id in &later {
            let next = read(disk, id)?;
            if frame::find(&next.bytes, frame::salt(id), 0, batch + 1).is_some() {
                return Err(self.damaged(segment.id, bad));
            }
        }
        let head = &segment.bytes[end..(end + frame::HEADER).min(segment.bytes.len())];
        let is_torn = head.iter().any(|&it| it != 0)
            || frame::find(&segment.bytes, salt, end, batch).is_some();
        if later.len() > 1 || (is_torn && !later.is_empty()) {
            // A segment is begun only once everything in the one before is synced.
            return Err(self.damaged(segment.id, bad));
        }
        if is_torn || !later.is_empty() {
            let offset = end as u64;
            self.found.torn = Some(TornTail { segment: segment.id, offset, batch });
        }
        for id in later {
            disk.remove(&segment::name(id))?; // Rotation went no further than a torn first batch.
        }
        disk.sync_dir()?;
        if is_torn {
            fail_point!("log.before-wipe");
            wipe(segment, end)?;
        }
        fail_point!("log.before-recovery-sync");
        // What a killed process wrote may still be in the page cache alone, and we are about to
        // say that we hold it.
        segment.file.sync_data()?;
        let (file, at) = (segment.file.clone(), end as u64);
        self.found.active = Some(Active { segment: segment.id, file, at });
        Ok(())
    }

    fn finish(mut self) -> Result<Found, OpenError> {
        for (id, it) in self.groups {
            let mut group = Group::new(it.purged);
            (group.hard_state, group.meta) = (it.hard_state, it.meta);
            for (lsn, term) in it.slots {
                if lsn == MISSING {
                    return Err(OpenError::Missing { group: id, index: group.last() + 1 });
                }
                group.push(term, lsn);
            }
            self.found.groups.insert(id, group);
        }
        Ok(self.found)
    }
}

fn wipe(segment: &Segment, from: usize) -> Result<(), OpenError> {
    let zeros = [0; WIPE_BYTES];
    for (n, block) in segment.bytes[from..].chunks(WIPE_BYTES).enumerate() {
        if block.iter().any(|&it| it != 0) {
            segment.file.write_at((from + n * WIPE_BYTES) as u64, &zeros[..block.len()])?;
        }
    }
    Ok(())
}

impl Rebuilt {
    fn entry(&mut self, index: u64, term: u64, lsn: Lsn, truncates: bool) {
        let Some(position) = index.checked_sub(self.purged.0 + 1) else {
            return; // Purged already when the head of the oldest segment was written.
        };
        let position = position as usize;
        if truncates {
            self.slots.truncate(position);
        }
        if self.slots.len() <= position {
            self.slots.resize(position + 1, (MISSING, 0));
        }
        self.slots[position] = (lsn, term);
    }

    fn purge(&mut self, index: u64, term: u64, last: u64) {
        if index <= self.purged.0 {
            return; // A head repeats what we know.
        }
        let gone = usize::try_from(index - self.purged.0).unwrap_or(usize::MAX);
        self.slots.drain(..gone.min(self.slots.len()));
        self.purged = (index, term);
        self.slots.truncate(usize::try_from(last.saturating_sub(index)).unwrap_or(usize::MAX));
    }
}
