//! Electing at once when the link to the leader breaks.
//!
//! A broken connection is a hint, not a proof. The survivors campaign without waiting for their timers,
//! staggered by rank so that they do not collide, and again until a leader is known. A voter helps only
//! if its own link to that leader is broken too: then it treats the request like a leadership transfer,
//! which passes the lease of check-quorum. Safety never rests on that lease (no lease reads), so the
//! worst a wrong hint can do is an election too many.

use super::RaftGroup;
use raft::StateRole;
use raft::prelude::Message;

/// What the library recognises as a transfer: it then does not insist on its lease.
const TRANSFER: &[u8] = b"CampaignTransfer";
/// Ticks between two attempts: a request and its answer fit between them.
const RETRY_TICKS: u32 = 1;
/// Attempts before the ordinary timers take over.
const ATTEMPTS: u32 = 12;

/// Ticks for two syncs and a round trip on a slow disk.
const PATIENCE: u32 = 8;

/// A hurried election under way.
#[derive(Default)]
pub(super) struct Haste {
    attempts_left: u32,
    ticks_to_next: u32,
    /// Ticks left in which a real election under way is not begun again.
    patience: u32,
}

impl RaftGroup {
    /// The link to the leader broke.
    pub(super) fn hasten(&mut self) {
        let rank = self.rank();
        self.haste = Haste { attempts_left: ATTEMPTS, ticks_to_next: rank, patience: PATIENCE };
        if rank == 0 {
            self.campaign_now();
        }
    }

    /// On every tick: try again until somebody leads.
    pub(super) fn tick_haste(&mut self) {
        if self.haste.attempts_left == 0 {
            return;
        }
        let has_living_leader = self.leader().is_some_and(|leader| self.is_up(leader));
        if has_living_leader || self.node.raft.state == StateRole::Leader {
            self.haste = Haste::default();
            return;
        }
        if self.node.raft.state == StateRole::Candidate && self.haste.patience > 0 {
            self.haste.patience -= 1; // Votes need syncs: give them time to come in.
            return;
        }
        match self.haste.ticks_to_next.checked_sub(1) {
            Some(left) if left > 0 => self.haste.ticks_to_next = left,
            _ => self.campaign_now(),
        }
    }

    /// A voter that lost the leader too does not hide behind the lease.
    pub(super) fn judge_haste(&mut self, request: &mut Message) {
        let has_lost_leader = self.leader().is_some_and(|leader| !self.is_up(leader));
        if has_lost_leader {
            request.context = TRANSFER.into();
        }
    }

    fn campaign_now(&mut self) {
        self.haste.attempts_left -= 1;
        self.haste.patience = PATIENCE;
        self.haste.ticks_to_next = RETRY_TICKS + self.rank();
        if !self.conf_state().voters.contains(&self.me) || !self.has_majority_up() {
            return;
        }
        let _ = self.node.campaign();
    }

    /// Our place among the voters that are up: 0 campaigns first.
    fn rank(&self) -> u32 {
        let voters = &self.conf_state().voters;
        let before = voters.iter().filter(|it| **it < self.me && self.is_up(**it));
        before.count() as u32
    }

    /// A majority of the voters can be reached from here.
    pub(super) fn has_majority_up(&self) -> bool {
        let voters = &self.conf_state().voters;
        let up = voters.iter().filter(|it| self.is_up(**it)).count();
        up * 2 > voters.len()
    }
}
