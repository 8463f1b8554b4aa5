//! One group on this node: a replica, or an observer that follows one.

use super::GroupStatus;
use super::catch_up::CatchUp;
use super::observe::Observer;
use crate::lane::{Intake, Outbox, Seen};
use crate::store::GroupId;
use crate::strategy::{Committed, Kind, PeerId, Route, Strategy};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// How this node takes part in a group.
pub(super) enum Role {
    /// It holds a replica.
    Replica(Box<dyn Strategy>),
    /// It follows a replica elsewhere, without a log or a vote.
    Observer(Observer),
}

/// One group on this node.
pub(super) struct Group {
    kind: Kind,
    pub(super) role: Role,
    /// What was applied of each lane.
    pub(super) seen: Seen,
    pub(super) applied: u64,
    pub(super) applied_term: u64,
    /// This node's own commands.
    pub(super) outbox: Outbox,
    /// Everybody's commands, while we lead.
    pub(super) intake: Intake,
    pub(super) route_was: Route,
    pub(super) term_was: u64,
    /// Offer nothing before the next tick.
    pub(super) is_held: bool,
    pub(super) cut_off_at: Option<u64>,
    pub(super) offered_again_ms: u64,
    /// Tickets this group waits for.
    pub(super) unsynced_from: Option<u64>,
    pub(super) last_ticket: u64,
    /// Our state as it can be fetched: index, bytes; the newest first.
    pub(super) provided: VecDeque<(u64, Bytes)>,
    /// A state we are fetching.
    pub(super) catch_up: Option<CatchUp>,
    /// Where the strategy starts from with a state fetched and not yet taken over by it.
    pub(super) fetched: Option<(u64, u64, Vec<u8>)>,
    /// History is kept here up to this index; 0 where nobody can say so by one index.
    pub(super) kept: u64,
    /// The history here has all that was applied here.
    pub(super) has_history: bool,
    /// Nodes that follow this replica, with what they were sent up to.
    pub(super) observers: BTreeMap<PeerId, u64>,
    pub(super) told_observers_ms: u64,
    /// Nodes that wait for our state before they can follow.
    pub(super) waiting_observers: Vec<PeerId>,
    /// Replicas that wait for the newest state there is here.
    pub(super) waiting_replicas: Vec<PeerId>,
    /// Entries that came while the state was still on its way; bounded by `EARLY_MAX`.
    pub(super) early: Vec<Committed>,
    /// Who said that this replica is none any more, as the leader of which term.
    pub(super) let_go: Option<(PeerId, u64)>,
    /// Where the strategy would have started from at the last checkpoint: one interval of log is kept.
    pub(super) checkpointed: u64,
}

impl Group {
    pub(super) fn new(kind: Kind, role: Role, outbox: Outbox) -> Group {
        Group {
            kind,
            role,
            seen: Seen::default(),
            applied: 0,
            applied_term: 0,
            outbox,
            intake: Intake::default(),
            route_was: Route::Nowhere,
            term_was: 0,
            is_held: false,
            cut_off_at: None,
            offered_again_ms: 0,
            unsynced_from: None,
            last_ticket: 0,
            provided: VecDeque::new(),
            catch_up: None,
            fetched: None,
            kept: 0,
            has_history: false,
            observers: BTreeMap::new(),
            told_observers_ms: 0,
            waiting_observers: Vec::new(),
            waiting_replicas: Vec::new(),
            early: Vec::new(),
            let_go: None,
            checkpointed: 0,
        }
    }

    pub(super) fn route(&self) -> Route {
        match &self.role {
            Role::Replica(strategy) => strategy.route(),
            Role::Observer(observer) => observer.source.map_or(Route::Nowhere, Route::At),
        }
    }

    pub(super) fn term(&self) -> u64 {
        match &self.role {
            Role::Replica(strategy) => strategy.term(),
            Role::Observer(_) => 0,
        }
    }

    /// A state is on its way here that may come to contain whatever is offered now, and does not say what
    /// became of it. (Where each node has its own order, a state holds nothing that was not offered here.)
    pub(super) fn waits_for_state(&self) -> bool {
        let begins = |it: &Observer| self.applied == 0 && !it.is_answered;
        let is_new = matches!(&self.role, Role::Observer(observer) if begins(observer));
        is_new || (self.catch_up.is_some() && !self.has_origins())
    }

    /// Each node has its own order here: indexes of one mean nothing to the others, and states are joined.
    pub(super) fn has_origins(&self) -> bool {
        matches!(&self.role, Role::Replica(strategy) if strategy.has_origins())
    }

    /// The replica begins again: what was fetched and offered to others was of what it had before.
    pub(super) fn reset(&mut self) {
        (self.catch_up, self.fetched) = (None, None);
        self.provided.clear();
        (self.kept, self.checkpointed, self.has_history) = (0, 0, false);
        let followers = std::mem::take(&mut self.observers).into_keys();
        self.waiting_observers.extend(followers);
    }

    pub(super) fn was_reset(&self) -> bool {
        matches!(&self.role, Role::Replica(strategy) if strategy.was_reset())
    }

    pub(super) fn is_cut_off(&self) -> bool {
        match &self.role {
            Role::Replica(strategy) => strategy.is_cut_off(),
            Role::Observer(_) => false,
        }
    }

    pub(super) fn status(&self, id: GroupId, me: PeerId) -> GroupStatus {
        let replicas = match &self.role {
            Role::Replica(strategy) => strategy.status(),
            Role::Observer(_) => Default::default(),
        };
        let role = match &self.role {
            Role::Observer(_) => "observer",
            Role::Replica(strategy) if strategy.has_origins() => "peer",
            Role::Replica(_) if replicas.leader == Some(me) => "leader",
            Role::Replica(_) if replicas.voters.contains(&me) => "voter",
            Role::Replica(_) => "learner",
        };
        GroupStatus {
            group: id.0,
            strategy: self.kind.name(),
            replicas,
            applied: self.applied,
            role,
            waiting: self.outbox.len(),
        }
    }
}
