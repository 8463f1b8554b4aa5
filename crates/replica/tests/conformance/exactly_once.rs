//! What is offered again and again happens once.

use crate::cluster::{Answer, Cluster};
use crate::{each, each_seed};
use rand::Rng;

#[test]
fn commands_offered_again_over_breaking_links_happen_once() {
    each_seed(8, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        cluster.network.repeats = true;
        for _ in 0..60 {
            let (a, b) = (cluster.any(), cluster.any());
            for _ in 0..cluster.random.random_range(1..20) {
                let by = cluster.any();
                cluster.say(by, "a", 60);
            }
            let ms = cluster.random.random_range(1..40);
            if a != b {
                cluster.cut(&[a], &[b]);
                cluster.run(ms / 4);
                cluster.heal();
            }
            cluster.run(ms);
        }
        cluster.settle();
        let acked = cluster.said.iter().filter(|it| it.answer == Some(Answer::Acked));
        assert!(acked.count() * 2 > cluster.said.len(), "seed {seed}: hardly anything happened");
    });
}

#[test]
fn commands_offered_while_leaders_give_up_happen_once() {
    each_seed(4, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        for _ in 0..40 {
            for id in cluster.ids() {
                cluster.say(id, "a", 60);
            }
            let (by, ms) = (cluster.any(), cluster.random.random_range(1..60));
            cluster.node(by).engine.step_down();
            cluster.run(ms);
        }
        cluster.settle();
    });
}

#[test]
fn what_was_acknowledged_is_remembered_by_who_takes_over() {
    each(|row| {
        let mut cluster = Cluster::new(row, 5);
        cluster.network.repeats = true;
        for round in 0..6 {
            let by = cluster.any();
            let tokens = cluster.say_many(by, 20, 60);
            cluster.until_acked(2_000, &tokens);
            let all = cluster.ids();
            let writer = cluster.writer().expect("it acknowledged just now");
            let others: Vec<u64> = all.iter().copied().filter(|it| *it != writer).collect();
            let others = cluster.with_witness(&others);
            cluster.say_many(by, 5, 60); // Half heard: the next in charge may or may not have it.
            cluster.run(round);
            cluster.cut(&[writer], &others);
            cluster.run(300);
            cluster.heal();
            cluster.until(row.takes_over_ms, "somebody takes over", |it| it.writer().is_some());
        }
        cluster.settle();
    });
}
