//! What strangers, fools and broken peers get.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::super::handshake::{self, ASK_MAGIC, HandshakeError, Hello, MAGIC_BYTES};
use super::super::memory::{MemoryNetwork, address};
use super::super::{Limits, ask};
use super::*;

/// Node 1, which knows node 2 and no other, and the network as host 2 sees it.
async fn node_that_knows_two() -> (MemoryNetwork, Node) {
    let net = MemoryNetwork::new();
    let node = Node::start(&net.host(1), &address(1), me(1)).await;
    node.peers.set_members(&[(2, address(2))]);
    (net.host(2), node)
}

async fn refusal(net: &MemoryNetwork, hello: Hello) -> String {
    let mut stream = net.connect(&address(1)).await.unwrap();
    match handshake::call(&mut stream, &hello).await {
        Err(HandshakeError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_of_another_cluster_node_or_version_hears_why_not() {
    in_local_set(async {
        let (net, mut node) = node_that_knows_two().await;
        let good = Hello::new(CLUSTER, 2, 1, "n2");
        let cases = [
            (
                Hello { cluster: 1, ..good.clone() },
                "cluster 000000000000004d here, not 0000000000000001",
            ),
            (Hello { to: 5, ..good.clone() }, "this is node 1, not node 5"),
            (Hello { from: 3, ..good.clone() }, "node 3 is no member known here"),
            (Hello { from: 1, ..good.clone() }, "node 1 is no member known here"),
            (
                Hello { version: 9, ..good.clone() },
                "link version 1 here, not 9: run one version on all nodes",
            ),
        ];
        for (hello, why) in cases {
            assert_eq!(refusal(&net, hello).await, why);
        }
        node.peers.set_cluster(0);
        assert_eq!(refusal(&net, good).await, "not in a cluster yet");
        assert!(node.has_been_told_nothing());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_of_a_version_with_another_layout_hears_both_versions_at_once() {
    in_local_set(async {
        let (net, _node) = node_that_knows_two().await;
        let mut stream = net.connect(&address(1)).await.unwrap();
        // Half of what this version would wait for, and then nothing.
        stream.write_all(b"STARLINK\x02\x00and more").await.unwrap();
        let mut reason = vec![0; stream.read_u8().await.unwrap().into()];
        stream.read_exact(&mut reason).await.unwrap();
        assert_eq!(reason, b"link version 1 here, not 2: run one version on all nodes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn garbage_closes_the_connection() {
    in_local_set(async {
        let (net, _node) = node_that_knows_two().await;
        let mut over_long = ASK_MAGIC.to_vec();
        over_long.extend_from_slice(&u32::MAX.to_le_bytes());
        for garbage in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0; 4_000], over_long] {
            let mut stream = net.connect(&address(1)).await.unwrap();
            let _ = stream.write_all(&garbage).await;
            assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
        }
        assert_eq!(ask(&net, &address(1), b"ab").await.unwrap(), b"ba");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn half_a_handshake_is_closed_in_time_and_only_so_many_may_try() {
    in_local_set(async {
        let (net, _node) = node_that_knows_two().await;
        let limits = Limits::default();
        let started = Instant::now();
        let mut slow = Vec::new();
        for _ in 0..limits.strangers {
            let mut stream = net.connect(&address(1)).await.unwrap();
            stream.write_all(&ASK_MAGIC[..3]).await.unwrap();
            slow.push(stream);
        }
        let mut one_too_many = net.connect(&address(1)).await.unwrap();
        assert_eq!(one_too_many.read(&mut [0; 9]).await.unwrap(), 0);
        assert_eq!(started.elapsed(), Duration::ZERO);
        for mut stream in slow {
            assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
        }
        assert!(started.elapsed() < limits.handshake + Duration::from_millis(10));
        assert_eq!(ask(&net, &address(1), b"ab").await.unwrap(), b"ba");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_no_frames_is_hung_up_on() {
    in_local_set(async {
        for broken in [u32::MAX, Limits::default().frame_bytes as u32 + 1] {
            let (net, mut node) = node_that_knows_two().await;
            // We play node 2, both directions by hand.
            let listener = net.listen(&address(2)).await.unwrap();
            let (mut from_node, _) = MemoryNetwork::accept(&listener).await.unwrap();
            from_node.read_exact(&mut [0; MAGIC_BYTES]).await.unwrap();
            let version = handshake::read_version(&mut from_node).await.unwrap();
            let heard = handshake::read_hello(&mut from_node, version).await.unwrap();
            assert_eq!(heard, Hello::new(CLUSTER, 1, 2, "n1"));
            handshake::accept(&mut from_node).await.unwrap();
            let mut to_node = net.connect(&address(1)).await.unwrap();
            let hello = Hello::new(CLUSTER, 2, 1, "n2");
            handshake::call(&mut to_node, &hello).await.unwrap();
            assert_eq!(node.next().await, Up(2));

            to_node.write_all(&[1, 0, 0, 0, b'x']).await.unwrap();
            to_node.write_all(&broken.to_le_bytes()).await.unwrap();
            assert_eq!(node.next().await, Frame(2, b"x".to_vec()));
            assert_eq!(node.next().await, Down(2));
            // Both directions are closed.
            assert_eq!(to_node.read(&mut [0; 9]).await.unwrap(), 0);
            let mut rest = Vec::new();
            from_node.read_to_end(&mut rest).await.unwrap();
        }
    })
    .await;
}
