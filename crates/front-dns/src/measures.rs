//! What the door counts. Handles are looked up once; counting is an addition.

use crate::respond::{Outcome, Via};
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

#[derive(Clone)]
pub(crate) struct Measures {
    udp: [Counter; Outcome::ALL.len()],
    tcp: [Counter; Outcome::ALL.len()],
    /// Answers that the system did not take.
    pub(crate) unsent: Counter,
    pub(crate) connections: Gauge,
    pub(crate) turned_away: Counter,
}

impl Measures {
    pub(crate) fn new() -> Measures {
        describe_counter!(
            "starling_dns_packets_total",
            "Packets that came, and what became of them"
        );
        describe_counter!("starling_dns_unsent_total", "Answers that the system did not take");
        describe_gauge!("starling_dns_connections", "Open connections of the DNS door");
        describe_counter!(
            "starling_dns_connections_refused_total",
            "Connections closed at once because there were too many"
        );
        let of = |via: &'static str| {
            let packets = |it: Outcome| counter!("starling_dns_packets_total", "via" => via, "outcome" => it.as_str());
            Outcome::ALL.map(packets)
        };
        Measures {
            udp: of("udp"),
            tcp: of("tcp"),
            unsent: counter!("starling_dns_unsent_total"),
            connections: gauge!("starling_dns_connections"),
            turned_away: counter!("starling_dns_connections_refused_total"),
        }
    }

    pub(crate) fn count(&self, via: Via, outcome: Outcome) {
        let counters = match via {
            Via::Udp => &self.udp,
            Via::Tcp => &self.tcp,
        };
        counters[outcome as usize].increment(1);
    }
}
