//! Groups come to live where the layout says, a few at a time.
//!
//! Promise: while groups are moving, others of them wait: so many replicas are copied at once, and no
//! more, however many nodes come or go. The leader of a group takes its membership there one safe step
//! at a time, and tells the directory when it has arrived.

use super::rings::Layout;
use super::{Core, DIRECTORY};
use crate::status::MoveStatus;
use chat::NodeId;
use chat::directory::{DirectoryCommand, MemberState, Placement};
use replica::store::GroupId;
use replica::strategy::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Groups that move at once while all of them have the copies they shall have: as few as keep going.
const MOVING_MAX: usize = 2;
/// Groups that move at once to get copies that they lack: the network is less safe until they have them.
const FILLING_MAX: usize = 8;
/// A move that takes longer holds no other one up: its group may have no majority.
const STALLED_MS: u64 = 120_000;
/// What was reported and has not come back is reported again after this long.
const AGAIN_MS: u64 = 1_000;

/// Moves as the directory's leader sees them, and what this node reported of its own groups.
#[derive(Default)]
pub(super) struct Moves {
    /// Groups under way: to the placement of which epoch, and since when.
    since: BTreeMap<u32, (u64, u64)>,
    /// Groups that were reported to have arrived: for which epoch, and when.
    reported: BTreeMap<u32, (u64, u64)>,
}

/// Why a group is to live elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Need {
    /// It was never placed, or nothing has to be copied, or it is under way and goes elsewhere instead.
    Free,
    /// It lacks copies.
    Filling,
    /// It has all copies, elsewhere.
    Moving,
}

impl Core {
    /// Where all groups shall live, as far as this node's directory says.
    pub(super) fn layout(&self) -> Arc<Layout> {
        self.rings.borrow_mut().layout(&self.directory, self.groups, self.config.copies)
    }

    /// Leader of the directory: places groups, as many as may move.
    pub(super) fn place_groups(&mut self) {
        let layout = self.layout();
        let mut busy = self.count_moves();
        let mut waiting: Vec<(Need, u32)> = layout
            .iter()
            .filter(|(group, replicas)| !replicas.is_empty() && !self.is_placed(**group, replicas))
            .map(|(group, replicas)| (self.need(*group, replicas), *group))
            .collect();
        waiting.sort_unstable();
        for (need, group) in waiting {
            let may_begin = match need {
                Need::Free => true,
                Need::Filling => busy < FILLING_MAX,
                Need::Moving => busy < MOVING_MAX,
            };
            if may_begin && self.is_due(("place", u64::from(group))) {
                let replicas = layout[&group].clone();
                self.propose(&DirectoryCommand::Place { group, replicas });
            }
            busy += usize::from(may_begin && need != Need::Free);
        }
    }

    fn is_placed(&self, group: u32, replicas: &[NodeId]) -> bool {
        self.directory.placement(group).is_some_and(|it| it.replicas == replicas)
    }

    fn need(&self, group: u32, replicas: &[NodeId]) -> Need {
        let is_copied = self.groups.kind(GroupId(group)) != Kind::Gossip;
        let is_new = is_copied && !self.directory.is_moving(group);
        let Some(now) = self.directory.placement(group).filter(|_| is_new) else {
            return Need::Free;
        };
        let has_new = replicas.iter().any(|it| !now.replicas.contains(it));
        let kept = now.replicas.iter().filter(|it| self.directory.member(**it).is_some());
        match (has_new, kept.count() < replicas.len()) {
            (false, _) => Need::Free,
            (true, true) => Need::Filling,
            (true, false) => Need::Moving,
        }
    }

    /// How many groups are under way to where they can arrive.
    fn count_moves(&mut self) -> usize {
        let (before, now_ms) = (std::mem::take(&mut self.moves.since), self.now_ms);
        for (group, placement) in self.groups_under_way() {
            let known = before.get(&group).filter(|it| it.0 == placement.epoch);
            let since = known.copied().unwrap_or((placement.epoch, now_ms));
            self.moves.since.insert(group, since);
        }
        let is_down =
            |it: &NodeId| self.directory.member(*it).is_none_or(|it| it.state == MemberState::Down);
        let can_arrive = |(group, (_, since_ms)): (&u32, &(u64, u64))| {
            let placement = self.directory.placement(*group);
            now_ms - since_ms < STALLED_MS
                && !placement.is_some_and(|it| it.replicas.iter().any(is_down))
        };
        self.moves.since.iter().filter(|it| can_arrive(*it)).count()
    }

    /// Groups that were placed elsewhere and have not arrived. Gossip has no place to arrive at.
    fn groups_under_way(&self) -> Vec<(u32, Placement)> {
        let groups = self.groups.of_rooms().filter(|it| {
            self.groups.kind(GroupId(*it)) != Kind::Gossip && self.directory.is_moving(*it)
        });
        groups.filter_map(|it| Some((it, self.directory.placement(it)?.clone()))).collect()
    }

    pub(super) fn count_under_way(&self) -> usize {
        self.groups_under_way().len()
    }

    /// Leaders of groups that are under way: tell the directory of those that have arrived.
    pub(super) fn report_arrivals(&mut self) {
        if !self.engine.has_route(DIRECTORY) {
            return;
        }
        let under_way = self.groups_under_way();
        self.moves.reported.retain(|group, _| under_way.iter().any(|it| it.0 == *group));
        for (group, placement) in under_way {
            let id = GroupId(group);
            if !self.engine.is_serving(id) || !self.has_arrived(id, &placement) {
                continue;
            }
            let (epoch, now_ms) = (placement.epoch, self.now_ms);
            let is_reported = |it: &(u64, u64)| it.0 == epoch && now_ms - it.1 < AGAIN_MS;
            if self.moves.reported.get(&group).is_some_and(is_reported) {
                continue;
            }
            self.moves.reported.insert(group, (epoch, now_ms));
            self.propose(&DirectoryCommand::Settle { group, epoch });
        }
    }

    /// Whoever counts in the group, and nobody else, is where the placement wants a replica.
    fn has_arrived(&self, group: GroupId, placement: &Placement) -> bool {
        let Some(status) = self.engine.group_status(group) else { return false };
        let mut wanted: Vec<u64> = placement.replicas.iter().map(|it| it.0).collect();
        let mut voters = status.replicas.voters;
        wanted.sort_unstable();
        voters.sort_unstable();
        voters == wanted && status.replicas.learners.is_empty()
    }

    /// Moves under way, and those that wait for them.
    pub(super) fn moves_status(&self) -> Vec<MoveStatus> {
        let names = |of: &[NodeId]| of.iter().map(|it| self.name_of(it.0).to_string()).collect();
        let status = |group, state: &str, to: &[NodeId]| MoveStatus {
            group,
            state: state.to_owned(),
            to: names(to),
            is_pinned: self.directory.pin(self.groups.home_of(GroupId(group)).0).is_some(),
        };
        let mut moves: Vec<MoveStatus> = self
            .groups_under_way()
            .iter()
            .map(|(group, it)| status(*group, "moving", &it.replicas))
            .collect();
        for (group, replicas) in self.layout().iter() {
            let is_waiting = self.directory.placement(*group).is_some()
                && !self.is_placed(*group, replicas)
                && self.groups.kind(GroupId(*group)) != Kind::Gossip
                && !self.directory.is_moving(*group);
            if is_waiting {
                moves.push(status(*group, "waiting", replicas));
            }
        }
        moves
    }
}
