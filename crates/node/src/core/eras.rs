//! A history that lies in several groups, put together again.
//!
//! Promise: the page is the one that a single group with all of it would give. Each group gives its own
//! page of the same question, and a room's ids rise from era to era. No group gives more than what was
//! applied here of the whole: groups are followed each at its own pace, and a page with something of an era,
//! but not all of the era before, would have a hole.

use super::Core;
use super::history::place;
use crate::door::{HistoryPoint, HistorySelect};
use bytes::Bytes;
use chat::room::Rooms;
use chat::talk::is_gossip;
use chat::{MsgId, Record, Replication, RoomName, Stamp};
use replica::store::GroupId;
use std::collections::BTreeSet;

/// How far a room's history is whole here.
pub(super) struct Reach {
    /// The groups that have something of it.
    pub(super) groups: BTreeSet<GroupId>,
    /// It was spoken in by gossip.
    pub(super) has_talk: bool,
    /// Everything up to here was applied here; nothing above it is read.
    pub(super) end: Stamp,
}

impl Core {
    /// How far a room's history is whole here: as far as its first era that has not ended here has come.
    pub(super) fn reach(&self, name: &RoomName) -> Reach {
        let home = self.home_of(name);
        let known = self.groups.of_home(home).filter_map(|it| self.rooms.get(&it));
        let newest = known.filter_map(|it| it.newest(name.as_str())).max_by_key(|it| it.epoch());
        let (eras, lives) = newest.map(|it| (it.eras(), it.replication())).unwrap_or_default();
        let is_long = eras.len() >= self.limits.eras_max;
        let mut reach = Reach { groups: BTreeSet::new(), has_talk: is_long, end: Stamp::default() };
        if is_long {
            reach.groups.extend(self.groups.of_home(home)); // What it was first is forgotten.
        }
        for era in eras {
            let group = self.groups.group_for(home, era.replication);
            reach.has_talk |= era.replication == Replication::Gossip;
            reach.groups.insert(group);
            if self.last_of(group) < era.last {
                reach.end = reach.end.max(self.last_of(group));
                return reach;
            }
            reach.end = era.last;
        }
        let group = self.groups.group_for(home, lives);
        reach.groups.insert(group);
        if lives == Replication::Gossip {
            reach.has_talk = true;
            reach.end = Stamp(u64::MAX); // Whatever comes, comes in between.
        } else if !self.is_held_back(group, name) {
            reach.end = reach.end.max(self.last_of(group));
        }
        reach
    }

    /// The stamp of the last record of a group that was applied here.
    pub(super) fn last_of(&self, group: GroupId) -> Stamp {
        self.rooms.get(&group).map(Rooms::last).unwrap_or_default()
    }
}

/// The same question, of what is not above `end`. `None`: nothing can be found.
pub(super) fn up_to(select: HistorySelect, end: Stamp) -> Option<HistorySelect> {
    let end = HistoryPoint::Message(MsgId { stamp: Stamp(end.0.saturating_add(1)), origin: 0 });
    let nearer = |point| if place(point) < place(end) { point } else { end };
    Some(match select {
        HistorySelect::Latest(None) => HistorySelect::Before(end),
        HistorySelect::Latest(Some(point)) | HistorySelect::After(point)
            if place(point) >= place(end) =>
        {
            return None;
        }
        HistorySelect::Latest(Some(point)) => HistorySelect::Between(end, point),
        HistorySelect::Before(point) => HistorySelect::Before(nearer(point)),
        HistorySelect::After(point) => HistorySelect::Between(point, end),
        HistorySelect::Around(point) => HistorySelect::Around(nearer(point)),
        HistorySelect::Between(from, to) if place(from) <= place(to) => {
            if place(from) >= place(end) {
                return None;
            }
            HistorySelect::Between(from, nearer(to))
        }
        HistorySelect::Between(_, to) if place(to) >= place(end) => return None,
        HistorySelect::Between(from, to) => HistorySelect::Between(nearer(from), to),
    })
}

fn is_before(id: MsgId, point: HistoryPoint) -> bool {
    match point {
        HistoryPoint::Message(it) => id < it,
        HistoryPoint::Time(stamp) => id.stamp < stamp,
    }
}

/// One page of the pages of several groups, oldest first, of what is not above `end`, and of gossip.
pub(super) fn join(
    parts: Vec<Vec<Bytes>>,
    select: HistorySelect,
    n: usize,
    end: Stamp,
) -> Vec<Bytes> {
    if parts.len() <= 1 && !matches!(select, HistorySelect::Around(_)) {
        return parts.into_iter().flatten().collect();
    }
    let all = parts.into_iter().flatten();
    let mut all: Vec<(MsgId, Bytes)> =
        all.filter_map(|it| Some((Record::id_of(&it)?, it))).collect();
    all.retain(|it| it.0.stamp <= end || is_gossip(it.0));
    all.sort_by_key(|it| it.0);
    let excess = all.len().saturating_sub(n);
    let skipped = match select {
        HistorySelect::Latest(_) | HistorySelect::Before(_) => excess,
        HistorySelect::Between(from, to) if place(from) > place(to) => excess,
        HistorySelect::After(_) | HistorySelect::Between(..) => 0,
        HistorySelect::Around(point) => {
            let before = all.iter().filter(|it| is_before(it.0, point)).count();
            before.saturating_sub(n / 2)
        }
    };
    all.into_iter().skip(skipped).take(n).map(|it| it.1).collect()
}
