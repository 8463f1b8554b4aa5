//! How many clients of which node should be on another one, and when this node sends its own there.
//!
//! Promise: whatever the distribution, every node comes to the even share or one more, with as few clients moved
//! as there can be, as long as they go when they are asked; within the slack nobody is moved, so reports that are
//! some seconds old set nothing swinging; and nobody is sent to a node that has its share.
//!
//! All nodes compute the same plan of the same reports, and each carries out its own part of it.

use chat::NodeId;
use rand::Rng;
use rand::seq::SliceRandom;
use std::collections::VecDeque;

/// A node so near to the even share is well off, however few clients there are.
const FEW: u64 = 2;
/// So long it must have been uneven: a crowd that comes or a node that starts is often even by itself soon.
const LASTS_MS: u64 = 5_000;
/// Nobody is sent sooner after it was decided: by then all have decided, by the same reports. Otherwise who decides
/// later would count clients that have gone and are not reported anywhere, and send some of its own after them.
const LAG_MS: u64 = 2_000;
/// Nodes do not all begin in the same moment.
const JITTER_MS: u64 = 1_000;
/// Those who are sent in one round go one after the other within this time.
const ROUND_MS: u64 = 5_000;
/// Then whoever was asked goes, and everybody reports, before it is looked at again.
const SETTLE_MS: u64 = 4_000;
/// Sent in one round, at most: this many, or this part of all.
const A_ROUND: (usize, usize) = (10, 50);
/// After rounds that did not help it rests so many times longer, at most: who is asked may not want to go.
const PATIENCE_MAX: u64 = 64;

/// A node that takes clients, and how many it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    pub(super) node: NodeId,
    pub(super) clients: u32,
}

/// Clients that should go from one node to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Flow {
    from: NodeId,
    to: NodeId,
    clients: u32,
}

/// Whether nobody is further from the even share than the slack, in percent of it.
fn is_even(loads: &[Load], slack: u32) -> bool {
    let nodes = loads.len() as u64;
    let total: u64 = loads.iter().map(|it| u64::from(it.clients)).sum();
    loads.iter().all(|it| {
        let off = (u64::from(it.clients) * nodes).abs_diff(total); // In shares of one client on each node.
        off < FEW * nodes || off * 100 <= total * u64::from(slack)
    })
}

/// The fewest moves after which everybody has the even share, or one more: those who have most keep that.
fn plan(loads: &[Load]) -> Vec<Flow> {
    let mut sorted = loads.to_vec();
    sorted.sort_by_key(|it| (std::cmp::Reverse(it.clients), it.node));
    let total: u64 = sorted.iter().map(|it| u64::from(it.clients)).sum();
    let nodes = (sorted.len() as u64).max(1);
    let share = |place: usize| total / nodes + u64::from((place as u64) < total % nodes);
    let off = sorted.iter().enumerate().map(|(place, it)| {
        // Clients are counted in 32 bits, and so is their mean.
        (it.node, i64::from(it.clients) - share(place) as i64)
    });
    let (gives, takes): (Vec<_>, Vec<_>) = off.filter(|it| it.1 != 0).partition(|it| it.1 > 0);
    let mut gives = VecDeque::from(gives);
    let mut flows = Vec::new();
    for (to, lacks) in takes.into_iter().rev() {
        let mut lacks = lacks.unsigned_abs();
        while lacks > 0 {
            let Some((from, has)) = gives.front_mut() else { break };
            let clients = lacks.min(has.unsigned_abs());
            flows.push(Flow { from: *from, to, clients: clients as u32 });
            lacks -= clients;
            *has -= clients as i64;
            if *has == 0 {
                gives.pop_front();
            }
        }
    }
    flows
}

/// One node's part in it.
#[derive(Debug)]
pub(super) struct Balance {
    /// In percent of the even share.
    slack: u32,
    /// It has been uneven since then.
    uneven_since_ms: Option<u64>,
    rest_until_ms: u64,
    /// By how many clients this node was over its share when its last round began.
    over_before: u32,
    patience: u64,
    /// Where clients are sent in this round, and when the next one goes.
    to_send: VecDeque<NodeId>,
    pace_ms: u64,
    next_ms: u64,
    /// Clients that this node has above its share, as last looked at; none within the slack.
    pub(super) over: u32,
}

impl Balance {
    pub(super) fn new(slack: u32) -> Balance {
        Balance {
            slack,
            uneven_since_ms: None,
            rest_until_ms: 0,
            over_before: 0,
            patience: 1,
            to_send: VecDeque::new(),
            pace_ms: 0,
            next_ms: 0,
            over: 0,
        }
    }

    /// Forgets a round: this node takes no part now.
    pub(super) fn stop(&mut self) {
        *self = Balance::new(self.slack);
    }

    /// To be called often. Gives the nodes to each of which one client of `me` is to be sent now.
    pub(super) fn step(
        &mut self,
        now_ms: u64,
        me: NodeId,
        loads: &[Load],
        random: &mut impl Rng,
    ) -> Vec<NodeId> {
        let is_even = is_even(loads, self.slack);
        let flows = if is_even { Vec::new() } else { plan(loads) };
        let own = || flows.iter().filter(|it| it.from == me);
        self.over = own().map(|it| it.clients).sum();
        if is_even {
            self.uneven_since_ms = None;
            (self.over_before, self.patience) = (0, 1);
            self.to_send.clear(); // New clients have filled up what was lacking.
        }
        if !self.to_send.is_empty() {
            return self.send(now_ms, loads);
        }
        if is_even || now_ms < self.rest_until_ms {
            return Vec::new();
        }
        let since = *self.uneven_since_ms.get_or_insert(now_ms);
        if now_ms - since < LASTS_MS {
            return Vec::new();
        }
        let has_helped = self.over_before == 0 || self.over < self.over_before;
        self.patience = if has_helped { 1 } else { (self.patience * 2).min(PATIENCE_MAX) };
        self.over_before = self.over;
        self.uneven_since_ms = None;
        // Also who sends nobody waits for those who do.
        self.rest_until_ms = now_ms + LAG_MS + ROUND_MS + SETTLE_MS * self.patience;
        let clients = loads.iter().find(|it| it.node == me).map_or(0, |it| it.clients as usize);
        let each = |it: &Flow| std::iter::repeat_n(it.to, it.clients as usize);
        let mut to_send: Vec<NodeId> = own().flat_map(each).collect();
        to_send.shuffle(random);
        to_send.truncate(A_ROUND.0.max(clients / A_ROUND.1));
        self.pace_ms = ROUND_MS / (to_send.len() as u64).max(1);
        self.next_ms = now_ms + LAG_MS + random.random_range(0..=JITTER_MS);
        self.to_send = to_send.into();
        Vec::new()
    }

    /// Those who are due. A node that takes clients no longer is sent none.
    fn send(&mut self, now_ms: u64, loads: &[Load]) -> Vec<NodeId> {
        let mut due = Vec::new();
        while self.next_ms <= now_ms {
            let Some(to) = self.to_send.pop_front() else { break };
            self.next_ms += self.pace_ms;
            if loads.iter().any(|it| it.node == to) {
                due.push(to);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests;
