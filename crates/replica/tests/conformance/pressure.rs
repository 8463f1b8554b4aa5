//! More than can be done at once waits, within limits, or is refused at once; nothing is lost.

use crate::cluster::{Answer, Cluster};
use crate::each;

/// What may wait on one node for one group.
const WAITING_MAX: usize = 16 << 20;

#[test]
fn what_does_not_fit_is_refused_at_once_and_what_was_taken_happens() {
    each(|row| {
        let bytes = 60 << 10;
        let mut cluster = Cluster::new(row, 1);
        let writer = cluster.writer().expect("it began");
        let tokens = cluster.say_many(writer, WAITING_MAX / bytes + 30, bytes);
        cluster.step();
        let refused = |it: &&usize| cluster.answer(**it) == Some(Answer::Refused);
        let (refused, taken): (Vec<usize>, Vec<usize>) = tokens.iter().partition(|it| refused(it));
        assert!(taken.len() * bytes <= WAITING_MAX && refused.len() >= 29, "{}", taken.len());
        cluster.until_acked(8_000, &taken);
        cluster.settle();
    });
}

#[test]
fn however_much_waits_only_so_much_is_under_way() {
    each(|row| {
        let mut cluster = Cluster::new(row, 2);
        let mut tokens = Vec::new();
        for id in cluster.ids() {
            cluster.node(id).sync_ms = Some(20);
            tokens.extend(cluster.say_many(id, 2_000, 1_000));
        }
        cluster.until_acked(8_000, &tokens);
        for node in cluster.running() {
            let (most, limit) = (node.unsynced_bytes, row.unsynced_bytes_max);
            assert!(most <= limit, "{}: {most} bytes, {limit} allowed", node.me);
        }
        cluster.settle();
    });
}

#[test]
fn a_replica_that_is_far_away_and_slow_gets_all_in_the_end() {
    each(|row| {
        let mut cluster = Cluster::new(row, 3);
        let (last, writer) = (row.replicas, cluster.writer().expect("it began"));
        cluster.node(last).sync_ms = Some(40);
        for id in 1..last {
            cluster.network.delay(id, last, 80);
            cluster.network.delay(last, id, 80);
        }
        let mut tokens = Vec::new();
        for _ in 0..20 {
            tokens.extend(cluster.say_many(writer, 100, 500));
            cluster.run(20);
        }
        cluster.until_acked(8_000, &tokens);
        cluster.settle();
    });
}
