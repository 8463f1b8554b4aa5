//! What the node says of itself and its cluster.

use super::health::Health;
use super::{Core, DIRECTORY};
use crate::status::{GroupStatus, NodeStatus, Status};
use chat::directory::MemberState;
use chat::{NodeId, Replication};
use replica::store::GroupId;
use std::collections::BTreeMap;

impl Core {
    pub(super) fn status(&self) -> Status {
        let nodes = self.directory.members().map(|member| {
            let is_me = member.id == self.me;
            let is_drained = self.directory.is_drained(member.id);
            let health = match member.state {
                MemberState::Down if self.health(member.id) == Health::Gone => "gone",
                MemberState::Down => "down",
                _ if is_me && self.is_leaving => "draining",
                MemberState::Draining => "draining",
                _ if !is_me && !self.up.contains(&member.id.0) => "unreachable",
                MemberState::Up if is_drained && self.is_empty(member.id) => "drained",
                MemberState::Up if is_drained => "draining",
                MemberState::Up => "up",
            };
            let breaker = self.breakers.get(&member.id.0).copied().unwrap_or_default();
            let roles = [("directory", member.roles.directory), ("chat", member.roles.chat)];
            NodeStatus {
                name: member.name.to_string(),
                id: format!("{:016x}", member.id.0),
                address: member.address.to_string(),
                roles: roles.iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect(),
                health: health.to_owned(),
                sessions: self.directory.session_count_of(member.id),
                breaker: breaker.as_str().to_owned(),
            }
        });
        let rooms = self.rooms_by_group();
        let groups = self.engine.status().into_iter().map(|group| {
            let count = rooms_of(&rooms, group.group, group.strategy);
            self.group_status(group, count)
        });
        let groups: Vec<GroupStatus> = groups.collect();
        let coordinator = groups.iter().find(|it| it.id == DIRECTORY.0);
        Status {
            coordinator: coordinator.and_then(|it| it.leader.clone()),
            moves: self.moves_status(),
            network: self.config.network.clone(),
            cluster: format!("{:016x}", self.identity.cluster),
            node: self.config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: self.wall_ms.saturating_sub(self.info.started_ms) / 1_000,
            started_ms: self.info.started_ms,
            sessions: self.directory.session_count(),
            rooms: rooms.values().sum(),
            is_ready: self.is_fresh,
            nodes: nodes.collect(),
            rooms_by_strategy: by_strategy(&rooms),
            groups,
        }
    }

    /// Nothing is left on a drained node that could be elsewhere: no session, and no group that has
    /// another place.
    pub(super) fn is_empty(&self, id: NodeId) -> bool {
        let layout = self.layout();
        let is_placed =
            |it: u32| self.directory.placement(it).is_some_and(|it| it.replicas.contains(&id));
        let may_leave = |it: &u32| is_placed(*it) && !layout[it].contains(&id);
        let is_moving = |it: &u32| is_placed(*it) && self.directory.is_moving(*it);
        self.directory.session_count_of(id) == 0
            && !self
                .groups
                .of_rooms()
                .any(|it| may_leave(&it) || is_moving(&it) && it != self.groups.talk().0)
    }

    /// One group, as this node takes part in it.
    pub(super) fn group_status(
        &self,
        group: replica::engine::GroupStatus,
        rooms: usize,
    ) -> GroupStatus {
        let names = |of: &mut dyn Iterator<Item = u64>| -> Vec<String> {
            of.map(|it| self.name_of(it).to_string()).collect()
        };
        let replicas = match group.role {
            "observer" => names(&mut self.observed_replicas(&group).into_iter()),
            _ => names(&mut group.replicas.voters.iter().copied()),
        };
        let view = self.directory.view(group.group);
        let has_route = self.engine.has_route(GroupId(group.group));
        // Who observes a group does not hear who leads it, but the directory may have named one.
        let named = view.filter(|_| group.role == "observer" && has_route).map(|it| it.primary.0);
        let in_sync = view.into_iter().flat_map(|it| &it.in_sync);
        GroupStatus {
            id: group.group,
            strategy: group.strategy.to_owned(),
            leader: group.replicas.leader.or(named).map(|it| self.name_of(it).to_string()),
            coordinator: group.replicas.coordinator.map(|it| self.name_of(it).to_string()),
            replicas,
            in_sync: names(&mut in_sync.map(|it| it.0)),
            rooms,
            learners: names(&mut group.replicas.learners.iter().copied()),
            applied_index: group.applied,
            lag: group.replicas.commit.saturating_sub(group.applied),
            term: group.replicas.term,
            role: group.role.to_owned(),
            waiting: group.waiting,
            has_route,
        }
    }

    /// Who should hold the replicas of a group that this node only follows: it does not hear who does.
    fn observed_replicas(&self, group: &replica::engine::GroupStatus) -> Vec<u64> {
        match self.directory.placement(group.group) {
            Some(placement) => placement.replicas.iter().map(|it| it.0).collect(),
            None if GroupId(group.group) == DIRECTORY => self.directory_voters(),
            None if GroupId(group.group) == self.groups.of_names() => self.name_keepers(),
            None if group.strategy == "gossip" => {
                self.directory.members().filter(|it| it.roles.chat).map(|it| it.id.0).collect()
            }
            None => group.replicas.voters.clone(),
        }
    }

    /// How many rooms each group has whose state is in it, and how they are replicated.
    fn rooms_by_group(&self) -> BTreeMap<(u32, Replication), usize> {
        let mut counts = BTreeMap::new();
        for (group, rooms) in &self.rooms {
            for (_, room) in rooms.iter() {
                *counts.entry((group.0, room.replication())).or_default() += 1;
            }
        }
        counts
    }
}

/// Rooms that a group replicates. The state of gossip rooms is in their home groups, and what is said
/// in all of them goes through the one group of that strategy.
fn rooms_of(counts: &BTreeMap<(u32, Replication), usize>, group: u32, strategy: &str) -> usize {
    let is_its = |(of, how): &(u32, Replication)| match strategy {
        "gossip" => *how == Replication::Gossip,
        _ => *of == group && how.as_str() == strategy,
    };
    counts.iter().filter(|it| is_its(it.0)).map(|it| it.1).sum()
}

fn by_strategy(counts: &BTreeMap<(u32, Replication), usize>) -> BTreeMap<String, usize> {
    let mut sums = BTreeMap::new();
    for ((_, how), count) in counts {
        *sums.entry(how.to_string()).or_default() += count;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_counted_where_they_are_replicated() {
        use Replication::{Gossip, PrimaryBackup, Raft};
        let counts = [((1, Raft), 5), ((1, Gossip), 2), ((2, Gossip), 1), ((3, PrimaryBackup), 4)];
        let counts = BTreeMap::from(counts);
        let of = |group, strategy| rooms_of(&counts, group, strategy);
        assert_eq!([of(0, "raft"), of(1, "raft"), of(2, "raft")], [0, 5, 0]);
        assert_eq!([of(3, "primary-backup"), of(5, "gossip")], [4, 3]);
        let sums = by_strategy(&counts);
        let expected = [("gossip", 3), ("primary-backup", 4), ("raft", 5)];
        assert!(sums.iter().map(|it| (it.0.as_str(), *it.1)).eq(expected));
    }
}
