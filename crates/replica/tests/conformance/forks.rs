//! Fast Bully, which goes on while anybody is left: what it keeps without a cut, and what becomes of one.
//!
//! It is no row of the table: there, whatever is acknowledged stays. Here that is so until a cut, of which
//! both sides have gone on.

use crate::cluster::{Answer, Cluster, judge};
use crate::each_numbered;
use crate::row::{Order, Row};
use bytes::Bytes;
use replica::PeerId;
use replica::strategy::Kind;

static BULLY: Row = Row {
    kind: Kind::Bully,
    replicas: 3,
    founders: 1,
    has_views: false,
    has_witness: false,
    copies: 3,
    may_write: |_, _| true,
    order: Order::Total,
    takes_over_ms: 4_000, // Who has started listens for half a second before it misses anybody.
    spreads_ms: 0,
    has_observers: true,
    notices_old_disk: false,
    unsynced_bytes_max: 4 * (64 << 10) + (32 << 10),
};

fn said(cluster: &mut Cluster, by: PeerId) -> Vec<Bytes> {
    cluster.node(by).room.said.clone()
}

/// What was said under these tokens stands there.
fn has_all(cluster: &mut Cluster, by: PeerId, tokens: &[usize]) -> bool {
    let here = said(cluster, by);
    tokens.iter().all(|it| here.contains(&cluster.said[*it].command))
}

#[test]
fn whoever_dies_the_others_go_on_at_once_and_nothing_is_lost() {
    each_numbered(9, |seed| {
        let mut cluster = Cluster::new(&BULLY, seed);
        let victim = 1 + seed % 3;
        let survivor = 1 + victim % 3;
        let before = cluster.say_many(survivor, 20, 200);
        cluster.run(seed);
        cluster.stop(victim, (seed % 2 == 0).then_some(seed));
        let after = cluster.say_many(survivor, 20, 200);
        cluster.until(400, "the others go on", |it| it.are_acked(&after));
        cluster.start(victim).expect("its disk is fine");
        cluster.run(2_000);
        cluster.settle();
        assert!(cluster.are_acked(&before));
    });
}

#[test]
fn the_last_one_goes_on_and_the_others_follow_when_they_are_back() {
    each_numbered(6, |seed| {
        let mut cluster = Cluster::new(&BULLY, seed);
        let last = 1 + seed % 3;
        for victim in (1..=3).filter(|it| *it != last) {
            cluster.stop(victim, Some(seed));
            let tokens = cluster.say_many(last, 10, 200);
            cluster.until_acked(1_000, &tokens);
        }
        cluster.settle();
    });
}

#[test]
fn all_lose_power_and_nothing_is_lost() {
    each_numbered(9, |seed| {
        let mut cluster = Cluster::new(&BULLY, seed);
        let tokens = cluster.say_many(2, 40, 500);
        cluster.run(seed);
        for id in cluster.ids() {
            cluster.stop(id, Some(seed + id));
        }
        cluster.settle();
        assert!(tokens.iter().all(|it| cluster.answer(*it) != Some(Answer::Refused)));
    });
}

#[test]
fn after_a_cut_in_which_both_sides_went_on_all_have_what_one_of_them_had() {
    each_numbered(12, |seed| {
        let mut cluster = Cluster::new(&BULLY, seed);
        let alone = 1 + seed % 3;
        let others: Vec<PeerId> = (1..=3).filter(|it| *it != alone).collect();
        let common = cluster.say_many(others[0], 10, 100);
        cluster.until_acked(1_000, &common);
        cluster.run(200); // All have applied it.
        cluster.cut(&[alone], &others);
        let here = cluster.say_many(alone, 5 + (seed % 4) as usize * 10, 100);
        let there = cluster.say_many(others[0], 20, 100);
        cluster.until(2_000, "both sides go on", |it| it.are_acked(&here) && it.are_acked(&there));
        cluster.heal();
        cluster.until(10_000, "all agree", judge::is_quiet);
        let kept = said(&mut cluster, 1);
        for id in [2, 3] {
            assert_eq!(said(&mut cluster, id), kept, "seed {seed}");
        }
        assert!(has_all(&mut cluster, 1, &common));
        assert!(has_all(&mut cluster, 1, &here) != has_all(&mut cluster, 1, &there));
        let histories: Vec<Vec<Bytes>> = (1..=3).map(|it| cluster.node(it).kept()).collect();
        assert!(histories.iter().all(|it| *it == histories[0] && it.len() == kept.len()));
        for id in 1..=3 {
            let tokens = cluster.say_many(id, 5, 100);
            cluster.until_acked(2_000, &tokens);
            cluster.run(200);
            assert!(has_all(&mut cluster, 1 + id % 3, &tokens));
        }
    });
}

#[test]
fn a_replica_that_was_reset_and_loses_power_is_reset_again() {
    each_numbered(12, |seed| {
        let mut cluster = Cluster::new(&BULLY, seed);
        let common = cluster.say_many(2, 10, 100);
        cluster.until_acked(1_000, &common);
        cluster.run(200);
        cluster.cut(&[1], &[2, 3]);
        let here = cluster.say_many(1, 5, 100);
        let there = cluster.say_many(2, 30, 100);
        cluster.until(2_000, "both sides go on", |it| it.are_acked(&here) && it.are_acked(&there));
        cluster.heal();
        cluster.run(seed * 3); // Somewhere between hearing of it and having the other state.
        cluster.stop(1, Some(seed));
        cluster.start(1).expect("its disk is fine");
        cluster.until(10_000, "all agree", judge::is_quiet);
        let kept = said(&mut cluster, 2);
        assert_eq!(said(&mut cluster, 1), kept, "seed {seed}");
        assert!(has_all(&mut cluster, 1, &common));
    });
}
