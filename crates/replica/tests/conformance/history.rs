//! What was said can be read by range: from the history, and from the log by who follows.

use crate::cluster::{Cluster, GROUP};
use crate::each;

#[test]
fn a_range_reads_the_same_on_every_replica() {
    each(|row| {
        let mut cluster = Cluster::new(row, 1);
        for round in 0..5 {
            let by = cluster.any();
            let tokens = cluster.say_many(by, 60, 100);
            cluster.until_acked(2_000, &tokens);
            let id = cluster.any();
            match round % 2 {
                0 => cluster.node(id).checkpoint(),
                _ => cluster.stop(id, Some(round)),
            }
            cluster.run(row.takes_over_ms);
            cluster.settle();
        }
        for node in cluster.running() {
            let history = node.history.borrow();
            assert_eq!(node.kept().len(), 300);
            assert_eq!(node.kept(), node.room.settled(row.order), "the judge compared the rooms");
            for key in node.streams() {
                let all = history.range(GROUP, &key, 0..u64::MAX).expect("it can be read");
                let half = all.len() / 2; // 30 at least: a node that spoke did so in rounds of 60.
                let part = history.range(GROUP, &key, 10..half as u64).expect("it can be read");
                assert_eq!(part, all[10..half]);
                let latest = history.latest(GROUP, &key, 7).expect("it can be read");
                assert_eq!(latest, all[all.len() - 7..]);
                let middle = all[half].sort;
                let before = history.before(GROUP, &key, middle, 10).expect("it can be read");
                let after = history.after(GROUP, &key, middle, 10).expect("it can be read");
                let around = (&all[half - 10..half], &all[half + 1..half + 11]);
                assert_eq!((&before[..], &after[..]), around);
            }
        }
    });
}

#[test]
fn who_follows_without_a_replica_goes_on_after_a_break_from_where_it_was() {
    each(|row| {
        if !row.has_observers {
            return;
        }
        let mut cluster = Cluster::new(row, 2);
        let all = cluster.ids();
        let follower = row.replicas + 1;
        let before = cluster.say_many(1, 100, 100);
        cluster.until_acked(1_000, &before);
        cluster.add(follower, Vec::new());
        cluster.until(3_000, "it follows", |it| it.running().all(|it| it.room.said.len() == 100));
        for _ in 0..3 {
            cluster.cut(&[follower], &all);
            let tokens = cluster.say_many(1, 100, 100);
            cluster.until_acked(1_000, &tokens);
            cluster.heal();
        }
        let own = cluster.say_many(follower, 10, 100);
        cluster.until_acked(5_000, &own);
        cluster.settle();
        let installs = cluster.node(follower).installs;
        assert_eq!(installs, 1, "the state was taken once, the rest is from the log");
    });
}
