//! Damaged logs: the end of a write that was under way is cut off, anything else is refused.

use crate::cluster::{Cluster, GROUP};
use crate::{each, each_seed};
use replica::PeerId;
use replica::store::Disk;
use replica::store::log::OpenError;

const EIO: i32 = 5;

#[test]
fn a_torn_last_batch_is_cut_off_and_what_was_acknowledged_is_there() {
    each(|row| {
        let mut torn = 0;
        for seed in 0..16 {
            let mut cluster = Cluster::new(row, seed);
            let id = 1 + seed % row.replicas;
            let before = cluster.say_many(id, 30, 300);
            cluster.until_acked(1_000, &before);
            // The next write is done, its sync fails: the node has to leave, and the power goes.
            cluster.disk(id).fail_after(1, EIO, true);
            cluster.say_many(id, 10, 3_000);
            cluster.until(2_000, "it leaves", |it| {
                it.running().any(|it| it.me == id && it.broken.is_some())
            });
            cluster.stop(id, Some(seed));
            cluster.start(id).expect("only the end is gone");
            torn += usize::from(cluster.node(id).torn.is_some());
            cluster.settle();
        }
        assert!(torn > 2, "{torn} of 16: this test has lost its point");
    });
}

#[test]
fn a_flipped_byte_in_the_middle_is_refused_and_another_takes_the_place() {
    each_seed(6, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        let (id, new): (PeerId, PeerId) = (row.replicas, row.replicas + 1);
        for _ in 0..10 {
            let tokens = cluster.say_many(1, 3, 500);
            cluster.until_acked(1_000, &tokens);
            cluster.run(50); // Also where copies wait for more, this is a write of its own.
        }
        cluster.run(100);
        cluster.stop(id, None);
        let log = cluster.disk(id).sub("log");
        let files: Vec<String> = log.list().expect("the disk is fine");
        let first = files.iter().find(|it| it.starts_with("segment-")).expect("it was written");
        assert!(log.flip(first, 1_000 + seed * 1_500 % 12_000, 1 << (seed % 8)));
        let refused = cluster.start(id);
        assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{:?}", refused.err());

        cluster.remove(id);
        cluster.place = (1..id).chain([new]).collect();
        cluster.add(new, Vec::new());
        cluster.settle();
    });
}

#[test]
fn a_node_that_forgot_what_others_have_of_it_leaves_and_never_goes_on_with_that_disk() {
    each_seed(4, |row, seed| {
        if !row.notices_old_disk {
            return;
        }
        let mut cluster = Cluster::new(row, seed);
        let (id, new): (PeerId, PeerId) = (row.replicas, row.replicas + 1);
        let tokens = cluster.say_many(id, 10, 100);
        cluster.until_acked(1_000, &tokens);
        let old = cluster.copy_disk(id);
        let tokens = cluster.say_many(id, 10, 100);
        cluster.until_acked(1_000, &tokens);
        cluster.run(row.spreads_ms);
        cluster.put_back(id, old);
        cluster.start(id).expect("it is only old");
        cluster.until(5_000, "it leaves", |it| {
            it.running().any(|it| it.me == id && it.broken.is_some())
        });
        cluster.stop(id, Some(seed));
        cluster.start(id).expect("it is only old");
        assert!(cluster.node(id).broken.is_some(), "it goes on");
        assert_eq!(cluster.node(id).engine.holds(GROUP), None);

        cluster.remove(id);
        cluster.place = (1..id).chain([new]).collect();
        cluster.add(new, Vec::new());
        cluster.settle();
    });
}
