//! Peers that say nothing, and ourselves when we did not listen.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, advance, sleep};

use super::super::Limits;
use super::super::memory::{MemoryNetwork, address};
use super::*;

async fn nodes(count: u8) -> (MemoryNetwork, Vec<Node>) {
    let net = MemoryNetwork::new();
    let mut nodes = Vec::new();
    for id in 1..=count {
        nodes.push(Node::start(&net.host(id), &address(id), me(id.into())).await);
    }
    introduce(&nodes);
    for (id, node) in (1..).zip(&mut nodes) {
        for other in (1..=count).filter(|it| *it != id) {
            node.wait_for(Up(other.into())).await;
        }
    }
    (net, nodes)
}

fn slack() -> Duration {
    Limits::default().heartbeat + Duration::from_millis(10)
}

#[tokio::test(start_paused = true)]
async fn a_cut_is_noticed_within_its_bound_on_both_sides_and_heals() {
    in_local_set(async {
        let (net, mut nodes) = nodes(3).await;
        sleep(Duration::from_secs(30)).await;
        let cut = Instant::now();
        for other in [2, 3] {
            net.cut(1, other);
            net.cut(other, 1);
        }
        nodes[0].wait_for(Down(2)).await;
        nodes[0].wait_for(Down(3)).await;
        assert_eq!(nodes[1].next().await, Down(1));
        assert_eq!(nodes[2].next().await, Down(1));
        assert!(cut.elapsed() <= Limits::default().silence + slack(), "{:?}", cut.elapsed());
        assert!(nodes[1].peers.is_up(3));

        sleep(Duration::from_secs(60)).await;
        assert!(nodes.iter_mut().all(Node::has_been_told_nothing));
        let healed = Instant::now();
        net.heal();
        nodes[0].wait_for(Up(2)).await;
        nodes[0].wait_for(Up(3)).await;
        nodes[1].wait_for(Up(1)).await;
        nodes[2].wait_for(Up(1)).await;
        assert!(healed.elapsed() < Duration::from_secs(3), "{:?}", healed.elapsed());
        assert!(nodes.iter_mut().all(Node::has_been_told_nothing));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_direction_cut_ends_the_session_on_both_sides() {
    in_local_set(async {
        let (net, mut nodes) = nodes(2).await;
        let cut = Instant::now();
        net.cut(1, 2);
        assert_eq!(nodes[1].next().await, Down(1));
        assert_eq!(nodes[0].next().await, Down(2)); // Two hung up, and that still arrives.
        assert!(cut.elapsed() <= Limits::default().silence + slack(), "{:?}", cut.elapsed());

        sleep(Duration::from_secs(60)).await;
        assert!(nodes.iter_mut().all(Node::has_been_told_nothing));
        net.heal();
        assert_eq!(nodes[0].next().await, Up(2));
        assert_eq!(nodes[1].next().await, Up(1));
        assert!(nodes[0].send(2, b"there"));
        assert_eq!(nodes[1].next().await, Frame(1, b"there".to_vec()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn time_in_which_we_did_not_run_is_not_held_against_the_peers() {
    in_local_set(async {
        let (_net, mut nodes) = nodes(3).await;
        for _ in 0..20 {
            advance(Duration::from_secs(60)).await; // Nobody ran.
            sleep(Duration::from_millis(730)).await;
        }
        assert!(nodes.iter_mut().all(Node::has_been_told_nothing));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_peers_stay_up_and_traffic_does_not_stop_the_heartbeats() {
    in_local_set(async {
        let (_net, mut nodes) = nodes(2).await;
        for _ in 0..10_000 {
            assert!(nodes[0].send(2, b"x"));
            sleep(Duration::from_millis(37)).await;
            assert_eq!(nodes[1].next().await, Frame(1, b"x".to_vec()));
        }
        assert!(nodes.iter_mut().all(Node::has_been_told_nothing));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn after_any_cuts_and_restarts_all_links_stand_again() {
    for seed in 0..40 {
        in_local_set(async {
            let mut random = SmallRng::seed_from_u64(seed);
            let (net, mut nodes) = nodes(3).await;
            for _ in 0..60 {
                match random.random_range(0..10) {
                    0 => {
                        let index = random.random_range(0..3);
                        nodes[index].peers.stop();
                        sleep(Duration::from_millis(random.random_range(1..900))).await;
                        let id = index as u8 + 1;
                        nodes[index] =
                            Node::start(&net.host(id), &address(id), me(id.into())).await;
                        introduce(&nodes);
                    }
                    1..=5 => net.cut(random.random_range(1..=3), random.random_range(1..=3)),
                    _ => net.heal(),
                }
                sleep(Duration::from_millis(random.random_range(1..900))).await;
            }
            net.heal();
            sleep(Duration::from_secs(5)).await;
            for (id, node) in (1..).zip(&nodes) {
                for other in (1..=3).filter(|it| *it != id) {
                    assert!(node.peers.is_up(other), "seed {seed}: {id} misses {other}");
                    assert!(node.send(other, b"x"), "seed {seed}");
                }
            }
            nodes.iter().for_each(|it| it.peers.stop());
        })
        .await;
    }
}
