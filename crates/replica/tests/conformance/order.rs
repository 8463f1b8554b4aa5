//! A sender's commands are applied in the order in which it gave them.

use crate::cluster::Cluster;
use crate::{each, each_seed};
use rand::Rng;

/// More than a section takes, from several clients of each node, none of whom waits for an answer.
fn burst(cluster: &mut Cluster) {
    for id in cluster.ids() {
        for _ in 0..150 {
            for client in ["a", "b", "c"] {
                cluster.say(id, client, 40);
            }
        }
    }
}

#[test]
fn bursts_keep_their_order_over_links_of_any_length() {
    each(|row| {
        let mut cluster = Cluster::new(row, 1);
        let ids = cluster.ids();
        for (a, b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (*a, *b))) {
            let ms = cluster.random.random_range(1..40);
            cluster.network.delay(a, b, ms);
        }
        for _ in 0..3 {
            burst(&mut cluster);
            cluster.run(30);
        }
        cluster.settle();
    });
}

#[test]
fn bursts_keep_their_order_when_leaders_go_and_links_break() {
    each_seed(4, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        cluster.network.repeats = true;
        for _ in 0..6 {
            burst(&mut cluster);
            cluster.run(4);
            let (a, b) = (cluster.any(), cluster.any());
            cluster.node(a).engine.step_down();
            if a != b {
                cluster.cut(&[a], &[b]);
            }
            let ms = cluster.random.random_range(1..300);
            cluster.run(ms);
            cluster.heal();
        }
        cluster.settle();
    });
}

#[test]
fn clocks_that_jump_change_no_order_and_time_does_not_run_back() {
    const HOUR_MS: u64 = 3_600_000;
    each(|row| {
        let mut cluster = Cluster::new(row, 5);
        for _ in 0..40 {
            let (by, at) = (cluster.any(), cluster.any());
            cluster.say_many(by, 5, 40);
            let there_ms = cluster.node(at).wall_ms;
            let ms = cluster.random.random_range(there_ms - HOUR_MS..there_ms + HOUR_MS);
            cluster.node(at).wall_ms = ms;
            cluster.node(by).engine.step_down();
            cluster.run(20);
        }
        cluster.settle();
    });
}
