//! Situations that have a name.

use super::node::{Ask, Disk, Gossip, Setup};
use super::watch::Memory;
use super::wire::message;
use crate::gossip::{Effects, Entry, Exchange, Input, Kept, Limits, Machine, Message, Start};
use crate::testnet::{Id, Net, Watch, Weather};
use bytes::Bytes;
use proptest::prelude::*;

struct Cluster {
    net: Net<Gossip>,
    memory: Memory,
}

impl Cluster {
    fn new(nodes: u64, limits: Limits) -> Cluster {
        let members: Vec<Id> = (1..=nodes).collect();
        let mut net = Net::new(1, Setup { members: members.clone(), limits }, false);
        net.weather = Weather::fair();
        members.iter().for_each(|it| net.add(*it, Disk::default()));
        let mut cluster = Cluster { net, memory: Memory::new(&limits) };
        cluster.pass(1_000);
        cluster
    }

    fn pass(&mut self, ms: u64) {
        self.net.run_for(ms * 1000, &mut self.memory).unwrap_or_else(|why| panic!("{why}"));
    }

    fn say(&mut self, ids: &[Id]) {
        for id in ids {
            let data = self.memory.data(&mut self.net.random);
            self.net.ask(*id, Ask::Offer(vec![data]));
        }
    }

    fn checkpoint(&mut self, ids: &[Id]) {
        ids.iter().for_each(|it| self.net.ask(*it, Ask::Checkpoint));
        self.pass(500);
    }

    fn split(&mut self, side: &[Id]) {
        let ids = self.net.ids();
        self.net.split(&ids, side);
    }

    fn converges(&mut self) {
        self.pass(10_000);
        self.memory.converged(&self.net).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(self.memory.lost, 0);
    }

    fn met(&self) -> Vec<(Id, Vec<Id>, bool)> {
        let all = self.memory.met.iter();
        let mut met: Vec<_> = all.map(|(id, it)| (*id, it.peers.clone(), it.announces)).collect();
        met.sort_unstable();
        met
    }
}

#[test]
fn after_a_clean_cut_every_node_says_so_and_one_announces_it() {
    let mut cluster = Cluster::new(5, Limits::default());
    cluster.split(&[2, 4]);
    cluster.pass(1_000);
    cluster.say(&[2, 3]);
    cluster.pass(2_000);
    cluster.net.heal();
    cluster.converges();
    let (left, right) = (vec![2, 4], vec![1, 3, 5]);
    let expected = vec![
        (1, left.clone(), true),
        (2, right.clone(), false),
        (3, left.clone(), false),
        (4, right, false),
        (5, left, false),
    ];
    assert_eq!(cluster.met(), expected);
}

#[test]
fn data_that_has_a_stamp_keeps_it_and_later_stamps_are_above_it() {
    let (disk, mut effects) = (Disk::default(), Effects::default());
    let start = Start::default();
    let mut machine = Machine::new(1, Limits::default(), 1, (0, 9), &start, &disk, &mut effects);
    let stamped = Input::Stamped { hlc: 77 << 16, data: Bytes::from_static(b"one") };
    for input in [stamped, Input::offer(Bytes::from_static(b"two"))] {
        machine.step(0, 9, input, &disk, &mut effects);
    }
    let stamps: Vec<u64> = effects.appends.iter().map(|it| it.hlc).collect();
    assert_eq!(stamps, [77 << 16, (77 << 16) + 1]);
}

#[test]
fn a_cut_in_which_one_side_was_silent_and_a_short_break_are_no_meeting() {
    let mut cluster = Cluster::new(3, Limits::default());
    cluster.split(&[1]);
    cluster.say(&[2, 3]);
    cluster.pass(3_000);
    cluster.net.heal();
    cluster.pass(3_000);
    cluster.split(&[1]);
    cluster.say(&[1, 2]);
    cluster.pass(500);
    cluster.net.heal();
    cluster.converges();
    assert_eq!(cluster.met(), []);
}

#[test]
fn a_chain_of_links_carries_everything_to_everybody_with_any_fanout() {
    for fanout in 1..=3 {
        let mut cluster = Cluster::new(6, Limits { fanout, ..Limits::default() });
        for one in 1..=6u64 {
            for other in (1..=6).filter(|other| one.abs_diff(*other) > 1) {
                cluster.net.cut(one, other);
            }
        }
        for _ in 0..20 {
            cluster.say(&[1, 3, 6]);
            cluster.pass(100);
        }
        cluster.converges();
    }
}

#[test]
fn one_node_alone_goes_on_writing() {
    let mut cluster = Cluster::new(3, Limits::default());
    [2, 3].iter().for_each(|it| cluster.net.crash(*it));
    cluster.say(&[1, 1, 1]);
    cluster.pass(1_000);
    assert_eq!(cluster.memory.acked.get(1), 3);
    [2, 3].iter().for_each(|it| cluster.net.restart(*it));
    cluster.converges();
}

#[test]
fn who_lacks_what_was_purged_is_given_the_state_and_keeps_what_only_it_had() {
    let mut cluster = Cluster::new(3, Limits { keep_bytes_max: 0, ..Limits::default() });
    cluster.split(&[3]);
    (0..10).for_each(|_| cluster.say(&[1, 2, 3]));
    cluster.pass(1_000);
    // Two of three have it: it may go. What 3 wrote, it alone has: it stays.
    cluster.checkpoint(&[1, 2, 3]);
    let floors = |id| cluster.net.node(id).expect("it is up").machine.floors();
    assert_eq!((floors(1).get(1), floors(3).get(3)), (10, 0));
    cluster.net.heal();
    cluster.converges();
    assert_eq!(cluster.memory.acked.iter().map(|it| it.1).sum::<u64>(), 30);
}

#[test]
fn states_that_each_have_what_is_in_no_log_any_more_are_joined() {
    let mut cluster = Cluster::new(3, Limits { keep_bytes_max: 0, ..Limits::default() });
    cluster.memory.wipes_left = 2;
    cluster.split(&[3]);
    cluster.say(&[2]);
    cluster.pass(3_000);
    cluster.checkpoint(&[1, 2]);
    cluster.net.wipe(1, &mut cluster.memory);
    // Now 2 alone has in its state what it wrote. And the same again on the other side.
    cluster.net.heal();
    cluster.split(&[2]);
    cluster.say(&[3]);
    cluster.pass(3_000);
    cluster.checkpoint(&[3, 1001]);
    cluster.net.wipe(1001, &mut cluster.memory);
    let floors = |id| cluster.net.node(id).expect("it is up").machine.floors();
    assert_eq!((floors(2).get(2), floors(3).get(3)), (1, 1));
    cluster.net.heal();
    cluster.converges();
    assert!(cluster.memory.joined > 0);
}

#[test]
fn a_log_is_kept_until_every_member_has_told_that_it_has_it() {
    let mut cluster = Cluster::new(3, Limits::default());
    cluster.net.crash(3);
    cluster.say(&[1; 10]);
    cluster.pass(5_000);
    cluster.checkpoint(&[1]);
    let floor = |it: &Cluster| it.net.node(1).expect("it is up").machine.floors().get(1);
    assert_eq!(floor(&cluster), 0);
    cluster.net.restart(3);
    cluster.pass(5_000);
    cluster.checkpoint(&[1]);
    assert_eq!(floor(&cluster), 10);
}

#[test]
fn a_node_whose_disk_was_wiped_gets_everything_as_another() {
    let mut cluster = Cluster::new(3, Limits::default());
    (0..10).for_each(|_| cluster.say(&[1, 2, 3]));
    cluster.pass(5_000);
    cluster.checkpoint(&[1, 2]);
    cluster.memory.wipes_left = 1;
    cluster.net.wipe(3, &mut cluster.memory);
    cluster.say(&[1, 1003]);
    cluster.converges();
    assert_eq!(cluster.net.node(1003).expect("it is up").state.get(3), 10);
}

#[test]
fn a_clock_that_runs_far_ahead_carries_no_other_away() {
    let mut cluster = Cluster::new(3, Limits::default());
    let hours = 3_600_000;
    cluster.net.jump_wall(3, 10 * hours);
    cluster.say(&[3]);
    cluster.pass(100);
    cluster.say(&[1]);
    cluster.net.jump_wall(3, -10 * hours);
    cluster.say(&[3]); // After its own, all the same: the memory looks.
    cluster.net.jump_wall(2, hours / 2);
    cluster.say(&[2]);
    cluster.pass(100);
    cluster.say(&[1]);
    cluster.converges();
    let clock = |id| cluster.net.node(id).expect("it is up").machine.clock() >> 16;
    assert!(clock(3) > clock(2) + 9 * hours as u64);
    assert_eq!(clock(1), clock(2)); // Half an hour is followed: 1 answers after 2.
}

fn alone() -> (Machine, Effects) {
    alone_with(Limits::default())
}

fn alone_with(limits: Limits) -> (Machine, Effects) {
    let mut effects = Effects::default();
    let (start, disk) = (Start::default(), Disk::default());
    let mut machine = Machine::new(1, limits, 7, (0, 0), &start, &disk, &mut effects);
    machine.step(0, 0, Input::Members(vec![1, 2, 3]), &disk, &mut effects);
    machine.step(0, 0, Input::Link { peer: 2, is_up: true }, &disk, &mut effects);
    (machine, effects)
}

#[test]
fn who_waits_to_know_what_others_have_asks_all_who_are_linked_at_once() {
    let (mut machine, _) = alone();
    let mut effects = Effects::default();
    machine.step(1, 1, Input::Compare, &Disk::default(), &mut effects);
    let asked = effects.sends.iter().filter(|(_, it)| {
        Message::decode(it).and_then(|it| it.exchange).is_some_and(|it| it.is_question)
    });
    assert_eq!(asked.map(|it| it.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_node_whose_disk_forgot_what_others_have_of_it_writes_nothing_more() {
    let (mut machine, mut effects) = alone();
    let kept = vec![Kept { origin: 1, upto: 1, floor: 0 }];
    let exchange = Some(Exchange { is_question: true, asked_ms: 0, kept });
    let message = Message { exchange, ..Message::default() }.encode();
    let received = Input::Received { from: 2, message };
    machine.step(1, 1, received, &Disk::default(), &mut effects);
    assert!(effects.has_forgotten && machine.room() == 0);
    machine.step(2, 2, Input::offer(Bytes::new()), &Disk::default(), &mut effects);
    assert!(effects.appends.is_empty());
}

#[test]
fn nothing_of_an_own_entry_leaves_before_it_is_on_disk() {
    let (mut machine, mut effects) = alone();
    effects.sends.clear();
    machine.step(1, 1, Input::offer(Bytes::new()), &Disk::default(), &mut effects);
    assert!(effects.sends.is_empty() && effects.delivers.is_empty());
    assert_eq!(machine.version().get(1), 0);
    machine.step(1, 1, Input::Synced(1), &Disk::default(), &mut effects);
    assert_eq!((effects.sends.len(), effects.delivers.len()), (1, 1));
}

#[test]
fn the_nearest_are_those_with_the_shortest_round_trips() {
    let (mut machine, mut effects) = alone();
    let disk = Disk::default();
    machine.step(0, 0, Input::Fanout(1), &disk, &mut effects);
    machine.step(0, 0, Input::Link { peer: 3, is_up: true }, &disk, &mut effects);
    for (peer, micros, nearest) in [(3, 900, 3), (2, 30_000, 3), (2, 1, 3), (3, 900_000, 2)] {
        machine.step(0, 0, Input::Rtt { peer, micros }, &disk, &mut effects);
        assert_eq!(machine.status().near, [nearest]);
    }
}

#[test]
fn who_is_near_stays_until_another_is_clearly_nearer() {
    let (mut machine, mut effects) = alone_with(Limits { fanout: 1, ..Limits::default() });
    let disk = Disk::default();
    machine.step(0, 0, Input::Rtt { peer: 2, micros: 8_000 }, &disk, &mut effects);
    machine.step(0, 0, Input::Link { peer: 3, is_up: true }, &disk, &mut effects);
    for (peer, micros, nearest) in [(3, 4_000, 2), (3, 4_000, 2), (2, 200_000, 3), (2, 1, 3)] {
        machine.step(0, 0, Input::Rtt { peer, micros }, &disk, &mut effects);
        assert_eq!(machine.status().near, [nearest], "{peer} {micros}");
    }
}

#[test]
fn a_step_of_a_coarse_clock_does_not_make_a_near_peer_a_far_one() {
    let limits = Limits { fanout: 1, clock_ms: 25, exchange_ms: 1_000_000, ..Limits::default() };
    let (mut machine, mut effects) = alone_with(limits);
    let disk = Disk::default();
    machine.step(0, 0, Input::Link { peer: 3, is_up: true }, &disk, &mut effects);
    let mut answer = |from, asked_ms, now_ms| {
        let exchange = Some(Exchange { is_question: false, asked_ms, kept: Vec::new() });
        let message = Message { exchange, ..Message::default() }.encode();
        machine.step(now_ms, 0, Input::Received { from, message }, &disk, &mut effects);
        machine.status().near
    };
    let near = answer(2, 0, 0);
    for _ in 0..20 {
        assert_eq!(answer(3, 0, 0), near);
        assert_eq!(answer(near[0], 0, 25), near, "it may have taken no time at all");
    }
    for _ in 0..20 {
        answer(near[0], 0, 400);
    }
    assert_ne!(answer(3, 400, 400), near, "that is far");
}

#[test]
fn of_two_who_send_everything_the_slower_is_pruned_though_it_was_first_once() {
    let (mut machine, mut effects) = alone();
    let disk = Disk::default();
    machine.step(0, 0, Input::Link { peer: 3, is_up: true }, &disk, &mut effects);
    let mut prunes = |from, index| {
        let push = vec![Entry { origin: 9, index, hlc: index, data: Bytes::new() }];
        let message = Message { push, ..Message::default() }.encode();
        effects.sends.clear();
        machine.step(0, 0, Input::Received { from, message }, &disk, &mut effects);
        let to_it = effects.sends.iter().filter(|it| it.0 == from);
        let said: Vec<_> = to_it.filter_map(|it| Message::decode(&it.1)).collect();
        said.iter().any(|it| it.prune == [9])
    };
    assert!(!prunes(2, 1)); // The parent, for it is the first.
    assert!(!prunes(3, 2)); // The other was faster.
    assert!(prunes(2, 2)); // And so takes its place.
    assert!(!prunes(3, 3) && prunes(2, 3) && prunes(2, 4)); // It may not have heard.
    assert!(!prunes(3, 4) && !prunes(3, 5)); // The parent may repeat itself.
}

#[test]
fn two_places_whose_nodes_are_near_to_each_other_only_are_one_network() {
    let mut cluster = Cluster::new(6, Limits { fanout: 2, ..Limits::default() });
    for id in 1..=6 {
        for peer in (1..=6).filter(|it| *it != id) {
            let is_here = (id <= 3) == (peer <= 3);
            cluster.net.ask(id, Ask::Rtt(peer, if is_here { 1 } else { 500_000 }));
        }
    }
    let grafts = |it: &Cluster| {
        let all = (1..=6).filter_map(|id| it.net.node(id));
        all.map(|it| it.machine.counters().grafts_sent).sum::<u64>()
    };
    let mut before = 0;
    for round in 0..60 {
        if round == 40 {
            before = grafts(&cluster);
            assert!(before > 0);
        }
        cluster.say(&[1, 2, 3, 4, 5, 6]);
        cluster.pass(50);
    }
    assert_eq!(grafts(&cluster), before, "once it stands the tree carries everything");
    cluster.converges();
}

#[test]
fn many_entries_at_once_leave_in_messages_of_bounded_size() {
    let (mut machine, mut effects) = alone();
    let disk = Disk::default();
    effects.sends.clear();
    machine.step(1, 1, Input::Offer(vec![vec![7; 1_000].into(); 2_000]), &disk, &mut effects);
    machine.step(1, 1, Input::Synced(2_000), &disk, &mut effects);
    assert!(effects.sends.len() > 1);
    assert!(effects.sends.iter().all(|it| it.1.len() < 2 * machine.limits.part_bytes_max));
    let messages = effects.sends.iter().filter_map(|it| Message::decode(&it.1));
    assert_eq!(messages.map(|it| it.push.len()).sum::<usize>(), 2_000);
}

proptest! {
    /// As if the link were to somebody else altogether.
    #[test]
    fn no_message_makes_the_machine_fall_or_grow_beyond_its_limits(
        messages in prop::collection::vec(message(), 1..10),
        bytes in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let limits = Limits { waiting_entries_max: 5, unsynced_bytes_max: 1_000, ..Limits::default() };
        let (mut machine, mut effects) = alone();
        machine.limits = limits;
        let disk = Disk::default();
        let garbage = std::iter::once(Bytes::from(bytes));
        for (ms, message) in (1..).zip(messages.iter().map(Message::encode).chain(garbage)) {
            for from in [2, 3, 4] {
                let received = Input::Received { from, message: message.clone() };
                machine.step(ms * 100, ms, received, &disk, &mut effects);
                prop_assert!(machine.status().waiting <= 5);
            }
        }
        machine.step(100_000, 1, Input::Tick, &disk, &mut effects);
        let _ = (machine.status(), machine.deadline_ms(), machine.purge(&machine.version()));
    }
}

/// A watch that looks at a start must see the state first: the memory relies on it.
#[test]
fn a_restarted_node_delivers_what_its_state_lacks_and_nothing_else() {
    let mut cluster = Cluster::new(2, Limits::default());
    cluster.say(&[1, 2, 1]);
    cluster.pass(500);
    cluster.checkpoint(&[1]);
    cluster.say(&[2, 1]);
    cluster.pass(500);
    cluster.net.crash(1);
    cluster.net.restart(1);
    cluster.pass(1);
    let counters = cluster.net.node(1).expect("it is up").machine.counters();
    assert_eq!(counters.delivered, 2);
    cluster.memory.disturb(&mut cluster.net);
    cluster.converges();
}
