//! Packets are lost, datagrams come twice and overtake each other. May last until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use crate::network::Weather;
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "loss", run: loss };

fn loss(cluster: &mut Cluster) -> Result<(), Stuck> {
    let weather = Weather {
        delay_ms: (1, 40),
        loss: cluster.random.random_range(0.005..0.15),
        duplicates: cluster.random.random_range(0.0..0.3),
        ..Weather::CALM
    };
    cluster.set_weather(weather);
    cluster.run_between(1_000, 6_000)?;
    cluster.calm_maybe();
    Ok(())
}
