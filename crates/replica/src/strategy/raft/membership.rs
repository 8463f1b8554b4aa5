//! Membership, one safe step at a time (Raft thesis, section 4.1: single-server changes).
//!
//! A new replica first follows as a learner and votes only once it has caught up; an old one leaves
//! only when the rest is a working majority without it.

use super::super::PeerId;
use super::{RaftGroup, wire};
use bytes::Bytes;
use raft::prelude::{ConfChange, ConfChangeType};

/// How far behind, in entries, a learner may be to become a voter: a few round trips.
const CAUGHT_UP: u64 = 64;

impl RaftGroup {
    /// On every tick of a leader: the next step towards what is wanted.
    pub(super) fn tick_membership(&mut self) {
        if !self.is_serving() || self.wanted.is_empty() || self.node.raft.has_pending_conf() {
            return;
        }
        if let Some(step) = self.next_step() {
            if step.change_type == ConfChangeType::RemoveNode && step.node_id == self.me {
                self.give_away(); // The next leader takes us out.
                return;
            }
            let context = wire::encode_change(&step);
            let _ = self.node.propose_conf_change(context, step);
        }
    }

    fn next_step(&self) -> Option<ConfChange> {
        let (voters, learners) = (&self.conf_state().voters, &self.conf_state().learners);
        let is_known = |id: &u64| voters.contains(id) || learners.contains(id);
        if let Some(new) = self.wanted.iter().find(|id| !is_known(id) && self.is_up(**id)) {
            return Some(change(ConfChangeType::AddLearnerNode, *new));
        }
        let ready = learners
            .iter()
            .find(|id| self.wanted.contains(id) && self.is_up(**id) && self.has_caught_up(**id));
        if let Some(ready) = ready {
            return Some(change(ConfChangeType::AddNode, *ready));
        }
        if let Some(old) = learners.iter().find(|id| !self.wanted.contains(id)) {
            return Some(change(ConfChangeType::RemoveNode, *old));
        }
        // Dead ones first. Whoever remains must be a majority that works.
        let mut leaving: Vec<u64> =
            voters.iter().copied().filter(|id| !self.wanted.contains(id)).collect();
        leaving.sort_by_key(|id| (self.is_up(*id), *id == self.me));
        let old = *leaving.first()?;
        let rest = voters.iter().filter(|id| **id != old);
        let (all, up) =
            rest.fold((0, 0), |(all, up), id| (all + 1, up + usize::from(self.is_up(*id))));
        let is_replaced = self.wanted.iter().all(|id| voters.contains(id) || !self.is_up(*id));
        (is_replaced && all > 0 && up * 2 > all).then(|| change(ConfChangeType::RemoveNode, old))
    }

    fn has_caught_up(&self, id: u64) -> bool {
        let commit = self.node.raft.raft_log.committed;
        let matched = self.node.raft.prs().get(id).map_or(0, |it| it.matched);
        matched + CAUGHT_UP >= commit && matched > 0
    }

    pub(super) fn apply_change(&mut self, context: Bytes) {
        let Some(change) = wire::decode_change(context) else {
            return; // The empty change by which the library leaves a joint state; we make none.
        };
        match self.node.apply_conf_change(&change) {
            Ok(state) => {
                tracing::info!(group = %self.group, voters = ?state.voters, learners = ?state.learners, "membership");
                self.node.mut_store().set_conf_state(state);
            }
            Err(why) => {
                tracing::error!(group = %self.group, %why, "a membership change that does not apply")
            }
        }
    }

    /// A planted bug: a leader takes those it cannot reach for no voters.
    pub(super) fn count_only_the_reachable(&mut self) {
        for id in self.conf_state().voters.clone() {
            if self.is_leader() && !self.is_up(id) {
                let step = change(ConfChangeType::RemoveNode, id);
                self.apply_change(wire::encode_change(&step).into());
            }
        }
    }

    /// Gives leadership to the voter that has most of the log.
    pub(super) fn give_away(&mut self) {
        if !self.is_leader() || self.node.raft.lead_transferee.is_some() {
            return;
        }
        let voters = self.conf_state().voters.iter();
        let heir = voters
            .filter(|id| **id != self.me && self.is_up(**id) && self.has_caught_up(**id))
            .max_by_key(|id| {
                let matched = self.node.raft.prs().get(**id).map_or(0, |it| it.matched);
                (self.wanted.contains(id), matched)
            });
        if let Some(heir) = heir.copied() {
            self.node.transfer_leader(heir);
        }
    }

    /// Gives leadership to this voter, if it has caught up and, with `needs_all`, so have all others: a new
    /// leader with a replica to bring up to date would make writes wait. True: it is on its way.
    pub(super) fn give_to(&mut self, heir: PeerId, needs_all: bool) -> bool {
        let raft = &self.node.raft;
        if !self.is_serving() || raft.lead_transferee.is_some() || raft.has_pending_conf() {
            return false;
        }
        let is_ready = |id: &u64| *id == self.me || (self.is_up(*id) && self.has_caught_up(*id));
        let (voters, learners) = (&self.conf_state().voters, &self.conf_state().learners);
        let may_lead = heir != self.me && voters.contains(&heir) && is_ready(&heir);
        let is_whole = learners.is_empty() && voters.iter().all(is_ready);
        if !may_lead || (needs_all && !is_whole) {
            return false;
        }
        self.node.transfer_leader(heir);
        true
    }
}

fn change(change_type: ConfChangeType, node_id: u64) -> ConfChange {
    let mut change = ConfChange::default();
    change.change_type = change_type;
    change.node_id = node_id;
    change
}
