//! The whole directory, and what a command does to it.
//!
//! Promise: the same commands at the same times give the same directory and the same outcomes, on every
//! replica and after every restore. A nick belongs to one session, a node's name to one member; a
//! command happens whole or is refused whole.

use super::accounts::Accounts;
use super::keys::Keys;
use super::nicks::Nicks;
use super::orders::Orders;
use super::verbs::{
    add_member, alter, alter_account, attach, claim, drain, drop_account, end, end_all,
    end_keyless, found, mark_member, pin, place, rank, register, register_account, remove_member,
    rename, replace, restate, set_key, set_view, settle,
};
use super::{
    Account, AccountCommand, DirectoryCommand, DirectoryEvent, DirectoryOutcome, DirectoryRefusal,
    Fingerprint, Member, Placement, Session, View,
};
use crate::{NodeId, SessionId, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    pub(super) orders: Orders,
    pub(super) accounts: Accounts,
    sessions: BTreeMap<SessionId, Arc<Session>>,
    /// Of those sessions that outlive their connections.
    pub(super) keys: Keys,
    /// Derived: who has a nick.
    nicks: Nicks,
    /// Derived: how many sessions each node has that has any.
    counts: BTreeMap<NodeId, usize>,
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
            DirectoryCommand::Restate(session) => restate(self, session),
            DirectoryCommand::Rename { session, nick } => rename(self, session, nick),
            DirectoryCommand::Alter { session, change } => alter(self, session, change),
            DirectoryCommand::End { session, reason, by } => end(self, session, reason, by),
            DirectoryCommand::EndAll { node, reason } => Ok(end_all(self, node, &reason)),
            DirectoryCommand::EndKeyless { node, reason } => Ok(end_keyless(self, node, &reason)),
            DirectoryCommand::SetKey { session, key } => set_key(self, session, key),
            DirectoryCommand::ConfirmKey { session, key } => {
                self.keys.confirm(session, key);
                Ok(Vec::new())
            }
            DirectoryCommand::Attach(it) => attach(self, it),
            DirectoryCommand::SetView { group, on_epoch, view, by } => {
                set_view(self, group, on_epoch, view, by)
            }
            DirectoryCommand::Drain { id, is_drained } => drain(self, id, is_drained),
            DirectoryCommand::Pin { group, replicas } => pin(self, group, replicas),
            DirectoryCommand::Settle { group, epoch } => settle(self, group, epoch),
            DirectoryCommand::Replace { dead, by } => replace(self, dead, by),
            DirectoryCommand::Rank { id, priority } => rank(self, id, priority),
            DirectoryCommand::Account(command) => match command {
                AccountCommand::Register { .. } => register_account(self, at, command),
                AccountCommand::Drop { account } => drop_account(self, &account),
                AccountCommand::Alter { account, change } => alter_account(self, &account, change),
            },
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

    /// A group was placed, and its replicas have not all come to where it shall live.
    #[must_use]
    pub fn is_moving(&self, group: u32) -> bool {
        let settled = self.orders.settled.get(&group).copied().unwrap_or_default();
        self.placements.get(&group).is_some_and(|it| it.epoch > settled)
    }

    /// Where an operator pinned a group to, if somebody did.
    #[must_use]
    pub fn pin(&self, group: u32) -> Option<&[NodeId]> {
        self.orders.pins.get(&group).map(Vec::as_slice)
    }

    /// Groups, leaderships and clients shall leave this member.
    #[must_use]
    pub fn is_drained(&self, id: NodeId) -> bool {
        self.orders.drained.contains(&id)
    }

    /// The members' order of ranks, from the lowest: by priority, and of equal ones by name.
    #[must_use]
    pub fn by_rank(&self) -> Vec<&Member> {
        let mut all: Vec<&Member> = self.members().collect();
        all.sort_by(|a, b| {
            let of = |it: &Member| self.priority(it.id);
            of(a).cmp(&of(b)).then_with(|| a.name.cmp(&b.name))
        });
        all
    }

    /// What a member's rank depends on before its name does.
    #[must_use]
    pub fn priority(&self, id: NodeId) -> i32 {
        self.orders.priorities.get(&id).copied().unwrap_or_default()
    }

    /// The name under which a member stands on the ring: its own, or of the dead one that it replaced.
    #[must_use]
    pub fn place_of<'a>(&'a self, member: &'a Member) -> &'a Arc<str> {
        self.orders.places.get(&member.id).unwrap_or(&member.name)
    }

    /// Who replicates a primary-backup group now.
    #[must_use]
    pub fn view(&self, group: u32) -> Option<&View> {
        self.views.get(&group)
    }

    /// An account by its name, in any case.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Arc<Account>> {
        self.accounts.get(name)
    }

    /// Whose this certificate is.
    #[must_use]
    pub fn account_by_certificate(&self, fingerprint: &Fingerprint) -> Option<&Arc<Account>> {
        self.accounts.by_certificate(fingerprint)
    }

    /// All accounts in the order of their folded names.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.iter()
    }

    /// Somebody has an account of this name, or had one.
    #[must_use]
    pub fn is_account_taken(&self, name: &str) -> bool {
        self.accounts.is_taken(name)
    }

    /// There was an account of this name, and is none any more.
    #[must_use]
    pub fn is_dropped(&self, account: &str) -> bool {
        self.accounts.is_taken(account) && self.accounts.get(account).is_none()
    }

    /// The nick is the name of an account, and not of this one.
    #[must_use]
    pub fn is_reserved(&self, nick: &str, account: Option<&str>) -> bool {
        let is_own = account.is_some_and(|it| it.eq_ignore_ascii_case(nick));
        !is_own && self.accounts.get(nick).is_some()
    }

    /// One session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Arc<Session>> {
        self.sessions.get(&id)
    }

    /// Who has this nick, in any case.
    #[must_use]
    pub fn by_nick(&self, nick: &str) -> Option<&Arc<Session>> {
        self.nicks.get(nick)
    }

    /// All sessions in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// The nodes that have sessions, in the order of their ids.
    pub fn nodes_with_sessions(&self) -> impl Iterator<Item = NodeId> {
        self.counts.keys().copied()
    }

    /// How many sessions there are in all.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many sessions a node has.
    #[must_use]
    pub fn session_count_of(&self, node: NodeId) -> usize {
        self.counts.get(&node).copied().unwrap_or_default()
    }

    /// The sessions of a node, in the order of their ids. Looks at all there are.
    pub fn sessions_of(&self, node: NodeId) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions().filter(move |it| it.node == node)
    }

    /// The session outlives its connection.
    #[must_use]
    pub fn has_key(&self, id: SessionId) -> bool {
        self.keys.has(id)
    }

    /// Puts a session in, or puts it in the place of itself, and keeps the indexes true.
    pub(super) fn put(&mut self, session: Arc<Session>) {
        self.take_out(session.id);
        self.nicks.insert(session.clone());
        *self.counts.entry(session.node).or_default() += 1;
        self.sessions.insert(session.id, session);
    }

    /// Takes a session out, and its nick and key with it.
    pub(super) fn take(&mut self, id: SessionId) -> Option<Arc<Session>> {
        self.keys.forget(id);
        self.take_out(id)
    }

    fn take_out(&mut self, id: SessionId) -> Option<Arc<Session>> {
        let session = self.sessions.remove(&id)?;
        self.nicks.remove(session.nick.as_str());
        if let Some(count) = self.counts.get_mut(&session.node) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&session.node);
            }
        }
        Some(session)
    }

    /// How many nicks and how many nodes the indexes hold.
    #[cfg(test)]
    pub(super) fn indexed(&self) -> (usize, usize) {
        (self.nicks.len(), self.counts.len())
    }
}
