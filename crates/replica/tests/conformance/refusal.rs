//! Who cannot take a command says so in time, and takes commands again when all is well.

use crate::cluster::{Answer, Cluster};
use crate::each;
use crate::row::{Row, WITNESS};
use replica::PeerId;

/// Time within which a sender is told that a side of a cut takes nothing.
const SAYS_SO_MS: u64 = 1_000;

/// Both sides of a cut get commands: each does what the row says, and answers in time.
fn speak_on(cluster: &mut Cluster, row: &Row, sides: [&[PeerId]; 2]) {
    let all = [sides[0], sides[1]].concat();
    for side in sides.into_iter().filter(|it| !it.is_empty()) {
        let nodes = side.iter().filter(|it| **it != WITNESS);
        let tokens: Vec<usize> = nodes.map(|id| cluster.say(*id, "cut", 100)).collect();
        let may_write = (row.may_write)(side, &all);
        cluster.until(SAYS_SO_MS, "an answer", |it| {
            tokens.iter().all(|token| it.answer(*token).is_some())
        });
        let are_acked = tokens.iter().all(|it| cluster.answer(*it) == Some(Answer::Acked));
        let is_any = tokens.iter().any(|it| cluster.answer(*it) == Some(Answer::Acked));
        assert_eq!((are_acked, is_any), (may_write, may_write), "{side:?}: {}", cluster.picture());
    }
}

fn everybody(row: &Row) -> Vec<PeerId> {
    (1..=row.replicas).chain(row.has_witness.then_some(WITNESS)).collect()
}

/// Each node alone, and the others.
fn splits(row: &Row) -> Vec<(Vec<PeerId>, Vec<PeerId>)> {
    let others = |alone| everybody(row).into_iter().filter(|it| *it != alone).collect();
    (1..=row.replicas).map(|alone| (vec![alone], others(alone))).collect()
}

#[test]
fn each_side_of_a_cut_takes_commands_or_says_in_time_that_it_does_not() {
    each(|row| {
        for (alone, others) in splits(row) {
            let mut cluster = Cluster::new(row, alone[0]);
            let tokens = cluster.say_many(alone[0], 20, 100);
            cluster.until_acked(1_000, &tokens);
            cluster.cut(&alone, &others);
            cluster.run(row.takes_over_ms);
            for _ in 0..3 {
                speak_on(&mut cluster, row, [&alone, &others]);
            }
            assert!(cluster.node(alone[0]).room.said.len() >= 20, "it can be read all the while");
            cluster.settle();
            let tokens = cluster.say_many(alone[0], 20, 100);
            cluster.until_acked(1_000, &tokens);
        }
    });
}

#[test]
fn who_is_heard_by_nobody_is_told_so_in_time_from_the_first_moment_on() {
    each(|row| {
        let all = everybody(row);
        for (alone, others) in splits(row) {
            let mut cluster = Cluster::new(row, alone[0]);
            for other in &others {
                cluster.network.hold(alone[0], *other);
                cluster.network.hold(*other, alone[0]);
            }
            let tokens = cluster.say_many(alone[0], 5, 100);
            cluster.run(400); // After so long of silence a node takes a link for broken.
            cluster.cut(&alone, &others);
            cluster.run(SAYS_SO_MS - 400);
            let may_write = (row.may_write)(&alone, &all);
            for it in tokens {
                let answer = cluster.answer(it);
                assert!(answer.is_some(), "no answer");
                assert_eq!(answer == Some(Answer::Acked), may_write);
            }
            cluster.settle();
        }
    });
}

#[test]
fn what_may_have_been_heard_is_not_called_refused() {
    each(|row| {
        for (alone, others) in splits(row) {
            for heard_ms in 0..6 {
                let mut cluster = Cluster::new(row, alone[0]);
                cluster.say_many(alone[0], 3, 100);
                cluster.run(heard_ms);
                cluster.cut(&alone, &others);
                cluster.run(SAYS_SO_MS);
                assert!(cluster.said.iter().all(|it| it.answer.is_some()), "after {heard_ms} ms");
                cluster.settle();
            }
        }
    });
}

#[test]
fn without_the_others_a_replica_says_so_and_with_them_it_goes_on() {
    each(|row| {
        let mut cluster = Cluster::new(row, 9);
        let all = cluster.ids();
        let others: Vec<PeerId> = all[1..].to_vec();
        others.iter().for_each(|id| cluster.stop(*id, None));
        cluster.run(row.takes_over_ms);
        let token = cluster.say(1, "a", 100);
        cluster.until(SAYS_SO_MS, "an answer", |it| it.answer(token).is_some());
        let is_acked = cluster.answer(token) == Some(Answer::Acked);
        let alone = cluster.with_witness(&all[..1]);
        assert_eq!(is_acked, (row.may_write)(&alone, &everybody(row)));
        cluster.settle();
    });
}

#[test]
fn without_the_directory_a_group_goes_on_until_something_happens_to_it() {
    each(|row| {
        let mut cluster = Cluster::new(row, 10);
        cluster.directory.is_down = true;
        for _ in 0..20 {
            let by = cluster.any();
            let tokens = cluster.say_many(by, 5, 100);
            cluster.until_acked(200, &tokens);
            cluster.run(200);
        }
        cluster.stop(row.replicas, None);
        for id in 1..row.replicas {
            let token = cluster.say(id, "a", 100);
            cluster.until(SAYS_SO_MS, "an answer", |it| it.answer(token).is_some());
        }
        cluster.settle();
    });
}

#[test]
fn where_both_sides_of_a_cut_went_on_everybody_hears_so_and_one_is_to_announce_it() {
    each(|row| {
        for (alone, others) in splits(row) {
            let mut cluster = Cluster::new(row, alone[0]);
            cluster.cut(&alone, &others);
            cluster.run(1_500);
            speak_on(&mut cluster, row, [&alone, &others]);
            cluster.settle();
            cluster.run(2_000);
            let all = [&alone[..], &others[..]].concat();
            let both = (row.may_write)(&alone, &all) && (row.may_write)(&others, &all);
            let announcements = cluster.running().flat_map(|it| &it.met).filter(|it| **it);
            assert_eq!(announcements.count(), usize::from(both));
            assert!(cluster.running().all(|it| it.met.len() == usize::from(both)));
        }
    });
}
