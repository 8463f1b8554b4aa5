//! Whatever was acknowledged is there after any restart.

use crate::cluster::Cluster;
use crate::{each, each_seed};
use rand::Rng;
use replica::PeerId;

/// Some of everything: commands of all sizes from all nodes, a checkpoint now and then.
fn use_it(cluster: &mut Cluster, rounds: usize) {
    for _ in 0..rounds {
        let (by, at) = (cluster.any(), cluster.any());
        let bytes = cluster.random.random_range(20..5_000);
        cluster.say(by, "a", bytes);
        if cluster.random.random_bool(0.05) {
            cluster.node(at).checkpoint();
        }
        cluster.run(1);
    }
}

#[test]
fn all_lose_power_at_once() {
    each_seed(12, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        for _ in 0..3 {
            let ids: Vec<PeerId> = cluster.ids();
            let rounds = cluster.random.random_range(1..120);
            use_it(&mut cluster, rounds);
            ids.iter().for_each(|id| cluster.stop(*id, Some(seed * 100 + id)));
            ids.iter().for_each(|id| cluster.start(*id).expect("its disk is fine"));
            cluster.until(row.takes_over_ms, "it goes on", |it| it.writer().is_some());
        }
        cluster.settle();
    });
}

#[test]
fn one_after_the_other_restarts_under_load() {
    each_seed(4, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        for round in 0..9 {
            let id = 1 + round % row.replicas;
            let power_loss = cluster.random.random_bool(0.5).then_some(seed);
            use_it(&mut cluster, 60);
            cluster.stop(id, power_loss);
            use_it(&mut cluster, 60);
            cluster.start(id).expect("its disk is fine");
            cluster.run(row.takes_over_ms);
        }
        cluster.settle();
    });
}

#[test]
fn a_clean_start_from_a_checkpoint_and_the_log_behind_it() {
    each(|row| {
        let mut cluster = Cluster::new(row, 7);
        for count in [40, 400] {
            let tokens = cluster.say_many(1, count, 100);
            cluster.until_acked(2_000, &tokens);
            cluster.run(200); // All have applied it.
            for id in cluster.ids() {
                let said = cluster.node(id).room.said.len();
                cluster.node(id).checkpoint();
                cluster.stop(id, None);
                cluster.start(id).expect("its disk is fine");
                assert_eq!(cluster.node(id).room.said.len(), said);
                cluster.until(row.takes_over_ms, "it goes on", |it| it.writer().is_some());
            }
        }
        cluster.settle();
    });
}

#[test]
fn a_checkpoint_before_the_members_are_known_lets_nothing_go_that_they_lack() {
    each(|row| {
        let mut cluster = Cluster::new(row, 8);
        let others: Vec<PeerId> = (2..=row.replicas).collect();
        cluster.cut(&[1], &others);
        let tokens = cluster.say_many(1, 20, 100);
        cluster.run(1_000);
        cluster.node(1).checkpoint();
        cluster.stop(1, None);
        cluster.start(1).expect("its disk is fine");
        for _ in 0..2 {
            cluster.node(1).checkpoint();
        }
        cluster.heal();
        cluster.settle();
        if row.copies == 1 {
            assert!(cluster.are_acked(&tokens));
            let installs: usize = cluster.running().map(|it| it.installs).sum();
            assert_eq!(installs, 0, "its log had all that the others lacked");
        }
    });
}
