//! The network is slow, and now and then much slower. May last until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use crate::network::Weather;
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "delay-spikes", run: delay_spikes };

fn delay_spikes(cluster: &mut Cluster) -> Result<(), Stuck> {
    let slowest_ms = cluster.random.random_range(10..100);
    let weather = Weather {
        delay_ms: (1, slowest_ms),
        spikes: cluster.random.random_range(0.0..0.05),
        spike_ms: (50, 1_000),
        ..Weather::CALM
    };
    cluster.set_weather(weather);
    cluster.run_between(1_000, 6_000)?;
    cluster.calm_maybe();
    Ok(())
}
