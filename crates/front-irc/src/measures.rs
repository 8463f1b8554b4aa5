//! What the door counts. Handles are looked up once; counting is an addition.

use metrics::{Counter, Gauge, counter, gauge};

pub(crate) struct Measures {
    connections: Gauge,
    sessions: Gauge,
    lines: Counter,
    deliveries: Counter,
    bytes: Counter,
    pub(crate) slow_readers: Counter,
    pub(crate) turned_away: Counter,
    /// Clients that were asked to go where there are fewer, and those that were closed for it.
    pub(crate) sent_on: [Counter; 2],
    pub(crate) lines_in: u64,
    pub(crate) bytes_out: u64,
    last: (usize, usize),
}

impl Measures {
    pub(crate) fn new() -> Measures {
        Measures {
            connections: gauge!("starling_irc_connections"),
            sessions: gauge!("starling_irc_sessions"),
            lines: counter!("starling_irc_lines_received_total"),
            deliveries: counter!("starling_irc_deliveries_total"),
            bytes: counter!("starling_irc_bytes_sent_total"),
            slow_readers: counter!("starling_irc_slow_readers_dropped_total"),
            turned_away: counter!("starling_irc_connections_refused_total"),
            sent_on: ["asked", "closed"]
                .map(|how| counter!("starling_irc_clients_sent_on_total", "how" => how)),
            lines_in: 0,
            bytes_out: 0,
            last: (0, 0),
        }
    }

    /// Hands over what was counted in one turn. The gauges are sums over all shards.
    pub(crate) fn publish(&mut self, connections: usize, sessions: usize, deliveries: u64) {
        if (connections, sessions) != self.last {
            self.connections.increment(connections as f64 - self.last.0 as f64);
            self.sessions.increment(sessions as f64 - self.last.1 as f64);
            self.last = (connections, sessions);
        }
        if deliveries > 0 {
            self.deliveries.increment(deliveries);
        }
        if self.lines_in > 0 {
            self.lines.increment(std::mem::take(&mut self.lines_in));
        }
        if self.bytes_out > 0 {
            self.bytes.increment(std::mem::take(&mut self.bytes_out));
        }
    }
}
