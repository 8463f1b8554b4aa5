//! The whole directory, and what a command does to it.
//!
//! Promise: the same commands at the same times give the same directory and the same outcomes, on every
//! replica and after every restore. A nick belongs to one session, a node's name to one member; a
//! command happens whole or is refused whole.

use super::verbs::{
    add_member, alter, claim, end, end_all, found, mark_member, place, register, remove_member,
    rename, set_view,
};
use super::{
    DirectoryCommand, DirectoryEvent, DirectoryOutcome, DirectoryRefusal, Member, Placement,
    Session, View,
};
use crate::{NodeId, SessionId, Stamp, fold};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What of a directory one log decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Members, and where groups live.
    Cluster,
    /// Sessions and their nicks.
    Sessions,
}

/// The whole directory.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Sessions are decided on in a log of their own: nothing about them follows from what happens to members.
    pub(super) is_split: bool,
    /// When the last command was applied; of a split one, of those about the cluster.
    pub(super) last: Stamp,
    /// Of a split one: when the last command about sessions was.
    pub(super) last_of_sessions: Stamp,
    pub(super) founded: Option<Founded>,
    pub(super) members: BTreeMap<NodeId, Member>,
    pub(super) placements: BTreeMap<u32, Placement>,
    pub(super) views: BTreeMap<u32, View>,
    sessions: BTreeMap<SessionId, Arc<Session>>,
    /// Derived: who has a nick, by its folded form.
    nicks: BTreeMap<String, SessionId>,
    /// Derived: the sessions of each node that has any.
    sessions_of: BTreeMap<NodeId, BTreeSet<SessionId>>,
}

/// What is decided once for a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Founded {
    pub(super) cluster: u64,
    pub(super) network: Arc<str>,
    pub(super) groups: u32,
}

/// What a verb comes to: its events, or why not. A refused verb has changed nothing.
pub(super) type Answer = Result<Vec<DirectoryEvent>, DirectoryRefusal>;

impl Directory {
    /// Not founded yet.
    #[must_use]
    pub fn new() -> Directory {
        Directory::default()
    }

    /// Not founded yet, with a log for each of its parts.
    #[must_use]
    pub fn split() -> Directory {
        Directory { is_split: true, ..Directory::default() }
    }

    /// Applies one command stamped not before `now`. Never fails, never panics.
    pub fn apply(&mut self, now: Stamp, command: DirectoryCommand) -> DirectoryOutcome {
        let is_apart = self.is_split && command.is_of_sessions();
        let last = if is_apart { &mut self.last_of_sessions } else { &mut self.last };
        *last = last.after(now);
        let at = *last;
        let (events, refused) = match self.step(at, command) {
            Ok(events) => (events, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        DirectoryOutcome { events, refused, at }
    }

    fn step(&mut self, at: Stamp, command: DirectoryCommand) -> Answer {
        match command {
            DirectoryCommand::Found { cluster, network, groups } => {
                found(self, cluster, network, groups)
            }
            DirectoryCommand::AddMember { id, name, address, roles, replaces } => {
                add_member(self, at, id, name, address, roles, replaces)
            }
            DirectoryCommand::MarkMember { id, state } => mark_member(self, at, id, state),
            DirectoryCommand::RemoveMember { id } => remove_member(self, id),
            DirectoryCommand::Place { group, replicas } => place(self, group, replicas),
            DirectoryCommand::Register(new) => register(self, at, new),
            DirectoryCommand::Claim(session) => claim(self, session),
            DirectoryCommand::Rename { session, nick } => rename(self, session, nick),
            DirectoryCommand::Alter { session, change } => alter(self, session, change),
            DirectoryCommand::End { session, reason, by } => end(self, session, reason, by),
            DirectoryCommand::EndAll { node, reason } => Ok(end_all(self, node, &reason)),
            DirectoryCommand::SetView { group, on_epoch, view, by } => {
                set_view(self, group, on_epoch, view, by)
            }
        }
    }

    /// The cluster's id, network name and number of room groups, once founded.
    #[must_use]
    pub fn founded(&self) -> Option<(u64, &Arc<str>, u32)> {
        self.founded.as_ref().map(|it| (it.cluster, &it.network, it.groups))
    }

    /// One member.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// Members in the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Where a group shall live.
    #[must_use]
    pub fn placement(&self, group: u32) -> Option<&Placement> {
        self.placements.get(&group)
    }

    /// Who replicates a primary-backup group now.
    #[must_use]
    pub fn view(&self, group: u32) -> Option<&View> {
        self.views.get(&group)
    }

    /// One session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Arc<Session>> {
        self.sessions.get(&id)
    }

    /// Who has this nick, in any case.
    #[must_use]
    pub fn by_nick(&self, nick: &str) -> Option<&Arc<Session>> {
        let id = match nick.bytes().any(|it| it.is_ascii_uppercase()) {
            true => self.nicks.get(&fold(nick)),
            false => self.nicks.get(nick), // Folded already: look it up without allocating.
        };
        self.sessions.get(id?)
    }

    /// All sessions in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// The nodes that have sessions, in the order of their ids.
    pub fn nodes_with_sessions(&self) -> impl Iterator<Item = NodeId> {
        self.sessions_of.keys().copied()
    }

    /// How many sessions there are in all.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many sessions a node has.
    #[must_use]
    pub fn session_count_of(&self, node: NodeId) -> usize {
        self.sessions_of.get(&node).map_or(0, BTreeSet::len)
    }

    /// The sessions of a node, in the order of their ids.
    pub fn sessions_of(&self, node: NodeId) -> impl Iterator<Item = &Arc<Session>> {
        let ids = self.sessions_of.get(&node).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id))
    }

    /// Puts a session in, or puts it in the place of itself, and keeps the indexes true.
    pub(super) fn put(&mut self, session: Arc<Session>) {
        self.take(session.id);
        self.nicks.insert(session.nick.key(), session.id);
        let ids = self.sessions_of.entry(session.node).or_default();
        ids.insert(session.id);
        self.sessions.insert(session.id, session);
    }

    /// Takes a session out, and its nick with it.
    pub(super) fn take(&mut self, id: SessionId) -> Option<Arc<Session>> {
        let session = self.sessions.remove(&id)?;
        self.nicks.remove(&session.nick.key());
        if let Some(ids) = self.sessions_of.get_mut(&session.node) {
            ids.remove(&id);
            if ids.is_empty() {
                self.sessions_of.remove(&session.node);
            }
        }
        Some(session)
    }

    /// How many nicks and how many nodes the indexes hold.
    #[cfg(test)]
    pub(super) fn indexed(&self) -> (usize, usize) {
        (self.nicks.len(), self.sessions_of.len())
    }
}
