//! What comes from before a change of leadership changes nothing after it.

use crate::cluster::{Answer, Cluster};
use crate::each_seed;
use bytes::Bytes;
use replica::PeerId;

/// Who orders now, and the others, the witness last.
fn parted(cluster: &Cluster) -> (PeerId, Vec<PeerId>) {
    let writer = cluster.writer().expect("somebody orders");
    let others: Vec<PeerId> = cluster.ids().into_iter().filter(|it| *it != writer).collect();
    (writer, cluster.with_witness(&others))
}

fn until_another_writes(cluster: &mut Cluster, old: PeerId) {
    let ms = cluster.row.takes_over_ms;
    cluster.until(ms, "another takes over", |it| {
        it.running().any(|it| it.me != old && it.engine.is_serving(crate::cluster::GROUP))
    });
}

#[test]
fn late_messages_of_a_deposed_leader_change_nothing() {
    each_seed(6, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        let (old, others) = parted(&cluster);
        for other in &others {
            cluster.network.hold(old, *other);
            cluster.network.hold(*other, old);
        }
        cluster.say_many(old, 20, 200); // In its log, and on its way to the others.
        until_another_writes(&mut cluster, old);
        let tokens = cluster.say_many(others[0], 20, 200);
        cluster.until_acked(2_000, &tokens);
        cluster.network.release();
        cluster.run(1_000);
        cluster.settle();
    });
}

#[test]
fn late_messages_that_come_while_another_takes_over_change_nothing() {
    each_seed(24, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        let (old, others) = parted(&cluster);
        for other in &others {
            cluster.network.hold(old, *other);
            cluster.network.hold(*other, old);
        }
        cluster.say_many(old, 20, 10_000);
        cluster.run(400 + 3 * seed); // After 400 ms of silence a node is taken for dead.
        cluster.network.release();
        cluster.say_many(others[0], 20, 200);
        cluster.run(1_000);
        cluster.settle();
    });
}

#[test]
fn who_stood_still_while_another_took_over_acknowledges_nothing_of_its_own() {
    each_seed(6, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        let (old, others) = parted(&cluster);
        let mine = cluster.say_many(old, 10, 200);
        cluster.run(seed % 4); // Nothing, or half of it, is out.
        cluster.network.paused.insert(old);
        until_another_writes(&mut cluster, old);
        let tokens = cluster.say_many(others[0], 20, 200);
        cluster.until_acked(2_000, &tokens);
        cluster.run(5_000);
        cluster.network.paused.clear();
        cluster.until(2_000, "an answer", |it| mine.iter().all(|at| it.answer(*at).is_some()));
        for token in mine.into_iter().filter(|it| cluster.answer(*it) == Some(Answer::Acked)) {
            let disks = cluster.disks_with(token);
            assert!(disks.len() >= row.copies, "seed {seed}: on {disks:?}");
        }
        cluster.settle();
    });
}

#[test]
fn all_that_was_ever_sent_changes_nothing_when_it_is_heard_again() {
    each_seed(4, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        cluster.network.kept = Some(Vec::new());
        let (old, others) = parted(&cluster);
        for _ in 0..100 {
            let by = cluster.any();
            cluster.say(by, "a", 100);
            cluster.step();
        }
        cluster.cut(&[old], &others);
        until_another_writes(&mut cluster, old);
        let tokens = cluster.say_many(others[0], 20, 100);
        cluster.until_acked(2_000, &tokens);
        cluster.heal();
        cluster.run(1_000);
        let sent: Vec<(PeerId, PeerId, Bytes)> = cluster.network.kept.take().expect("it was kept");
        assert!(sent.len() > 100, "hardly anything was sent");
        for part in sent.chunks(20) {
            for (from, to, frame) in part {
                cluster.deliver(*from, *to, frame.clone());
            }
            cluster.say(others[0], "b", 100);
            cluster.step();
        }
        cluster.settle();
    });
}
