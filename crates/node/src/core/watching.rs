//! Who is alive, as this node sees it, and what becomes of who is not: the directory's leader makes it
//! state, once, when it changes.

use super::Core;
use super::health::{Health, Watch};
use chat::NodeId;
use chat::directory::{DirectoryCommand, MemberState};
use std::collections::BTreeSet;

/// Why sessions of a node that died are over.
pub(super) const SERVER_LOST: &str = "Server lost";
/// The same for its own clients, should it live.
pub(super) const CUT_OFF: &str = "This server was cut off from the network; please reconnect";

impl Core {
    /// What other members are taken for, by what is heard of them.
    pub(super) fn watch_members(&mut self) {
        let grace_ms = self.config.session_grace.as_millis() as u64;
        let members = self.directory.members().map(|it| it.id);
        // Where names have a log of their own, it may know of nodes that are no members any more, or not yet.
        let others: BTreeSet<NodeId> =
            members.chain(self.directory.nodes_with_sessions()).collect();
        let watches = others.into_iter().filter(|it| *it != self.me).map(|id| {
            let mut watch = self.watches.get(&id).copied().unwrap_or(Watch::new(self.now_ms));
            let (is_linked, is_live) = (self.up.contains(&id.0), self.live.contains(&id.0));
            watch.beat(self.now_ms, is_linked, is_live, grace_ms);
            (id, watch)
        });
        self.watches = watches.collect();
    }

    pub(super) fn health(&self, id: NodeId) -> Health {
        match self.watches.get(&id) {
            _ if id == self.me => Health::Up,
            Some(watch) => watch.health(),
            None => Health::Suspect,
        }
    }

    /// Whoever was removed for good ends: nobody talks to it any more.
    pub(super) fn notice_removal(&mut self) {
        if self.is_fresh && self.directory.member(self.me).is_none() {
            self.was_removed();
        }
    }

    pub(super) fn was_removed(&mut self) {
        self.fatal.get_or_insert(
            "an operator removed this node from the network; to come back it needs an empty data_dir"
                .to_owned(),
        );
    }

    /// Leader of the directory: liveness becomes state only when it changes.
    pub(super) fn mark_members(&mut self) {
        let changes: Vec<(NodeId, MemberState)> = self
            .directory
            .members()
            .filter_map(|it| {
                let health = self.health(it.id);
                let is_heard = health == Health::Up || self.live.contains(&it.id.0);
                match (it.state, health) {
                    (MemberState::Down, _) if is_heard => Some((it.id, MemberState::Up)),
                    (MemberState::Up | MemberState::Draining, Health::Dead | Health::Gone) => {
                        Some((it.id, MemberState::Down))
                    }
                    _ => None,
                }
            })
            .collect();
        for (id, state) in changes {
            if self.is_due(("mark", id.0)) {
                tracing::info!(node = %self.name_of(id.0), ?state, "marking");
                self.propose(&DirectoryCommand::MarkMember { id, state });
            }
        }
    }

    /// Whoever decides on names: a node that stayed away longer than the grace has lost its sessions. Each
    /// node counts by its own monotonic clock, from when it missed the other: wall clocks jump.
    pub(super) fn end_dead_sessions(&mut self) {
        let nodes = self.directory.nodes_with_sessions();
        // Where names have a log of their own, nobody may be left to mark a member as down.
        let is_marked = |it: &NodeId| {
            let member = self.directory.member(*it);
            self.groups.is_split() || member.is_some_and(|it| it.state == MemberState::Down)
        };
        let is_gone = |it: &NodeId| self.health(*it) == Health::Gone && is_marked(it);
        let gone: Vec<NodeId> = nodes.filter(is_gone).collect();
        for node in gone {
            if self.is_due(("end", node.0)) {
                let reason = SERVER_LOST.into();
                self.propose(&DirectoryCommand::EndAll { node, reason });
            }
        }
    }
}
