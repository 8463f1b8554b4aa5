use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::memory::{MemoryNetwork, address};
use super::super::{Liveness, LivenessMe, RealNetwork, Words};
use super::*;

fn someone(id: u8, address: String, incarnation: u64) -> LivenessMe {
    let name = format!("n{id}");
    LivenessMe {
        id: id.into(),
        name,
        listen: address.clone(),
        address,
        cluster: CLUSTER,
        incarnation,
    }
}

async fn until(liveness: &Liveness, wanted: &[u64]) {
    let wanted: BTreeSet<u64> = wanted.iter().copied().collect();
    let mut live = liveness.watch();
    let reached = timeout(Duration::from_secs(60), live.wait_for(|it| *it == wanted)).await;
    reached.expect("the live set forms within a minute").expect("the gossip runs");
    assert_eq!(liveness.live(), wanted);
}

#[tokio::test(start_paused = true)]
async fn the_live_set_forms_from_one_seed_loses_a_stopped_node_and_takes_it_back() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let start = async |id: u8, incarnation: u64| {
            let me = someone(id, address(id), incarnation);
            Liveness::start(net.host(id), me, vec![address(1)]).await.unwrap()
        };
        let (one, two) = (start(1, 1).await, start(2, 1).await);
        let three = start(3, 1).await;
        for it in [&one, &two, &three] {
            until(it, &[1, 2, 3]).await;
        }
        let mut watch = one.watch();
        watch.mark_unchanged();
        sleep(Duration::from_secs(600)).await;
        assert!(!watch.has_changed().unwrap());

        let stopped = Instant::now();
        drop(three);
        until(&one, &[1, 2]).await;
        until(&two, &[1, 2]).await;
        assert!(stopped.elapsed() > Duration::from_secs(1), "{:?}", stopped.elapsed());
        assert!(stopped.elapsed() < Duration::from_secs(4), "{:?}", stopped.elapsed());

        let started = Instant::now();
        let three = start(3, 2).await;
        for it in [&one, &two, &three] {
            until(it, &[1, 2, 3]).await;
        }
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_one_other_can_reach_lives_for_all() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        net.cut(1, 3);
        net.cut(3, 1);
        let start = async |id: u8| {
            let me = someone(id, address(id), 1);
            Liveness::start(net.host(id), me, vec![address(2)]).await.unwrap()
        };
        let nodes = [start(1).await, start(2).await, start(3).await];
        for it in &nodes {
            until(it, &[1, 2, 3]).await;
        }
    })
    .await;
}

fn load_of(words: &Words, node: u64) -> Option<&str> {
    words.get(&node)?.get("load").map(String::as_str)
}

#[tokio::test(start_paused = true)]
async fn what_a_node_says_of_itself_comes_to_the_others_until_it_ends() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let start = async |id: u8, incarnation: u64| {
            let me = someone(id, address(id), incarnation);
            Liveness::start(net.host(id), me, vec![address(1)]).await.unwrap()
        };
        let (one, two) = (start(1, 1).await, start(2, 1).await);
        let hears = async |wanted: Option<&str>| {
            let mut words = one.watch_words();
            let heard = words.wait_for(|it| load_of(it, 2) == wanted);
            let heard = timeout(Duration::from_secs(60), heard).await;
            heard.expect("it comes within a minute").expect("the gossip runs").clone()
        };
        two.say("load", "5".to_owned());
        two.say("doors", "irc".to_owned());
        hears(Some("5")).await;
        two.say("load", "6".to_owned());
        let heard = hears(Some("6")).await;
        assert_eq!(heard[&2]["doors"], "irc");

        drop(two);
        hears(None).await;
        let two = start(2, 2).await;
        two.say("load", "7".to_owned());
        let heard = hears(Some("7")).await;
        assert!(!heard[&2].contains_key("doors"), "said in the life before: {heard:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn words_that_are_too_long_or_too_many_are_passed_over() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let start = async |id: u8| {
            let me = someone(id, address(id), 1);
            Liveness::start(net.host(id), me, vec![address(1)]).await.unwrap()
        };
        let (one, two) = (start(1).await, start(2).await);
        two.say("a", "x".repeat(2_049));
        for key in ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"] {
            two.say(key, "said".to_owned());
        }
        two.say("a key that no node of ours would use", "said".to_owned());
        let mut words = one.watch_words();
        let heard = words.wait_for(|it| it.get(&2).is_some_and(|it| !it.is_empty()));
        let heard = timeout(Duration::from_secs(60), heard).await;
        let heard = heard.expect("it comes within a minute").expect("the gossip runs")[&2].clone();
        assert_eq!(heard.len(), 8);
        assert!(heard.iter().all(|(key, word)| key.len() == 1 && word == "said"), "{heard:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn seeds_may_be_named_later_and_another_cluster_stays_apart() {
    in_local_set(async {
        let net = MemoryNetwork::new();
        let one = Liveness::start(net.host(1), someone(1, address(1), 1), vec![]).await.unwrap();
        let two = Liveness::start(net.host(2), someone(2, address(2), 1), vec![]).await.unwrap();
        let other = LivenessMe { cluster: 1, ..someone(3, address(3), 1) };
        let other = Liveness::start(net.host(3), other, vec![address(1)]).await.unwrap();
        sleep(Duration::from_secs(10)).await;
        assert_eq!(one.live(), BTreeSet::from([1]));
        two.set_seeds(vec![address(1)]);
        until(&one, &[1, 2]).await;
        until(&two, &[1, 2]).await;
        assert_eq!(other.live(), BTreeSet::from([3]));
    })
    .await;
}

#[tokio::test]
async fn it_gossips_over_real_sockets_too() {
    in_local_set(async {
        let free = || std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let [a, b] = [free().to_string(), free().to_string()];
        let one = Liveness::start(RealNetwork::default(), someone(1, a.clone(), 1), vec![])
            .await
            .unwrap();
        let two = Liveness::start(RealNetwork::default(), someone(2, b, 1), vec![a]).await.unwrap();
        until(&one, &[1, 2]).await;
        until(&two, &[1, 2]).await;
    })
    .await;
}
