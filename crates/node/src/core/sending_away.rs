//! A drained node sends its clients away, and takes people in again when it is drained no longer. One that
//! has more of them than others sends some on.

use super::Core;
use super::balance::Load;
use crate::config::Rebalance;
use crate::door::Delivery;
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;

/// Clients that are sent away in a second: others can take so many in without anybody noticing.
const A_SECOND: u32 = 50;
/// However few they are, and however many: a burst is spread, and an operator does not wait for hours.
const OVER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(120));

const REASON: &str = "This server is drained for maintenance; please reconnect to another one";

impl Core {
    /// On every duty: doors do what the directory has decided of this node.
    pub(super) fn follow_drain(&mut self) {
        let is_drained = self.is_fresh && self.directory.is_drained(self.me);
        if is_drained == self.is_sending_away || self.is_leaving {
            return;
        }
        self.is_sending_away = is_drained;
        if !is_drained {
            return self.deliver_each(None, |_| Delivery::TakeIn);
        }
        let clients = u32::try_from(self.conn_of.len()).unwrap_or(u32::MAX);
        let over = (Duration::from_secs(1) * clients / A_SECOND).clamp(OVER.0, OVER.1);
        let reason: Arc<str> = REASON.into();
        tracing::info!(clients, ?over, "drained: sending clients away");
        self.deliver_each(None, |_| Delivery::SendAway { reason: reason.clone(), over });
    }

    /// On every duty: some of this node's clients go where there are fewer, if that is much out of balance.
    pub(super) fn send_some_on(&mut self) {
        let takes_part = self.config.rebalance != Rebalance::Off && self.config.chat;
        if !takes_part || !self.takes_clients() || self.is_sending_away {
            return self.balance.stop();
        }
        let members = self.whereabouts.members();
        let peers = members.nodes.iter().filter(|it| it.is_open_to_people());
        let load = |it: &crate::lookup::Member| Load { node: it.id, clients: it.connections };
        let loads: Vec<Load> = peers.map(load).collect();
        let due = self.balance.step(self.now_ms, self.me, &loads, &mut self.random);
        let may_close = self.config.rebalance == Rebalance::All;
        for node in due {
            let Some(to) = members.nodes.iter().find(|it| it.id == node) else { continue };
            // Whoever it will be: a shard with more of them gives more.
            let any = self.random.random_range(0..self.conn_of.len().max(1));
            let Some(shard) = self.conn_of.values().nth(any).map(|it| it.shard) else { return };
            tracing::info!(to = %to.name, "sending a client on: this node has more than others");
            let delivery = Delivery::SendOn { to: Arc::new(to.clone()), may_close };
            self.shards[usize::from(shard.0)].out.push(delivery);
        }
    }
}
