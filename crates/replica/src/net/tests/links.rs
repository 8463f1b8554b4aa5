use std::time::Duration;

use bytes::Buf;
use tokio::time::{Instant, sleep};

use super::super::memory::{MemoryNetwork, address};
use super::super::{Limits, Me, RealNetwork, ask};
use super::*;
use BreakerState::{Closed, HalfOpen, Open};

const ANY_PORT: &str = "127.0.0.1:0";

async fn real_nodes(count: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    for id in 1..=count {
        nodes.push(Node::start(&RealNetwork::default(), ANY_PORT, me(id)).await);
    }
    introduce(&nodes);
    for (id, node) in (1..).zip(&mut nodes) {
        for other in (1..=count).filter(|it| *it != id) {
            node.wait_for(Up(other)).await;
        }
    }
    nodes
}

async fn memory_pair(change: impl Fn(&mut Limits)) -> (MemoryNetwork, Node, Node) {
    let net = MemoryNetwork::new();
    let start = async |id: u8| {
        let mut me: Me = me(id.into());
        change(&mut me.limits);
        Node::start(&net.host(id), &address(id), me).await
    };
    let mut nodes = [start(1).await, start(2).await];
    introduce(&nodes);
    nodes[0].wait_for(Up(2)).await;
    nodes[1].wait_for(Up(1)).await;
    let [one, two] = nodes;
    (net, one, two)
}

#[tokio::test]
async fn thousands_of_frames_arrive_whole_and_in_order_in_all_directions() {
    in_local_set(async {
        const FRAMES: u32 = 5_000;
        let mut nodes = real_nodes(3).await;
        for number in 0..FRAMES {
            let mut frame = number.to_le_bytes().to_vec();
            frame.resize(4 + number as usize % 700, 0xab);
            for (from, to) in [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)] {
                assert!(nodes[from - 1].send(to, &frame));
            }
        }
        for node in &mut nodes {
            let mut next = [0; 4];
            for _ in 0..2 * FRAMES {
                let Frame(from, bytes) = node.next().await else { panic!("a link broke") };
                let expected = &mut next[from as usize];
                assert_eq!((&bytes[..]).get_u32_le(), *expected);
                assert_eq!(bytes.len(), 4 + *expected as usize % 700);
                *expected += 1;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn frames_as_long_as_allowed_arrive_and_longer_ones_are_not_sent() {
    in_local_set(async {
        let mut nodes = real_nodes(2).await;
        let longest = vec![7; Limits::default().frame_bytes];
        assert!(nodes[0].send(2, &longest));
        assert!(!nodes[0].peers.send(2, |out| out.resize(out.len() + longest.len() + 1, 0)));
        assert!(nodes[0].send(2, b"after"));
        assert!(nodes[1].next().await == Frame(1, longest));
        assert_eq!(nodes[1].next().await, Frame(1, b"after".to_vec()));
    })
    .await;
}

#[tokio::test]
async fn a_node_that_stops_is_down_at_once_and_up_again_after_its_restart() {
    in_local_set(async {
        let mut nodes = real_nodes(2).await;
        let gone = nodes.remove(1);
        gone.peers.stop();
        assert_eq!(nodes[0].next().await, Down(2));
        assert!(!nodes[0].peers.is_up(2));
        assert!(!nodes[0].send(2, b"lost"));

        let back = Node::start(&RealNetwork::default(), &gone.address, me(2)).await;
        nodes.push(back);
        introduce(&nodes);
        assert_eq!(nodes[0].next().await, Up(2));
        nodes[1].wait_for(Up(1)).await;
        assert!(nodes[0].send(2, b"found"));
        assert_eq!(nodes[1].next().await, Frame(1, b"found".to_vec()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn down_takes_no_time_when_the_connection_breaks() {
    in_local_set(async {
        let (_net, mut one, two) = memory_pair(|_| {}).await;
        let stopped = Instant::now();
        two.peers.stop();
        assert_eq!(one.next().await, Down(2));
        assert_eq!(stopped.elapsed(), Duration::ZERO);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_breaker_of_a_peer_that_is_away_opens_is_probed_and_closes_when_it_is_back() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let mut one = Node::start(&net.host(1), &address(1), me(1)).await;
        let members = [(1, address(1)), (2, address(2))];
        one.peers.set_members(&members);
        sleep(Duration::from_secs(30)).await; // Simulated.
        let seen = one.breakers.take();
        assert_eq!(seen[..3], [(2, Open), (2, HalfOpen), (2, Open)]);
        let probes = seen.iter().filter(|it| it.1 == HalfOpen).count();
        assert!((8..=30).contains(&probes), "{probes} probes in half a minute");

        let two = Node::start(&net.host(2), &address(2), me(2)).await;
        two.peers.set_members(&members);
        assert_eq!(one.next().await, Up(2));
        assert_eq!(one.breakers.borrow().last(), Some(&(2, Closed)));
        assert!(two.breakers.borrow().is_empty(), "who is there at once is never in doubt");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_member_any_more_is_dropped_and_may_come_back() {
    in_local_set(async {
        let (_net, mut one, mut two) = memory_pair(|_| {}).await;
        one.peers.set_members(&[(1, address(1))]);
        assert_eq!(one.next().await, Down(2));
        assert_eq!(two.next().await, Down(1));
        sleep(Duration::from_secs(30)).await; // Simulated: two keeps knocking, and is refused.
        assert!(one.has_been_told_nothing() && two.has_been_told_nothing());

        one.peers.set_members(&[(1, address(1)), (2, address(2))]);
        assert_eq!(one.next().await, Up(2));
        assert_eq!(two.next().await, Up(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_member_that_moved_is_dialed_at_its_new_address() {
    in_local_set(async {
        let (net, mut one, two) = memory_pair(|_| {}).await;
        two.peers.stop();
        assert_eq!(one.next().await, Down(2));
        let mut moved = Node::start(&net.host(9), &address(9), me(2)).await;
        let members = [(1, address(1)), (2, address(9))];
        one.peers.set_members(&members);
        moved.peers.set_members(&members);
        assert_eq!(one.next().await, Up(2));
        assert_eq!(moved.next().await, Up(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_links_before_there_is_a_cluster() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let nobody = Me::new(0, 2, "n2", 2);
        let mut nodes = [
            Node::start(&net.host(1), &address(1), me(1)).await,
            Node::start(&net.host(2), &address(2), nobody).await,
        ];
        introduce(&nodes);
        sleep(Duration::from_secs(10)).await;
        assert!(nodes[0].has_been_told_nothing() && nodes[1].has_been_told_nothing());

        nodes[1].peers.set_cluster(CLUSTER);
        assert_eq!(nodes[0].next().await, Up(2));
        assert_eq!(nodes[1].next().await, Up(1));
        nodes[1].peers.set_cluster(CLUSTER + 1);
        assert_eq!(nodes[1].next().await, Down(1));
        assert_eq!(nodes[0].next().await, Down(2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_too_slowly_loses_frames_not_our_memory() {
    in_local_set(async {
        let (_net, mut one, two) = memory_pair(|limits| limits.buffer_bytes = 10_000).await;
        two.peers.set_paused(true);
        let mut sent = 0u32;
        // Until the pipe, what the reader holds, and the buffer are full.
        for _ in 0..1_000 {
            while one.send(2, &[1; 1_000]) {
                sent += 1;
            }
            assert!(one.peers.buffered(2) < 30_000);
            tokio::task::yield_now().await;
        }
        sleep(Duration::from_secs(60)).await;
        assert!(one.has_been_told_nothing(), "holding back is not silence");
        assert!(sent > 300);

        let mut two = two;
        assert!(two.has_been_told_nothing());
        two.peers.set_paused(false);
        for _ in 0..sent {
            assert_eq!(two.next().await, Frame(1, vec![1; 1_000]));
        }
        assert_eq!(one.peers.buffered(2), 0);
        assert!(one.has_been_told_nothing() && two.has_been_told_nothing());
    })
    .await;
}

#[tokio::test]
async fn the_way_to_a_peer_and_back_is_measured() {
    in_local_set(async {
        let nodes = real_nodes(2).await;
        while nodes[0].peers.rtt(2).is_none() || nodes[1].peers.rtt(1).is_none() {
            tokio::task::yield_now().await;
        }
        assert!(nodes[0].peers.rtt(2) < Some(Duration::from_secs(1)));
    })
    .await;
}

#[tokio::test]
async fn a_question_gets_its_answer() {
    in_local_set(async {
        let node = Node::start(&RealNetwork::default(), ANY_PORT, Me::new(0, 1, "n1", 1)).await;
        let answer = ask(&RealNetwork::default(), &node.address, b"abc").await.unwrap();
        assert_eq!(answer, b"cba");
        let long: Vec<u8> = (0..1 << 20).map(|it| it as u8).collect();
        let answer = ask(&RealNetwork::default(), &node.address, &long).await.unwrap();
        assert!(answer.iter().rev().eq(&long));
        assert!(ask(&RealNetwork::default(), &node.address, b"drop").await.is_err());
    })
    .await;
}
