//! Leadership and replicas that go elsewhere while all is well: nobody who writes meanwhile is refused.

use crate::cluster::{Cluster, GROUP};
use crate::{each, each_seed};
use replica::PeerId;
use replica::strategy::Kind;

/// Somebody else leads so soon after a leader gave up.
const HANDS_OVER_MS: u64 = 300;

#[test]
fn another_follows_a_leader_that_gives_up_and_all_is_acknowledged() {
    each_seed(4, |row, seed| {
        let mut cluster = Cluster::new(row, seed);
        for _ in 0..6 {
            let old = cluster.writer().expect("somebody orders");
            let mut tokens = Vec::new();
            for id in cluster.ids() {
                tokens.extend(cluster.say_many(id, 20, 100));
            }
            cluster.run(seed % 4);
            cluster.node(old).engine.step_down();
            cluster.until(HANDS_OVER_MS, "another leads", |it| {
                it.running().any(|it| it.me != old && it.engine.is_serving(GROUP))
            });
            for id in cluster.ids() {
                tokens.extend(cluster.say_many(id, 20, 100));
            }
            cluster.until_acked(1_000, &tokens);
        }
        cluster.settle();
    });
}

#[test]
fn the_replica_that_is_named_leads_from_then_on_and_all_is_acknowledged() {
    each_seed(4, |row, seed| {
        if row.kind == Kind::Gossip {
            return; // Nobody leads.
        }
        let mut cluster = Cluster::new(row, seed);
        for round in 0..6 {
            let old = cluster.writer().expect("somebody orders");
            let others: Vec<PeerId> = cluster.ids().into_iter().filter(|it| *it != old).collect();
            let heir = others[round % others.len()];
            let mut tokens = Vec::new();
            for id in cluster.ids() {
                tokens.extend(cluster.say_many(id, 20, 100));
            }
            cluster.run(seed % 4);
            assert!(
                !cluster.node(heir).engine.hand_over(GROUP, old, false),
                "it is not its to give"
            );
            // Under way at once, or as soon as everybody has caught up.
            let is_given = (0..1_000).any(|_| {
                cluster.run(1);
                cluster.node(old).engine.hand_over(GROUP, heir, true)
            });
            assert!(is_given, "{}", cluster.picture());
            cluster.until(HANDS_OVER_MS, "the one that was named leads", |it| {
                it.running().any(|it| it.me == heir && it.engine.is_serving(GROUP))
            });
            for id in cluster.ids() {
                tokens.extend(cluster.say_many(id, 20, 100));
            }
            cluster.until_acked(1_000, &tokens);
        }
        cluster.settle();
    });
}

#[test]
fn a_group_goes_to_other_nodes_while_it_is_used() {
    each(|row| {
        for old in 1..=row.replicas {
            let mut cluster = Cluster::new(row, old);
            let new = row.replicas + 1;
            cluster.add(new, Vec::new());
            cluster.place = (1..=new).filter(|it| *it != old).collect();
            let place: Vec<PeerId> = cluster.place.clone();
            let is_there = |it: &Cluster| {
                it.running().filter(|it| it.me != old).all(|it| it.voters() == place)
            };
            let mut tokens = Vec::new();
            for _ in 0..250 {
                // One that takes a state over cannot know which of its own commands are in it.
                for id in place.iter().filter(|it| **it != new) {
                    tokens.push(cluster.say(*id, "a", 300));
                }
                cluster.run(20);
                if is_there(&cluster) {
                    break;
                }
            }
            cluster.until(2_000, "it is where it shall be", is_there);
            cluster.until_acked(2_000, &tokens);
            cluster.remove(old);
            cluster.settle();
        }
    });
}
