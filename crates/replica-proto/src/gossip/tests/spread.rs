//! How entries spread when nothing goes wrong: over which links, how often, and how fast.

use super::node::{Ask, Disk, Gossip, News, Setup};
use crate::gossip::{Counters, Effects, Input, Limits, Machine, Origin, Start};
use crate::testnet::{Id, Net, Watch, Weather};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// When each entry was delivered: first at its origin.
#[derive(Default)]
struct Times {
    now_us: u64,
    delivered: BTreeMap<(Origin, u64), Vec<u64>>,
}

impl Watch<Gossip> for Times {
    fn look(&mut self, _id: Id, node: &mut Gossip, _disk: &Disk) -> Result<(), String> {
        for news in node.news.drain(..) {
            if let News::Delivered(entry) = news {
                let times = self.delivered.entry((entry.origin, entry.index)).or_default();
                times.push(self.now_us);
            }
        }
        Ok(())
    }
}

/// What was seen of a network in which messages take 1 ms.
struct Seen {
    counters: Counters,
    /// Entries that others than their origins delivered.
    deliveries: u64,
    /// How long it took from the ack until all had an entry, sorted.
    spread_us: Vec<u64>,
    size: u64,
}

impl Seen {
    fn bodies_per_delivery(&self) -> f64 {
        let bodies = self.counters.bodies_pushed + self.counters.bodies_answered;
        bodies as f64 / self.deliveries as f64
    }

    fn bytes_ratio(&self) -> f64 {
        self.counters.bytes_sent as f64 / (self.deliveries * self.size) as f64
    }

    fn spread_us(&self, per_mille: usize) -> u64 {
        self.spread_us[(self.spread_us.len() - 1) * per_mille / 1000]
    }
}

fn sum(net: &Net<Gossip>) -> Counters {
    let mut sum = Counters::default();
    for id in net.ids() {
        let it = net.node(id).expect("all are up").counters();
        sum.bodies_pushed += it.bodies_pushed;
        sum.bodies_answered += it.bodies_answered;
        sum.bodies_repeated += it.bodies_repeated;
        sum.bytes_sent += it.bytes_sent;
        sum.messages_sent += it.messages_sent;
        sum.digests_sent += it.digests_sent;
        sum.grafts_sent += it.grafts_sent;
        sum.prunes_sent += it.prunes_sent;
        sum.exchanges_sent += it.exchanges_sent;
    }
    sum
}

/// So many nodes; 500 messages a second from all of them, for some seconds.
fn run(nodes: u64, fanout: usize, size: u64, warm_up: u64, seconds: u64) -> Seen {
    let limits = Limits { fanout, ..Limits::default() };
    // Identities are large in real life, and cost their bytes.
    let members: Vec<Id> = (1..=nodes).map(|it| it << 50).collect();
    let mut net = Net::<Gossip>::new(1, Setup { members: members.clone(), limits }, false);
    net.weather = Weather { delay_us: (1_000, 1_000), sync_us: (100, 300), ..Weather::fair() };
    members.iter().for_each(|it| net.add(*it, Disk::default()));
    let mut times = Times::default();
    let mut before = Counters::default();
    pass(&mut net, &mut times, 2_000_000);
    for millis in 0..(warm_up + seconds) * 1000 {
        if millis == warm_up * 1000 {
            pass(&mut net, &mut times, 100_000); // What is under way arrives before counting begins.
            before = sum(&net);
            times.delivered.clear();
        }
        if millis % 2 == 0 {
            let id = net.random.pick(&members).expect("there are some");
            net.ask(id, Ask::Offer(vec![Bytes::from(vec![7; size as usize])]));
        }
        pass(&mut net, &mut times, 1_000);
    }
    pass(&mut net, &mut times, 100_000);
    let after = sum(&net);
    pass(&mut net, &mut times, 5_000_000);
    let whole = times.delivered.values().filter(|it| it.len() == nodes as usize);
    let mut spread_us: Vec<u64> = whole.map(|it| it[it.len() - 1] - it[0]).collect();
    assert_eq!(spread_us.len(), times.delivered.len(), "some did not reach all");
    spread_us.sort_unstable();
    let counters = Counters {
        bodies_pushed: after.bodies_pushed - before.bodies_pushed,
        bodies_answered: after.bodies_answered - before.bodies_answered,
        bodies_repeated: after.bodies_repeated - before.bodies_repeated,
        bytes_sent: after.bytes_sent - before.bytes_sent,
        messages_sent: after.messages_sent - before.messages_sent,
        digests_sent: after.digests_sent - before.digests_sent,
        grafts_sent: after.grafts_sent - before.grafts_sent,
        prunes_sent: after.prunes_sent - before.prunes_sent,
        exchanges_sent: after.exchanges_sent - before.exchanges_sent,
        ..Counters::default()
    };
    let deliveries = spread_us.len() as u64 * (nodes - 1);
    Seen { counters, deliveries, spread_us, size }
}

/// Lets time pass in steps that are short enough to tell when something happened.
fn pass(net: &mut Net<Gossip>, times: &mut Times, us: u64) {
    let end = net.now_us() + us;
    while net.now_us() < end {
        times.now_us = net.now_us();
        net.run_for(100.min(end - net.now_us()), times).expect("nothing is objected to");
    }
}

/// How long a node needs that was away while so many entries were written.
fn catch_up_us(entries: usize, delay_us: u64) -> u64 {
    let limits = Limits::default();
    let members = [1 << 50, 2 << 50, 3 << 50];
    let mut net = Net::<Gossip>::new(1, Setup { members: members.into(), limits }, false);
    let delay_us = (delay_us, delay_us);
    net.weather = Weather { delay_us, sync_us: (500, 2_000), ..Weather::fair() };
    members.iter().for_each(|it| net.add(*it, Disk::default()));
    let mut times = Times::default();
    pass(&mut net, &mut times, 2_000_000);
    net.split(&members, &members[2..]);
    for _ in 0..entries / 200 {
        for id in &members[..2] {
            net.ask(*id, Ask::Offer(vec![Bytes::from(vec![7; 100]); 100]));
        }
        pass(&mut net, &mut times, 5_000);
    }
    pass(&mut net, &mut times, 2_000_000);
    net.heal();
    let began = net.now_us();
    let whole = net.node(members[0]).expect("it is up").state.clone();
    while net.node(members[2]).expect("it is up").state != whole {
        pass(&mut net, &mut times, 1_000);
        assert!(net.now_us() - began < 60_000_000, "it does not catch up");
    }
    net.now_us() - began
}

#[test]
fn who_was_away_catches_up_at_the_pace_of_links_and_disk_not_of_timers() {
    let us = catch_up_us(10_000, 1_000);
    assert!(us < 100_000, "{us}");
}

#[test]
fn with_three_nodes_the_origin_sends_its_entry_once_to_each() {
    let seen = run(3, 3, 100, 0, 3);
    assert_eq!(seen.counters.bodies_pushed, seen.deliveries);
    assert_eq!(seen.counters.bodies_answered, 0);
    assert!(seen.spread_us(1000) <= 1_200, "{}", seen.spread_us(1000));
}

#[test]
fn with_ten_nodes_and_any_fanout_a_body_comes_little_more_than_once() {
    for fanout in 1..=3 {
        let seen = run(10, fanout, 100, 2, 4);
        assert!(seen.bodies_per_delivery() < 1.1, "{fanout}: {}", seen.bodies_per_delivery());
        assert!(seen.bytes_ratio() < 1.5, "{fanout}: {}", seen.bytes_ratio());
    }
}

/// `cargo test --profile quick -p replica-proto gossip::tests::spread::figures -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
#[allow(clippy::print_stdout)]
fn figures() {
    println!("10 nodes, links of 1 ms, 500 messages/s: per message delivered elsewhere");
    println!(
        "fanout  size  bodies  bytes/size  p50 ms  p99 ms  worst  digests grafts prunes repeats messages"
    );
    for (size, fanout) in [(100, 1), (100, 2), (100, 3), (200, 1), (200, 2), (200, 3), (100, 9)] {
        let seen = run(10, fanout, size, 3, 20);
        let of = |count: u64| count as f64 / seen.deliveries as f64;
        println!(
            "{fanout:>6} {size:>5} {:>7.3} {:>11.3} {:>7.1} {:>7.1} {:>6.1} {:>8.3} {:>6.4} {:>6.4} {:>7.4} {:>8.3}",
            seen.bodies_per_delivery(),
            seen.bytes_ratio(),
            seen.spread_us(500) as f64 / 1000.0,
            seen.spread_us(990) as f64 / 1000.0,
            seen.spread_us(1000) as f64 / 1000.0,
            of(seen.counters.digests_sent),
            of(seen.counters.grafts_sent),
            of(seen.counters.prunes_sent),
            of(seen.counters.bodies_repeated),
            of(seen.counters.messages_sent),
        );
    }
    for delay_us in [100, 1_000, 20_000] {
        let ms = catch_up_us(100_000, delay_us) / 1000;
        println!("100,000 messages of 100 bytes missed, links of {delay_us} us: {ms} ms");
    }
    for warm_up in [0, 1, 2] {
        let seen = run(10, 3, 100, warm_up, 1);
        let (p50, p99) = (seen.spread_us(500), seen.spread_us(990));
        println!(
            "second {warm_up}: p50 {p50} us, p99 {p99} us, bodies {:.3}",
            seen.bodies_per_delivery()
        );
    }
}

/// A million entries from one of three nodes to the others, nothing between them, in batches of 64: to be
/// timed from outside.
#[test]
#[ignore = "to be timed"]
fn a_million_entries() {
    let (disk, members) = (Disk::default(), vec![1, 2, 3]);
    let start = Start::default();
    let mut effects = Effects::default();
    let limits = Limits::default();
    let mut machines: Vec<Machine> = (1..=3)
        .map(|me| Machine::new(me, limits, me, (0, 0), &start, &disk, &mut effects))
        .collect();
    let mut appended = [0; 3];
    let mut queue: VecDeque<(usize, Input)> = VecDeque::new();
    for it in 0..3 {
        queue.push_back((it, Input::Members(members.clone())));
        for peer in (1..=3).filter(|peer| *peer != it as u64 + 1) {
            queue.push_back((it, Input::Link { peer, is_up: true }));
        }
    }
    let mut delivered = 0;
    for ms in 0..1_000_000 / 64 {
        queue.push_back((0, Input::Offer(vec![Bytes::from_static(&[7; 100]); 64])));
        while let Some((at, input)) = queue.pop_front() {
            machines[at].step(ms, ms, input, &disk, &mut effects);
            if !effects.appends.is_empty() {
                appended[at] += effects.appends.len() as u64;
                effects.appends.clear();
                queue.push_back((at, Input::Synced(appended[at])));
            }
            delivered += effects.delivers.drain(..).count();
            for (to, message) in effects.sends.drain(..) {
                queue
                    .push_back((to as usize - 1, Input::Received { from: at as u64 + 1, message }));
            }
        }
    }
    assert_eq!(delivered, 3 * (1_000_000 / 64 * 64));
}
