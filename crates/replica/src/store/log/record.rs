//! What the log's frames say.
//!
//! Promise: `decode` gives back what `encode` was given, and refuses bodies that are too short.

use bytes::Bytes;

use crate::store::GroupId;
use crate::store::frame::{self, Frame, u32_at, u64_at};

pub(super) const FORMAT: u32 = 1;

const HEAD: u8 = 1;
const ENTRY: u8 = 2;
const COPY: u8 = 3;
const HARD_STATE: u8 = 4;
const META: u8 = 5;
const PURGE: u8 = 6;
const DROP: u8 = 7;

const ENTRY_FIXED: usize = 4 + 8 + 8 + 1 + 4;

/// One thing to be logged. What belongs together goes into one `submit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Append {
    /// An entry at `index`. If the group already holds that index, everything from it on is
    /// dropped first: a newer leader overwrites.
    Entry {
        /// The group whose log grows.
        group: GroupId,
        /// At most one above the group's last index.
        index: u64,
        /// Term of the entry, or epoch.
        term: u64,
        /// Opaque here.
        kind: u8,
        /// Opaque here.
        body: Bytes,
        /// Opaque here.
        context: Bytes,
    },
    /// Term or epoch, vote and commit; the newest wins.
    HardState {
        /// Whose.
        group: GroupId,
        /// Current term.
        term: u64,
        /// Who got the vote of this term; 0 for nobody.
        vote: u64,
        /// Highest index known to be committed.
        commit: u64,
    },
    /// A small opaque blob of a group, at most [`META_BYTES_MAX`]; the newest wins.
    Meta {
        /// Whose.
        group: GroupId,
        /// Opaque here.
        body: Bytes,
    },
    /// Everything up to and including `index` is gone. Beyond the last index, or where the entry
    /// held there has another term (a snapshot was installed), the group's log is empty afterwards
    /// and starts at `index + 1`.
    Purge {
        /// Whose.
        group: GroupId,
        /// Last index that is gone.
        index: u64,
        /// Its term.
        term: u64,
    },
    /// The group is gone with everything of it.
    Drop {
        /// Which.
        group: GroupId,
    },
}

/// Every segment carries every group's blob in its head, so they must stay small.
pub const META_BYTES_MAX: usize = 4096;

/// What one group's strategy must not forget of elections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HardState {
    /// Current term.
    pub term: u64,
    /// Who got the vote of this term; 0 for nobody.
    pub vote: u64,
    /// Highest index known to be committed.
    pub commit: u64,
}

/// One entry as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRef {
    /// Its place in the group's log.
    pub index: u64,
    /// Term of the entry, or epoch.
    pub term: u64,
    /// As it was appended.
    pub kind: u8,
    /// As it was appended.
    pub body: Bytes,
    /// As it was appended.
    pub context: Bytes,
}

impl EntryRef {
    /// What it counts for in `max_bytes`.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.context.len() + ENTRY_FIXED
    }
}

/// A decoded frame body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Head {
        format: u32,
        segment: u64,
    },
    Entry {
        group: GroupId,
        index: u64,
        term: u64,
        kind: u8,
        context: &'a [u8],
        body: &'a [u8],
    },
    /// Where a live entry was copied to; truncates nothing.
    Copy {
        group: GroupId,
        index: u64,
        term: u64,
        kind: u8,
        context: &'a [u8],
        body: &'a [u8],
    },
    HardState {
        group: GroupId,
        state: HardState,
    },
    Meta {
        group: GroupId,
        body: &'a [u8],
    },
    /// `last` is the group's last index afterwards, `u64::MAX` if unchanged. It is written down
    /// because recovery may no longer see the entry whose term decided it.
    Purge {
        group: GroupId,
        index: u64,
        term: u64,
        last: u64,
    },
    Drop {
        group: GroupId,
    },
}

impl Record<'_> {
    /// Appends this record as an unsealed frame.
    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        let start = frame::begin(into, self.kind());
        match *self {
            Record::Head { format, segment } => {
                into.extend_from_slice(&format.to_le_bytes());
                into.extend_from_slice(&segment.to_le_bytes());
            }
            Record::Entry { group, index, term, kind, context, body }
            | Record::Copy { group, index, term, kind, context, body } => {
                into.reserve(ENTRY_FIXED + context.len() + body.len());
                into.extend_from_slice(&group.0.to_le_bytes());
                into.extend_from_slice(&index.to_le_bytes());
                into.extend_from_slice(&term.to_le_bytes());
                into.push(kind);
                let context_len = u32::try_from(context.len()).expect("checked by submit");
                into.extend_from_slice(&context_len.to_le_bytes());
                into.extend_from_slice(context);
                into.extend_from_slice(body);
            }
            Record::HardState { group, state } => {
                into.extend_from_slice(&group.0.to_le_bytes());
                into.extend_from_slice(&state.term.to_le_bytes());
                into.extend_from_slice(&state.vote.to_le_bytes());
                into.extend_from_slice(&state.commit.to_le_bytes());
            }
            Record::Meta { group, body } => {
                into.extend_from_slice(&group.0.to_le_bytes());
                into.extend_from_slice(body);
            }
            Record::Purge { group, index, term, last } => {
                into.extend_from_slice(&group.0.to_le_bytes());
                into.extend_from_slice(&index.to_le_bytes());
                into.extend_from_slice(&term.to_le_bytes());
                into.extend_from_slice(&last.to_le_bytes());
            }
            Record::Drop { group } => into.extend_from_slice(&group.0.to_le_bytes()),
        }
        frame::end(into, start);
    }

    fn kind(&self) -> u8 {
        match self {
            Record::Head { .. } => HEAD,
            Record::Entry { .. } => ENTRY,
            Record::Copy { .. } => COPY,
            Record::HardState { .. } => HARD_STATE,
            Record::Meta { .. } => META,
            Record::Purge { .. } => PURGE,
            Record::Drop { .. } => DROP,
        }
    }
}

/// Whether a frame of this kind changes what segment heads carry.
pub(super) fn is_carried(kind: u8) -> bool {
    matches!(kind & !frame::LAST, HARD_STATE | META | PURGE | DROP)
}

/// What the frame says; `None` if no version of this program wrote it.
pub(super) fn decode(frame: Frame<'_>) -> Option<Record<'_>> {
    decode_body(frame.kind, frame.body)
}

/// As `decode`, for a frame whose crc is not (yet) known.
pub(super) fn decode_body(kind: u8, body: &[u8]) -> Option<Record<'_>> {
    if kind == HEAD {
        let whole = body.len() == 12;
        return whole.then(|| Record::Head { format: u32_at(body, 0), segment: u64_at(body, 4) });
    }
    if body.len() < 4 {
        return None;
    }
    let group = GroupId(u32_at(body, 0));
    match (kind, body.len()) {
        (ENTRY | COPY, ENTRY_FIXED..) => {
            let (index, term, entry_kind) = (u64_at(body, 4), u64_at(body, 12), body[20]);
            let rest = &body[ENTRY_FIXED..];
            let (context, body) = rest.split_at_checked(u32_at(body, 21) as usize)?;
            Some(if kind == ENTRY {
                Record::Entry { group, index, term, kind: entry_kind, context, body }
            } else {
                Record::Copy { group, index, term, kind: entry_kind, context, body }
            })
        }
        (HARD_STATE, 28) => {
            let (term, vote) = (u64_at(body, 4), u64_at(body, 12));
            let state = HardState { term, vote, commit: u64_at(body, 20) };
            Some(Record::HardState { group, state })
        }
        (META, _) => Some(Record::Meta { group, body: &body[4..] }),
        (PURGE, 28) => {
            let (index, term) = (u64_at(body, 4), u64_at(body, 12));
            Some(Record::Purge { group, index, term, last: u64_at(body, 20) })
        }
        (DROP, 4) => Some(Record::Drop { group }),
        _ => None,
    }
}
