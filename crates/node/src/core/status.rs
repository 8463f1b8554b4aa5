//! What the node says of itself and its cluster.

use super::Core;
use crate::status::{GroupStatus, NodeStatus, Status};
use chat::directory::MemberState;
use replica::store::GroupId;

impl Core {
    pub(super) fn status(&self) -> Status {
        let nodes = self.directory.members().map(|member| {
            let is_me = member.id == self.me;
            let health = match member.state {
                MemberState::Down => "down",
                _ if is_me && self.is_leaving => "draining",
                MemberState::Draining => "draining",
                _ if !is_me && !self.up.contains(&member.id.0) => "unreachable",
                MemberState::Up => "up",
            };
            let roles = [("directory", member.roles.directory), ("chat", member.roles.chat)];
            NodeStatus {
                name: member.name.to_string(),
                id: format!("{:016x}", member.id.0),
                address: member.address.to_string(),
                roles: roles.iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect(),
                health: health.to_owned(),
                sessions: self.directory.session_count_of(member.id),
            }
        });
        let groups = self.engine.status().into_iter().map(|group| {
            let observed = match self.directory.placement(group.group) {
                Some(placement) if group.role == "observer" => {
                    placement.replicas.iter().map(|it| it.0).collect()
                }
                _ => group.replicas.voters.clone(),
            };
            GroupStatus {
                id: group.group,
                strategy: group.strategy.to_owned(),
                leader: group.replicas.leader.map(|it| self.name_of(it).to_string()),
                replicas: observed.iter().map(|it| self.name_of(*it).to_string()).collect(),
                learners: group
                    .replicas
                    .learners
                    .iter()
                    .map(|it| self.name_of(*it).to_string())
                    .collect(),
                applied_index: group.applied,
                lag: group.replicas.commit.saturating_sub(group.applied),
                term: group.replicas.term,
                role: group.role.to_owned(),
                waiting: group.waiting,
                has_route: self.engine.has_route(GroupId(group.group)),
            }
        });
        Status {
            network: self.config.network.clone(),
            cluster: format!("{:016x}", self.identity.cluster),
            node: self.config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: self.wall_ms.saturating_sub(self.info.started_ms) / 1_000,
            started_ms: self.info.started_ms,
            sessions: self.directory.session_count(),
            rooms: self.rooms.values().map(|rooms| rooms.iter().count()).sum(),
            is_ready: self.is_fresh,
            nodes: nodes.collect(),
            groups: groups.collect(),
        }
    }
}
