//! The logs of all origins as one: entries stand in the node's log in the order in which they came.
//!
//! Promise: of each origin entries can be read that were written, in its order and without gaps, from the
//! first that is needed. Where each stands is in memory, in runs; each entry says whose it is, so that a
//! start finds the runs again.
//!
//! The node's log goes only at its front: an entry that nobody needs stays as long as an older one is needed.

use crate::store::log::{Append, EntryRef};
use crate::store::{GroupId, Log};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use replica_proto::gossip::{self as machine, Entry, Held, Origin, VersionVector};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// All entries are of this term.
pub(super) const TERM: u64 = 1;
/// A start reads the log in parts of so many bytes.
const READ_BYTES: usize = 1 << 20;
/// Origin, index, stamp.
const CONTEXT_BYTES: usize = 24;

pub(super) struct ArrivalLog {
    group: GroupId,
    log: Rc<RefCell<Log>>,
    /// Where the next entry will stand.
    next: u64,
    /// The node's log was given all before this.
    submitted: u64,
    runs: BTreeMap<Origin, VecDeque<Run>>,
}

/// Entries of one origin that came one after the other.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    /// Index of the first in its origin's log.
    index: u64,
    /// Where it stands in the node's.
    at: u64,
    count: u64,
}

impl ArrivalLog {
    /// Reads all that the node's log has of the group; gives what there is of each origin.
    pub(super) fn open(
        group: GroupId,
        log: Rc<RefCell<Log>>,
    ) -> Result<(ArrivalLog, Vec<Held>), String> {
        let (first, next) = (log.borrow().first_index(group), log.borrow().last_index(group) + 1);
        let runs = BTreeMap::new();
        let mut this = ArrivalLog { group, log: log.clone(), next: first, submitted: next, runs };
        let mut held: BTreeMap<Origin, Held> = BTreeMap::new();
        while this.next < next {
            let mut part: Vec<EntryRef> = Vec::new();
            let read = log.borrow().entries(group, this.next, next, READ_BYTES, &mut part);
            read.map_err(|why| why.to_string())?;
            for it in part {
                let Some((origin, index, _)) = read_context(&it.context) else {
                    return Err(format!("the entry at {} does not say whose it is", it.index));
                };
                let is_next = this.note(origin, index);
                let bytes = it.body.len() as u64;
                match held.get_mut(&origin).filter(|_| is_next) {
                    Some(it) => (it.upto, it.bytes) = (index, it.bytes + bytes),
                    None => {
                        _ = held.insert(origin, Held { origin, first: index, upto: index, bytes })
                    }
                }
            }
        }
        Ok((this, held.into_values().collect()))
    }

    /// An entry comes to the end. False: it is not the next of its origin, what was before is of no use.
    fn note(&mut self, origin: Origin, index: u64) -> bool {
        let at = self.next;
        self.next += 1;
        let runs = self.runs.entry(origin).or_default();
        let is_next = runs.back().is_none_or(|it| it.index + it.count == index);
        if !is_next {
            runs.clear(); // Between them is what came with a state.
        }
        match runs.back_mut() {
            Some(last) if last.at + last.count == at => last.count += 1,
            _ => runs.push_back(Run { index, at, count: 1 }),
        }
        is_next
    }

    /// What the node's log is to be told.
    pub(super) fn write(&mut self, entry: &Entry) -> Append {
        let index = self.next;
        self.note(entry.origin, entry.index);
        let (body, context) = (entry.data.clone(), context_of(entry));
        Append::Entry { group: self.group, index, term: TERM, kind: 0, body, context }
    }

    /// The node's log was given all that was written.
    pub(super) fn submitted(&mut self) {
        self.submitted = self.next;
    }

    /// Up to these indexes nothing is needed: up to where the node's log may go.
    pub(super) fn purge(&mut self, floors: &VersionVector) -> Option<u64> {
        for (origin, runs) in &mut self.runs {
            drop_upto(runs, floors.get(*origin));
        }
        let needed = self.runs.values().filter_map(|it| it.front()).map(|it| it.at).min();
        let upto = needed.unwrap_or(self.next).min(self.submitted) - 1;
        (upto >= self.log.borrow().first_index(self.group)).then_some(upto)
    }
}

fn drop_upto(runs: &mut VecDeque<Run>, floor: u64) {
    while runs.pop_front_if(|it| it.index + it.count <= floor + 1).is_some() {}
    if let Some(first) = runs.front_mut().filter(|it| it.index <= floor) {
        let gone = floor + 1 - first.index;
        (first.index, first.at, first.count) =
            (first.index + gone, first.at + gone, first.count - gone);
    }
}

fn context_of(entry: &Entry) -> Bytes {
    let mut context = BytesMut::with_capacity(CONTEXT_BYTES);
    context.put_u64_le(entry.origin);
    context.put_u64_le(entry.index);
    context.put_u64_le(entry.hlc);
    context.freeze()
}

fn read_context(mut context: &[u8]) -> Option<(Origin, u64, u64)> {
    let is_whole = context.len() == CONTEXT_BYTES;
    is_whole.then(|| (context.get_u64_le(), context.get_u64_le(), context.get_u64_le()))
}

impl machine::Log for ArrivalLog {
    fn read(&self, origin: Origin, after: u64, upto: u64, bytes_max: usize, out: &mut Vec<Entry>) {
        let Some(runs) = self.runs.get(&origin) else { return };
        let (mut next, mut bytes) = (after + 1, 0);
        let from = runs.partition_point(|it| it.index + it.count <= next);
        for run in runs.range(from..).take_while(|it| it.index <= upto) {
            if run.index > next {
                return;
            }
            let low = run.at + (next - run.index);
            let high = run.at + run.count.min(upto + 1 - run.index);
            let mut found = Vec::new();
            let max = bytes_max.saturating_sub(bytes).max(1);
            let read = self.log.borrow().entries(self.group, low, high, max, &mut found);
            if let Err(why) = read {
                tracing::error!(group = %self.group, origin, %why, "entries cannot be read");
                return;
            }
            let is_all = found.len() as u64 == high - low;
            for it in found {
                bytes += it.body.len();
                let Some((of, index, hlc)) = read_context(&it.context) else { return };
                if (of, index) != (origin, next) || (bytes > bytes_max && next > after + 1) {
                    return;
                }
                out.push(Entry { origin, index, hlc, data: it.body });
                next += 1;
            }
            if !is_all {
                return; // As much as fits.
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SimDisk;
    use crate::store::log::LogOptions;
    use machine::Log as _;
    use std::sync::Arc;

    const GROUP: GroupId = GroupId(9);

    struct Node {
        disk: SimDisk,
        log: Rc<RefCell<Log>>,
        arrivals: ArrivalLog,
        ticket: u64,
    }

    impl Node {
        fn open(disk: SimDisk) -> (Node, Vec<(u64, u64, u64)>) {
            let options = LogOptions { segment_bytes: 4096, inline: true, ..LogOptions::default() };
            let opened = Log::open(Arc::new(disk.clone()), options, Box::new(|_| ()));
            let log = Rc::new(RefCell::new(opened.expect("the disk is fine").0));
            let opened = ArrivalLog::open(GROUP, log.clone());
            let (arrivals, held) = opened.expect("all of it is ours");
            let held = held.iter().map(|it| (it.origin, it.first, it.upto)).collect();
            (Node { disk, log, arrivals, ticket: 0 }, held)
        }

        fn again(self) -> (Node, Vec<(u64, u64, u64)>) {
            let Node { disk, log, arrivals, .. } = self;
            drop((log, arrivals));
            Node::open(disk.kill())
        }

        fn write(&mut self, of: &[(u64, u64)]) {
            let entry = |(origin, index)| {
                let data = format!("{origin}:{index}").into();
                Entry { origin, index, hlc: index << 16, data }
            };
            let appends = of.iter().map(|it| self.arrivals.write(&entry(*it))).collect();
            self.submit(appends);
            self.arrivals.submitted();
        }

        fn submit(&mut self, appends: Vec<Append>) {
            self.ticket += 1;
            self.log.borrow_mut().submit(appends, self.ticket).expect("the disk is fine");
            while self.log.borrow_mut().pump() {}
        }

        fn purge(&mut self, floors: &[(u64, u64)]) -> u64 {
            let floors = floors.iter().copied().collect();
            let upto = self.arrivals.purge(&floors);
            if let Some(index) = upto {
                self.submit(vec![Append::Purge { group: GROUP, index, term: TERM }]);
            }
            self.log.borrow().first_index(GROUP)
        }

        fn read(&self, origin: u64, after: u64, upto: u64, bytes_max: usize) -> Vec<String> {
            let mut found = Vec::new();
            self.arrivals.read(origin, after, upto, bytes_max, &mut found);
            found.iter().map(|it| String::from_utf8_lossy(&it.data).into_owned()).collect()
        }
    }

    #[test]
    fn each_origin_is_read_in_its_order_however_they_came_also_after_a_restart() {
        let (mut node, held) = Node::open(SimDisk::new());
        assert_eq!(held, []);
        node.write(&[(1, 1), (1, 2), (7, 1), (1, 3), (7, 2), (7, 3)]);
        for _ in 0..2 {
            assert_eq!(node.read(1, 0, 3, 1000), ["1:1", "1:2", "1:3"]);
            assert_eq!(node.read(7, 1, 3, 1000), ["7:2", "7:3"]);
            assert_eq!(node.read(7, 0, 3, 1), ["7:1"], "one at least");
            assert_eq!(node.read(7, 3, 9, 1000), [""; 0]);
            assert_eq!(node.read(2, 0, 9, 1000), [""; 0]);
            let (again, held) = node.again();
            assert_eq!(held, [(1, 1, 3), (7, 1, 3)]);
            node = again;
        }
    }

    #[test]
    fn the_log_goes_at_its_front_as_far_as_nobody_needs_it() {
        let (mut node, _) = Node::open(SimDisk::new());
        node.write(&[(1, 1), (1, 2), (7, 1), (1, 3), (7, 2)]);
        assert_eq!(node.purge(&[(7, 2)]), 1, "the first is needed");
        assert_eq!(node.read(7, 0, 2, 1000), [""; 0], "but nobody counts on these");
        assert_eq!(node.purge(&[(1, 2), (7, 1)]), 4);
        assert_eq!(node.read(1, 2, 3, 1000), ["1:3"]);
        let (mut node, held) = node.again();
        assert_eq!(held, [(1, 3, 3), (7, 2, 2)]);
        assert_eq!(node.purge(&[(1, 3), (7, 2)]), 6);
        node.write(&[(1, 4)]);
        assert_eq!(node.read(1, 3, 4, 1000), ["1:4"]);
        let (_, held) = node.again();
        assert_eq!(held, [(1, 4, 4)]);
    }

    #[test]
    fn what_lies_before_a_hole_is_of_no_use() {
        let (mut node, _) = Node::open(SimDisk::new());
        node.write(&[(1, 1), (7, 1), (1, 2), (1, 9)]);
        assert_eq!(node.read(1, 0, 9, 1000), [""; 0]);
        assert_eq!(node.read(1, 8, 9, 1000), ["1:9"]);
        let (_, held) = node.again();
        assert_eq!(held, [(1, 9, 9), (7, 1, 1)]);
    }
}
