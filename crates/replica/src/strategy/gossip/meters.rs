//! What the machine counts, as metrics of the node.

use replica_proto::gossip::{Counters, Machine};

/// They are told this often, in milliseconds.
const EVERY_MS: u64 = 1_000;

/// What was told before.
#[derive(Debug, Default)]
pub(super) struct Meters {
    told_ms: u64,
    told: Counters,
}

impl Meters {
    /// Tells what came since, when it is time.
    pub(super) fn tell(&mut self, now_ms: u64, machine: &Machine) {
        if now_ms - self.told_ms < EVERY_MS {
            return;
        }
        self.told_ms = now_ms;
        let (now, before) = (machine.counters(), self.told);
        self.told = now;
        let since = |name: &'static str, of: fn(&Counters) -> u64| {
            metrics::counter!(name).increment(of(&now) - of(&before));
        };
        since("starling_gossip_delivered_total", |it| it.delivered);
        since("starling_gossip_bodies_pushed_total", |it| it.bodies_pushed);
        since("starling_gossip_bodies_answered_total", |it| it.bodies_answered);
        since("starling_gossip_bodies_new_total", |it| it.bodies_new);
        since("starling_gossip_bodies_repeated_total", |it| it.bodies_repeated);
        since("starling_gossip_bodies_dropped_total", |it| it.bodies_dropped);
        since("starling_gossip_bytes_sent_total", |it| it.bytes_sent);
        since("starling_gossip_messages_sent_total", |it| it.messages_sent);
        since("starling_gossip_digests_sent_total", |it| it.digests_sent);
        since("starling_gossip_grafts_sent_total", |it| it.grafts_sent);
        since("starling_gossip_asks_sent_total", |it| it.asks_sent);
        since("starling_gossip_prunes_sent_total", |it| it.prunes_sent);
        since("starling_gossip_exchanges_sent_total", |it| it.exchanges_sent);
        since("starling_gossip_unreadable_total", |it| it.unreadable);
        let (lag, waiting) = machine.lag();
        metrics::gauge!("starling_gossip_lag").set(lag as f64);
        metrics::gauge!("starling_gossip_waiting").set(waiting as f64);
    }
}
