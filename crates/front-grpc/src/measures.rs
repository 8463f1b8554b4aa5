//! What the door counts. Handles are looked up once; counting is an addition.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

pub(crate) struct Measures {
    pub(crate) connections: Gauge,
    pub(crate) turned_away: Counter,
    pub(crate) lookups: Counter,
    pub(crate) watchers: Gauge,
}

impl Measures {
    pub(crate) fn new() -> Measures {
        describe_gauge!("starling_grpc_connections", "Open connections of the gRPC door");
        describe_counter!(
            "starling_grpc_connections_refused_total",
            "Connections closed at once because there were too many"
        );
        describe_counter!("starling_grpc_lookups_total", "Answers of Directory.Lookup");
        describe_gauge!("starling_grpc_watchers", "Clients that are told of changes");
        Measures {
            connections: gauge!("starling_grpc_connections"),
            turned_away: counter!("starling_grpc_connections_refused_total"),
            lookups: counter!("starling_grpc_lookups_total"),
            watchers: gauge!("starling_grpc_watchers"),
        }
    }
}
