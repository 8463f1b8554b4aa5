//! What the history's files hold: chunks of one room's records, and tombstones.
//!
//! Promise: a chunk's head is a frame with its own crc, so an index can be built without reading a
//! single record; the records behind it are covered by a crc in the head.

use bytes::Bytes;

use super::Stored;
use crate::planted;
use crate::store::GroupId;
use crate::store::frame::{self, u32_at, u64_at};

/// Bytes of a head before the room's key.
const HEAD_FIXED: usize = 4 + 4 + 8 * 4 + 4 + 4;
/// Bytes of a record before its body: index 8, sort 8, length 4.
pub(super) const RECORD_FIXED: usize = 20;

const CHUNK: u8 = 1;
const DROP_ROOM: u8 = 2;
const FORGET: u8 = 3;
const DROP_GROUP: u8 = 4;

/// A decoded frame of a history file, with the number of its first writing: of two chunks that
/// overlap the higher wins, and a tombstone ends what is lower.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) seq: u64,
    pub(super) group: GroupId,
    /// Empty for `DropGroup`.
    pub(super) room: &'a [u8],
    pub(super) what: What,
    /// Of the head and all that belongs to it.
    pub(super) len: u64,
    pub(super) head_len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Chunk(ChunkHead),
    DropRoom,
    /// Everything below this ordinal is gone.
    Forget(u64),
    DropGroup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkHead {
    pub(super) count: u32,
    pub(super) first_ordinal: u64,
    pub(super) first_sort: u64,
    pub(super) last_sort: u64,
    pub(super) last_index: u64,
    pub(super) body_len: u32,
    body_crc: u32,
}

/// Appends a chunk to `into`, sealed for the file that `salt` belongs to.
pub(super) fn encode_chunk(
    into: &mut Vec<u8>,
    (salt, seq): (u32, u64),
    (group, room): (GroupId, &[u8]),
    first_ordinal: u64,
    records: &[u8],
) {
    let mut walk = Walk::new(records);
    let first = walk.next();
    let (mut count, mut last) = (u32::from(first.is_some()), first);
    for it in walk {
        count += 1;
        last = Some(it);
    }
    let start = frame::begin(into, CHUNK);
    into.extend_from_slice(&group.0.to_le_bytes());
    into.extend_from_slice(&count.to_le_bytes());
    into.extend_from_slice(&first_ordinal.to_le_bytes());
    into.extend_from_slice(&first.map_or(0, |it| it.sort).to_le_bytes());
    into.extend_from_slice(&last.map_or(0, |it| it.sort).to_le_bytes());
    into.extend_from_slice(&last.map_or(0, |it| it.index).to_le_bytes());
    let body_len = u32::try_from(records.len()).expect("a chunk's size is bounded far below");
    into.extend_from_slice(&body_len.to_le_bytes());
    into.extend_from_slice(&crc32c::crc32c_append(salt, records).to_le_bytes());
    into.extend_from_slice(room);
    frame::end(into, start);
    frame::seal(&mut into[start..], salt, seq, false);
    into.extend_from_slice(records);
}

/// Appends a tombstone to `into`, sealed for the file that `salt` belongs to.
pub(super) fn encode_tombstone(
    into: &mut Vec<u8>,
    (salt, seq): (u32, u64),
    (group, room): (GroupId, &[u8]),
    what: What,
) {
    let kind = match what {
        What::Forget(_) => FORGET,
        What::DropGroup => DROP_GROUP,
        What::DropRoom | What::Chunk(_) => DROP_ROOM,
    };
    let start = frame::begin(into, kind);
    into.extend_from_slice(&group.0.to_le_bytes());
    if let What::Forget(floor) = what {
        into.extend_from_slice(&floor.to_le_bytes());
    }
    into.extend_from_slice(room);
    frame::end(into, start);
    frame::seal(&mut into[start..], salt, seq, false);
}

/// The item whose head starts `bytes`; `None` if the head is damaged or not all there.
pub(super) fn parse(bytes: &[u8], salt: u32) -> Option<Item<'_>> {
    let frame = frame::parse(bytes, salt)?;
    let body = frame.body;
    let group = GroupId(body.get(..4).map(|it| u32_at(it, 0))?);
    let (what, key_at, behind) = match frame.kind {
        CHUNK if body.len() >= HEAD_FIXED => {
            let head = ChunkHead {
                count: u32_at(body, 4),
                first_ordinal: u64_at(body, 8),
                first_sort: u64_at(body, 16),
                last_sort: u64_at(body, 24),
                last_index: u64_at(body, 32),
                body_len: u32_at(body, 40),
                body_crc: u32_at(body, 44),
            };
            (What::Chunk(head), HEAD_FIXED, u64::from(head.body_len))
        }
        DROP_ROOM => (What::DropRoom, 4, 0),
        FORGET if body.len() >= 12 => (What::Forget(u64_at(body, 4)), 12, 0),
        DROP_GROUP => (What::DropGroup, 4, 0),
        _ => return None,
    };
    let len = frame.len as u64 + behind;
    let room = &body[key_at..];
    Some(Item { seq: frame.seq, group, room, what, len, head_len: frame.len })
}

/// The room, first ordinal and records of a whole chunk, if every byte of it is as written.
pub(super) fn open_chunk(bytes: &[u8], salt: u32) -> Option<(Item<'_>, ChunkHead, &[u8])> {
    let item = parse(bytes, salt)?;
    let What::Chunk(head) = item.what else {
        return None;
    };
    let records = bytes.get(item.head_len..item.len as usize)?;
    let is_sound = crc32c::crc32c_append(salt, records) == head.body_crc;
    let is_whole = (is_sound || planted!("checksum-unchecked"))
        && Walk::new(records).count() == head.count as usize;
    is_whole.then_some((item, head, records))
}

/// Appends one record.
pub(super) fn encode_record(into: &mut Vec<u8>, index: u64, sort: u64, body: &[u8]) {
    into.extend_from_slice(&index.to_le_bytes());
    into.extend_from_slice(&sort.to_le_bytes());
    let len = u32::try_from(body.len()).expect("append checked the length");
    into.extend_from_slice(&len.to_le_bytes());
    into.extend_from_slice(body);
}

/// Steps over encoded records; ends early where they do not add up.
pub(super) struct Walk<'a> {
    records: &'a [u8],
    at: usize,
}

/// One record of a walk: its keys, and where its body lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) index: u64,
    pub(super) sort: u64,
    pub(super) body: (usize, usize),
}

impl<'a> Walk<'a> {
    pub(super) fn new(records: &'a [u8]) -> Walk<'a> {
        Walk { records, at: 0 }
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let rest = self.records.get(self.at..)?;
        if rest.len() < RECORD_FIXED {
            return None;
        }
        let start = self.at + RECORD_FIXED;
        let end = start + u32_at(rest, 16) as usize;
        if end > self.records.len() {
            return None;
        }
        self.at = end;
        Some(Step { index: u64_at(rest, 0), sort: u64_at(rest, 8), body: (start, end) })
    }
}

/// A stretch of a room's records in memory; bodies given out are slices of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    pub(super) first_ordinal: u64,
    pub(super) records: Bytes,
}

impl Page {
    pub(super) fn iter(&self) -> impl Iterator<Item = Stored> + '_ {
        (self.first_ordinal..).zip(Walk::new(&self.records)).map(|(ordinal, it)| Stored {
            ordinal,
            index: it.index,
            sort: it.sort,
            body: self.records.slice(it.body.0..it.body.1),
        })
    }

    /// Ordinal of the first record that is not below `sort`; one past the end if all are.
    pub(super) fn first_from(&self, sort: u64) -> u64 {
        let below = Walk::new(&self.records).take_while(|it| it.sort < sort).count();
        self.first_ordinal + below as u64
    }
}
