//! Wall clocks are set wrong by up to an hour, or run wrong, until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;
use rand::seq::IndexedRandom;

const HOUR_MS: i64 = 3_600_000;

pub(crate) const FAULT: Fault = Fault { name: "clock-jump", run: clock_jump };

fn clock_jump(cluster: &mut Cluster) -> Result<(), Stuck> {
    for _ in 0..cluster.random.random_range(1..4) {
        let node = cluster.any_node();
        let farthest_ms = *[50, 5_000, HOUR_MS].choose(&mut cluster.random).expect("three");
        let offset_ms = cluster.random.random_range(-farthest_ms..=farthest_ms);
        cluster.jump_clock(node, offset_ms);
        if cluster.random.random_bool(0.3) {
            let per_million = cluster.random.random_range(-200_000..=200_000);
            cluster.drift_clock(node, per_million);
        }
        cluster.run_between(100, 3_000)?;
    }
    Ok(())
}
