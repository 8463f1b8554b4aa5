//! Lanes: how commands of one node reach one group exactly once and in order.
//!
//! A lane is everything one node (its `origin`) offers to one group, numbered from 1 without gaps. The
//! node keeps each command until it sees it applied, and offers again from the oldest unapplied one
//! whenever the leader changes or a link breaks ([`Outbox`]). The leader takes a lane's commands only in
//! their order ([`Intake`]), and what was applied is remembered in the replicated state ([`Seen`]), so
//! that a repeat changes nothing, whoever leads.
//!
//! When a node gives commands up (it told their senders `unknown`), it starts a new generation of the
//! lane; once anything of it is applied, nothing of an older one can be: order holds.

#[cfg(test)]
mod tests;

use crate::planted;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Commands in one section at most.
pub const SECTION_COMMANDS_MAX: usize = 256;
/// Bytes of commands in one section, before another may be added.
pub const SECTION_BYTES_MAX: usize = 64 << 10;
/// Sections offered and not yet applied, per lane: hides a round trip, lets batches grow under load.
const SECTIONS_IN_FLIGHT_MAX: usize = 4;
/// Bytes that may wait on a lane; beyond it the sender is told `busy`.
const OUTBOX_BYTES_MAX: usize = 16 << 20;
/// Sections remembered by themselves that somebody may have taken: some leaders' worth.
const OPEN_MAX: usize = 64;
/// Bytes that may wait for their turn at a leader, over all lanes of a group.
const INTAKE_BYTES_MAX: usize = 32 << 20;

/// Some consecutive commands of one lane, as they cross the network and stand in entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Whose lane.
    pub origin: u64,
    /// Which life of the lane.
    pub generation: u64,
    /// Number of the first command.
    pub first: u64,
    /// The commands.
    pub commands: Vec<Bytes>,
}

const SECTION_HEAD: usize = 8 + 8 + 8 + 4 + 4;

impl Section {
    fn encode(&self) -> Bytes {
        let bytes: usize = self.commands.iter().map(|it| 4 + it.len()).sum();
        let mut out = BytesMut::with_capacity(SECTION_HEAD + bytes);
        out.put_u64_le(self.origin);
        out.put_u64_le(self.generation);
        out.put_u64_le(self.first);
        out.put_u32_le(self.commands.len() as u32);
        out.put_u32_le(bytes as u32);
        for command in &self.commands {
            out.put_u32_le(command.len() as u32);
            out.put_slice(command);
        }
        out.freeze()
    }

    /// Takes one section off the front; `None`: these bytes hold none.
    pub fn take(bytes: &mut Bytes) -> Option<Section> {
        let head = Head::read(bytes)?;
        bytes.advance(SECTION_HEAD);
        let mut body = bytes.split_to(head.bytes);
        let mut commands = Vec::with_capacity(head.count.min(head.bytes / 4));
        for _ in 0..head.count {
            let len = (body.len() >= 4).then(|| body.get_u32_le() as usize)?;
            commands.push((body.len() >= len).then(|| body.split_to(len))?);
        }
        let Head { origin, generation, first, .. } = head;
        body.is_empty().then_some(Section { origin, generation, first, commands })
    }
}

/// The head of an encoded section: all that a leader looks at.
struct Head {
    origin: u64,
    generation: u64,
    first: u64,
    count: usize,
    bytes: usize,
}

impl Head {
    fn read(mut bytes: &[u8]) -> Option<Head> {
        if bytes.len() < SECTION_HEAD {
            return None;
        }
        let head = Head {
            origin: bytes.get_u64_le(),
            generation: bytes.get_u64_le(),
            first: bytes.get_u64_le(),
            count: bytes.get_u32_le() as usize,
            bytes: bytes.get_u32_le() as usize,
        };
        (bytes.len() >= head.bytes).then_some(head)
    }
}

/// What was applied of each lane. Part of the replicated state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    lanes: BTreeMap<u64, (u64, u64)>,
}

impl Seen {
    /// Notes a section as applied; the commands of it that are new, with the number of the first.
    /// Deterministic: the same on every replica.
    pub fn admit(&mut self, section: Section) -> (u64, Vec<Bytes>) {
        let lane = self.lanes.entry(section.origin).or_insert((section.generation, 0));
        if section.generation < lane.0 {
            return (0, Vec::new()); // Given up by its node, which went on without it.
        }
        if section.generation > lane.0 {
            *lane = (section.generation, 0);
        }
        if section.first > lane.1 + 1 {
            return (0, Vec::new()); // A gap: no leader lets one through; nothing is lost, it is resent.
        }
        let mut skip = (lane.1 + 1 - section.first) as usize;
        if planted!("no-dedupe") {
            skip = 0;
        }
        let mut commands = section.commands;
        if skip >= commands.len() {
            return (0, Vec::new());
        }
        commands.drain(..skip);
        let first = lane.1 + 1;
        lane.1 += commands.len() as u64;
        (first, commands)
    }

    /// Joins what was applied elsewhere. Only where each lane's sections stand in one log, in its order: then
    /// of two states of a lane the later one contains the other.
    pub fn join(&mut self, other: &Seen) {
        for (origin, theirs) in &other.lanes {
            let ours = self.lanes.entry(*origin).or_default();
            *ours = (*ours).max(*theirs);
        }
    }

    fn next(&self, origin: u64) -> (u64, u64) {
        self.lanes.get(&origin).map_or((0, 1), |(generation, last)| (*generation, last + 1))
    }
}

/// The leader's side: takes sections of all lanes in order and turns them into entries.
#[derive(Debug, Default)]
pub struct Intake {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Next number taken of each lane, ahead of what is applied.
    next: BTreeMap<u64, (u64, u64)>,
}

/// What became of a section offered to a leader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It will be in an entry, or it is in one already.
    Yes,
    /// Not in order, or too much waits: offer again from the oldest unapplied command.
    No,
}

impl Intake {
    /// A new leadership: only what is applied counts.
    pub fn reset(&mut self) {
        *self = Intake::default();
    }

    /// Takes an encoded section, if it is the lane's next.
    pub fn take(&mut self, section: Bytes, seen: &Seen) -> Taken {
        let is_whole = Section::take(&mut section.clone()).is_some();
        let Some(head) = Head::read(&section).filter(|_| is_whole) else {
            return Taken::No; // It would spoil the entry for the other lanes in it.
        };
        let next = self.next.entry(head.origin).or_insert_with(|| seen.next(head.origin));
        if head.generation < next.0 || self.bytes > INTAKE_BYTES_MAX {
            return Taken::No;
        }
        if head.generation > next.0 {
            *next = (head.generation, 1);
        }
        let Some(end) = head.first.checked_add(head.count as u64) else { return Taken::No };
        if head.first > next.1 {
            return Taken::No;
        }
        if end > next.1 {
            next.1 = end;
            self.bytes += section.len();
            self.waiting.push_back(section);
        }
        Taken::Yes
    }

    /// Whose lane a section is of, and which life of it.
    #[must_use]
    pub fn lane_of(section: &[u8]) -> Option<(u64, u64)> {
        Head::read(section).map(|head| (head.origin, head.generation))
    }

    /// The numbers of a section's commands: the first, and one after the last.
    #[must_use]
    pub fn span_of(section: &[u8]) -> Option<(u64, u64)> {
        let head = Head::read(section)?;
        Some((head.first, head.first.checked_add(head.count as u64)?))
    }

    /// The next entry, stamped: as many sections as fit a batch. The stamp is drawn for so many commands.
    pub fn next_entry(&mut self, stamp: impl FnOnce(u64) -> u64) -> Option<Bytes> {
        let first = self.waiting.front()?;
        let mut size = first.len();
        let mut count = 1;
        while let Some(more) = self.waiting.get(count) {
            if size + more.len() > SECTION_BYTES_MAX {
                break;
            }
            size += more.len();
            count += 1;
        }
        let mut out = BytesMut::with_capacity(ENTRY_HEAD + size);
        out.put_u8(ENTRY_VERSION);
        let heads = self.waiting.iter().take(count).filter_map(|it| Head::read(it));
        out.put_u64_le(stamp(heads.map(|it| it.count as u64).sum()));
        for section in self.waiting.drain(..count) {
            out.put_slice(&section);
        }
        self.bytes -= size;
        Some(out.freeze())
    }

    /// Whether anything waits to become an entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lanes that have offered something under this leadership.
    pub fn origins(&self) -> impl Iterator<Item = (u64, u64)> {
        self.next.iter().map(|(origin, (generation, _))| (*origin, *generation))
    }
}

/// No entry has so many commands: each is four bytes at least, and only a section with a single one is larger
/// than a batch.
pub const ENTRY_COMMANDS_MAX: u64 = SECTION_BYTES_MAX as u64 / 4 + 1;

const ENTRY_VERSION: u8 = 1;
const ENTRY_HEAD: usize = 1 + 8;

/// Reads an entry: its stamp and its sections. `None`: not one of ours.
#[must_use]
pub fn read_entry(mut data: Bytes) -> Option<(u64, Vec<Section>)> {
    if data.len() < ENTRY_HEAD || data.get_u8() != ENTRY_VERSION {
        return None;
    }
    let stamp = data.get_u64_le();
    let mut sections = Vec::new();
    while !data.is_empty() {
        sections.push(Section::take(&mut data)?);
    }
    Some((stamp, sections))
}

/// A node's side of its lane to one group.
#[derive(Debug)]
pub struct Outbox {
    origin: u64,
    generation: u64,
    /// Number of the front of `pending`.
    base: u64,
    pending: VecDeque<Pending>,
    bytes: usize,
    /// How many of `pending` are offered to the present leader.
    offered: usize,
    /// The numbers of each section that somebody was offered and may have taken: the first, and one after the last.
    open: Vec<(u64, u64)>,
    /// One after the last of those that were too many to be remembered.
    unanswered: u64,
    /// Numbers after the end of each section offered and not applied.
    flights: VecDeque<u64>,
}

#[derive(Debug)]
struct Pending {
    token: u64,
    command: Bytes,
    since_ms: u64,
}

/// Commands that are given up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GivenUp {
    /// Nobody was offered them, or nobody took them: they did not and will not happen.
    pub refused: Vec<u64>,
    /// Offered: they may have happened.
    pub unknown: Vec<u64>,
}

impl Outbox {
    /// An empty lane. `generation` is after that of every lane the node had to the group before.
    #[must_use]
    pub fn new(origin: u64, generation: u64) -> Outbox {
        Outbox {
            origin,
            generation,
            base: 1,
            pending: VecDeque::new(),
            bytes: 0,
            offered: 0,
            open: Vec::new(),
            unanswered: 0,
            flights: VecDeque::new(),
        }
    }

    /// Adds a command. False: too much waits, nothing was added.
    pub fn push(&mut self, token: u64, command: Bytes, now_ms: u64) -> bool {
        if self.bytes + command.len() > OUTBOX_BYTES_MAX {
            return false;
        }
        self.bytes += command.len();
        self.pending.push_back(Pending { token, command, since_ms: now_ms });
        true
    }

    /// The next section to offer to the present leader, unless enough are under way.
    pub fn next_section(&mut self) -> Option<Bytes> {
        if self.flights.len() >= SECTIONS_IN_FLIGHT_MAX || self.offered == self.pending.len() {
            return None;
        }
        let first = self.base + self.offered as u64;
        let mut bytes = 0;
        let commands: Vec<Bytes> = self
            .pending
            .iter()
            .skip(self.offered)
            .take(SECTION_COMMANDS_MAX)
            .take_while(|it| {
                let fits = bytes == 0 || bytes + it.command.len() <= SECTION_BYTES_MAX;
                bytes += it.command.len();
                fits
            })
            .map(|it| it.command.clone())
            .collect();
        self.offered += commands.len();
        let end = self.base + self.offered as u64;
        self.open_up(first, end);
        self.flights.push_back(end);
        let section = Section { origin: self.origin, generation: self.generation, first, commands };
        Some(section.encode())
    }

    fn open_up(&mut self, first: u64, end: u64) {
        if self.open.len() >= OPEN_MAX {
            // Too many to wait for an answer to each.
            self.unanswered = self.open.drain(..).fold(self.unanswered, |upto, it| upto.max(it.1));
        }
        self.open.push((first, end));
    }

    /// Whoever was offered this section has not taken it and never will.
    pub fn not_taken(&mut self, first: u64, end: u64) {
        if let Some(at) = self.open.iter().position(|it| *it == (first, end)) {
            self.open.swap_remove(at);
        }
    }

    /// How many of `pending` somebody may have taken.
    fn exposed(&self) -> usize {
        let end = self.open.iter().map(|it| it.1).fold(self.unanswered, u64::max);
        usize::try_from(end.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.pending.len())
    }

    /// The leader changed, or did not take what was offered: offer all again.
    pub fn rewind(&mut self) {
        self.offered = 0;
        self.flights.clear();
        if planted!("resend-out-of-order") && !self.pending.is_empty() {
            self.pending.rotate_left(1);
        }
    }

    /// Commands `first..first + count` of this lane were applied; their tokens, in order. Those of an
    /// earlier generation have none any more.
    pub fn applied(&mut self, generation: u64, first: u64, count: usize) -> Vec<u64> {
        if generation != self.generation || first != self.base {
            return Vec::new();
        }
        let count = count.min(self.pending.len());
        let tokens = self.pending.drain(..count).map(|it| {
            self.bytes -= it.command.len();
            it.token
        });
        let tokens = tokens.collect();
        self.base += count as u64;
        self.offered = self.offered.saturating_sub(count);
        self.open.retain(|it| it.1 > self.base);
        while self.flights.front().is_some_and(|end| *end <= self.base) {
            self.flights.pop_front();
        }
        tokens
    }

    /// A state was installed in which this lane is at `last` of `generation`: tokens of the commands
    /// that it contains. They happened, unseen here.
    pub fn overtaken(&mut self, seen: &Seen) -> Vec<u64> {
        let (generation, next) = seen.next(self.origin);
        if generation != self.generation || next <= self.base {
            return Vec::new();
        }
        let tokens = self.applied(generation, self.base, (next - self.base) as usize);
        self.base = next;
        tokens
    }

    /// Age of the oldest command, in milliseconds.
    #[must_use]
    pub fn oldest_age_ms(&self, now_ms: u64) -> Option<u64> {
        self.pending.front().map(|it| now_ms.saturating_sub(it.since_ms))
    }

    /// Gives up all that was offered, and what has waited for `limit_ms`.
    pub fn give_up(&mut self, now_ms: u64, limit_ms: u64) -> GivenUp {
        let exposed = self.exposed();
        let mut gone = GivenUp::default();
        for _ in 0..exposed {
            gone.unknown.extend(self.pop().map(|it| it.token));
        }
        while self.oldest_age_ms(now_ms).is_some_and(|age| age >= limit_ms) {
            gone.refused.extend(self.pop().map(|it| it.token));
        }
        if planted!("unknown-called-refused") {
            gone.refused.append(&mut gone.unknown);
        }
        if exposed > 0 {
            self.generation += 1; // Fences what may still be on its way.
            self.base = 1;
        }
        self.rewind();
        (self.open, self.unanswered) = (Vec::new(), 0);
        gone
    }

    /// The group begins again from a state that may not contain what was applied of this lane: all that
    /// waits is given up, and what comes is of another generation.
    pub fn begin_again(&mut self, now_ms: u64) -> GivenUp {
        let before = self.generation;
        let gone = self.give_up(now_ms, 0);
        if self.generation == before {
            self.generation += 1;
            self.base = 1;
        }
        gone
    }

    fn pop(&mut self) -> Option<Pending> {
        let front = self.pending.pop_front()?;
        self.bytes -= front.command.len();
        Some(front)
    }

    /// Which life of the lane this is.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Commands that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}
