//! A replica that has nothing, or too little to be served from the log.

use crate::cluster::{Cluster, GROUP};
use crate::row::Row;
use crate::{each, each_seed};
use replica::PeerId;
use std::collections::BTreeSet;

/// The last of the replicas misses more than a part of state and of history, and the others have purged
/// the log of it.
fn missed_by_the_last(row: &'static Row, seed: u64, is_heard: bool) -> (Cluster, PeerId) {
    let mut cluster = Cluster::new(row, seed);
    let last = row.replicas;
    let early = cluster.say_many(last, 50, 100);
    cluster.until_acked(1_000, &early);
    cluster.run(row.spreads_ms);
    if is_heard {
        cluster.node(last).checkpoint();
    }
    cluster.stop(last, Some(seed));
    cluster.until(row.takes_over_ms, "the rest goes on", |it| it.writer().is_some());
    for _ in 0..3 {
        let tokens = cluster.say_many(1, 60, 10_000);
        cluster.until_acked(2_000, &tokens);
        cluster.run(row.spreads_ms);
        for id in 1..last {
            cluster.node(id).checkpoint(); // The log before the one before it goes.
        }
    }
    (cluster, last)
}

#[test]
fn a_replica_that_was_away_longer_than_the_log_reaches_fetches_state_and_history() {
    each(|row| {
        for is_heard in [true, false] {
            let (mut cluster, last) = missed_by_the_last(row, 1, is_heard);
            cluster.settle();
            assert_eq!(cluster.node(last).installs, 1, "there was no other way");
        }
    });
}

#[test]
fn a_replica_that_was_cut_off_longer_than_the_log_reaches_fetches_too() {
    each(|row| {
        let mut cluster = Cluster::new(row, 3);
        let last = row.replicas;
        let early = cluster.say_many(1, 50, 1_000); // It keeps the newest of these in memory.
        cluster.until_acked(1_000, &early);
        let others: Vec<PeerId> = (1..last).collect();
        let majority = cluster.with_witness(&others);
        cluster.cut(&[last], &majority);
        cluster.until(row.takes_over_ms, "the rest goes on", |it| {
            it.running().any(|it| it.me != last && it.engine.is_serving(GROUP))
        });
        for _ in 0..3 {
            let tokens = cluster.say_many(1, 60, 10_000);
            cluster.until_acked(2_000, &tokens);
            cluster.run(row.spreads_ms);
            others.iter().for_each(|id| cluster.node(*id).checkpoint());
        }
        let before = cluster.node(last).installs;
        cluster.settle();
        assert_eq!(cluster.node(last).installs, before + 1, "there was no other way");
    });
}

#[test]
fn a_fetch_goes_on_where_the_link_broke() {
    each(|row| {
        let (mut cluster, last) = missed_by_the_last(row, 2, true);
        cluster.network.repeats = true;
        let others: Vec<PeerId> = (1..last).collect();
        cluster.start(last).expect("its disk is fine");
        for round in 0..20 {
            cluster.run(10 + round * 5);
            cluster.cut(&[last], &others);
            cluster.say_many(1, 3, 100);
            cluster.run(20);
            cluster.heal();
        }
        cluster.settle();
    });
}

#[test]
fn a_fetch_that_loses_its_power_begins_again() {
    each_seed(12, |row, seed| {
        let (mut cluster, last) = missed_by_the_last(row, seed, true);
        for round in 0..3 {
            cluster.start(last).expect("its disk is fine");
            cluster.run(3 + seed * 4 + round * 17);
            cluster.stop(last, Some(seed));
        }
        cluster.settle();
    });
}

#[test]
fn a_new_replica_takes_the_place_of_one_whose_disk_is_gone() {
    each(|row| {
        let (mut cluster, old) = missed_by_the_last(row, 4, true);
        cluster.remove(old);
        let new = old + 1;
        cluster.place = (1..old).chain([new]).collect();
        cluster.add(new, Vec::new());
        cluster.say_many(new, 10, 100);
        let placed: BTreeSet<PeerId> = cluster.place.iter().copied().collect();
        cluster.until(10_000, "it is a replica like the others", |it| {
            it.running().all(|it| {
                let status = it.engine.status().remove(0);
                status.replicas.voters.iter().copied().collect::<BTreeSet<_>>() == placed
            })
        });
        cluster.settle();

        // It counts: the others can lose one more.
        cluster.stop(1, None);
        let rest: Vec<PeerId> = cluster.place.iter().copied().filter(|it| *it != 1).collect();
        let (rest, all) = (cluster.with_witness(&rest), cluster.with_witness(&cluster.place));
        cluster.run(row.takes_over_ms);
        assert_eq!(cluster.writer().is_some(), (row.may_write)(&rest, &all));
        cluster.settle();
    });
}
