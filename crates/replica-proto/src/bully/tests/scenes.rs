//! Situations that have a name.

use super::super::{Bully, Input, Message, Options, Position, Reign, Sends, Standing};
use super::watch::{Truth, settled};
use super::{Ask, Member, Setup};
use crate::testnet::{Id, Net, Weather};

const MS: u64 = 1_000;

struct Scene {
    net: Net<Member>,
    truth: Truth,
}

impl Scene {
    /// Members 1 to `count`, all of which agree already.
    fn new(count: u64) -> Scene {
        let members: Vec<Id> = (1..=count).collect();
        let setup = Setup { members: members.clone(), options: Options::default() };
        let mut net = Net::new(count, setup, true);
        net.weather = Weather::fair();
        members.iter().for_each(|it| net.add(*it, ()));
        let mut scene = Scene { net, truth: Truth::new(members) };
        scene.pass(1_000);
        scene.settled();
        scene
    }

    fn pass(&mut self, ms: u64) {
        self.net.run_for(ms * MS, &mut self.truth).expect("nothing wrong is seen");
    }

    fn settled(&self) -> Reign {
        settled(&self.truth, &self.net).expect("all agree")
    }

    fn standing(&self, id: Id) -> Standing {
        self.net.node(id).expect("it is up").machine.standing()
    }

    fn cut(&mut self, side: &[Id]) {
        let ids = self.net.ids();
        self.net.split(&ids, side);
    }
}

/// One machine, of members 1 to 4, with links to all others.
fn alone(me: u64) -> Bully {
    let mut machine = Bully::new(me, 1, Options::default());
    feed(&mut machine, 0, Input::Members(vec![1, 2, 3, 4]));
    for peer in (1..=4).filter(|it| *it != me) {
        feed(&mut machine, 0, Input::Link(peer, true));
    }
    machine
}

fn feed(machine: &mut Bully, now: u64, input: Input) -> Sends {
    let mut sends = Sends::new();
    machine.step(now, input, &mut sends);
    sends
}

fn reign(coordinator: u64) -> Reign {
    Reign { round: 1, coordinator, life: 1 }
}

fn says(from: u64, message: Message) -> Input {
    Input::Receive(from, message)
}

#[test]
fn one_alone_coordinates() {
    let scene = Scene::new(1);
    assert_eq!(scene.settled().coordinator, 1);
}

#[test]
fn after_the_coordinators_death_the_next_one_says_so_to_all_and_each_answers_once() {
    let mut scene = Scene::new(5);
    let before = scene.settled();
    let sent = scene.net.sent;
    scene.net.crash(5);
    scene.pass(20); // One heartbeat later it would be more.
    let after = scene.settled();
    assert_eq!((before.coordinator, after.coordinator), (5, 4));
    assert!(after.round > before.round);
    assert_eq!(scene.net.sent - sent, 3 * 2);
}

#[test]
fn the_network_is_coordinated_down_to_one() {
    let mut scene = Scene::new(4);
    for id in [4, 2, 3] {
        scene.net.crash(id);
        scene.pass(500);
        scene.settled();
    }
    assert_eq!(scene.settled().coordinator, 1);
}

#[test]
fn a_higher_one_that_comes_back_coordinates_again() {
    let mut scene = Scene::new(3);
    scene.net.crash(3);
    scene.pass(500);
    let between = scene.settled();
    scene.net.restart(3);
    scene.pass(1_000);
    assert_eq!(between.coordinator, 2);
    assert_eq!(scene.settled().coordinator, 3);
    assert!(scene.settled().round > between.round);
}

#[test]
fn who_comes_up_and_cannot_reach_all_waits_longer_before_it_coordinates_alone() {
    let coordinates = |peers: &[u64], at_ms: u64| {
        let mut machine = Bully::new(4, 1, Options::default());
        feed(&mut machine, 0, Input::Members(vec![1, 2, 3, 4]));
        peers.iter().for_each(|it| drop(feed(&mut machine, 0, Input::Link(*it, true))));
        feed(&mut machine, at_ms, Input::Tick);
        matches!(machine.standing(), Standing::Coordinates { .. })
    };
    let Options { arrive_ms, arrive_alone_ms, .. } = Options::default();
    assert!(!coordinates(&[1, 2, 3], arrive_ms - 1) && coordinates(&[1, 2, 3], arrive_ms));
    for some in [&[1, 2][..], &[]] {
        assert!(!coordinates(some, arrive_alone_ms - 1) && coordinates(some, arrive_alone_ms));
    }
}

#[test]
fn a_lower_one_that_comes_back_is_told_who_coordinates_and_nobody_is_elected() {
    let mut scene = Scene::new(3);
    let before = scene.settled();
    scene.net.crash(1);
    scene.net.restart(1);
    scene.pass(500);
    assert_eq!(scene.settled(), before);
}

#[test]
fn each_side_of_a_cut_has_a_coordinator_and_after_it_the_lower_yields() {
    let mut scene = Scene::new(5);
    let before = scene.settled();
    scene.cut(&[2, 4]);
    scene.pass(1_000);
    let Standing::Coordinates { reign, is_ready: true } = scene.standing(4) else {
        panic!("4 is the highest on its side: {:?}", scene.standing(4));
    };
    assert_eq!(scene.standing(2), Standing::Follows(reign));
    assert_eq!(scene.standing(1), Standing::Follows(before));
    scene.net.heal();
    scene.pass(500);
    assert_eq!(scene.settled(), before);
}

#[test]
fn a_coordinator_that_stands_still_is_missed_and_coordinates_again_when_it_goes_on() {
    let mut scene = Scene::new(3);
    scene.net.pause(3, 2_000 * MS);
    scene.pass(1_500);
    assert!(matches!(scene.standing(2), Standing::Coordinates { is_ready: true, .. }));
    assert!(matches!(scene.standing(1), Standing::Follows(it) if it.coordinator == 2));
    scene.pass(1_500);
    assert_eq!(scene.settled().coordinator, 3);
}

#[test]
fn a_new_coordinator_knows_whose_copy_is_the_freshest() {
    let mut scene = Scene::new(4);
    for (id, epoch, index) in [(1, 2, 7), (2, 2, 8), (3, 1, 90)] {
        scene.net.ask(id, Ask::Position(Position { epoch, index, ..Position::default() }));
    }
    scene.pass(10);
    scene.net.crash(4);
    scene.pass(20);
    assert_eq!(scene.settled().coordinator, 3);
    assert_eq!(scene.net.node(3).expect("it is up").machine.freshest(), Some(2));
}

#[test]
fn an_answer_to_another_coordinator_does_not_count() {
    let mut machine = alone(4);
    let late = Message::Answer {
        round: 0,
        position: Position { epoch: 9, index: 9, ..Position::default() },
    };
    feed(&mut machine, 1_000, Input::Tick);
    feed(&mut machine, 1_001, says(3, late));
    assert_eq!(machine.gathered().count(), 1);
    for peer in 1..=3 {
        let position = Position { epoch: 1, index: peer, ..Position::default() };
        feed(&mut machine, 1_002, says(peer, Message::Answer { round: 1, position }));
    }
    assert_eq!(machine.freshest(), Some(3));
    assert!(matches!(machine.standing(), Standing::Coordinates { is_ready: true, .. }));
}

#[test]
fn of_those_who_answer_the_highest_is_named_and_then_the_next() {
    let mut machine = alone(1);
    feed(&mut machine, 0, says(4, Message::Coordinator { reign: reign(4) }));
    feed(&mut machine, 1, Input::Link(4, false));
    let asked = feed(&mut machine, 60, Input::Tick);
    assert_eq!(asked, [2, 3].map(|it| (it, Message::Election { round: 1 })));
    let position = Position::default();
    assert_eq!(feed(&mut machine, 61, says(2, Message::Answer { round: 1, position })), []);
    let named = feed(&mut machine, 62, says(3, Message::Answer { round: 1, position }));
    assert_eq!(named, [(3, Message::Nomination { round: 1 })]);
    let named = feed(&mut machine, 63, Input::Link(3, false));
    assert_eq!(named, [(2, Message::Nomination { round: 1 })]);
    let reign = Reign { round: 2, coordinator: 2, life: 1 };
    feed(&mut machine, 64, says(2, Message::Coordinator { reign }));
    assert_eq!(machine.standing(), Standing::Follows(reign));
}

#[test]
fn who_is_asked_and_sees_nobody_higher_coordinates_at_once() {
    let mut machine = alone(3);
    feed(&mut machine, 0, Input::Link(4, false));
    let sends = feed(&mut machine, 1, says(1, Message::Election { round: 5 }));
    let reign = Reign { round: 6, coordinator: 3, life: 1 };
    assert_eq!(sends, [1, 2].map(|it| (it, Message::Coordinator { reign })));
}

#[test]
fn who_still_hears_the_coordinator_says_so_and_is_not_elected() {
    let mut machine = alone(3);
    feed(&mut machine, 0, says(4, Message::Coordinator { reign: reign(4) }));
    for message in [Message::Election { round: 1 }, Message::Nomination { round: 1 }] {
        let sends = feed(&mut machine, 1, says(1, message));
        assert_eq!(sends, [(1, Message::View { round: 1, reign: Some(reign(4)) })]);
        assert_eq!(machine.standing(), Standing::Follows(reign(4)));
    }
}

#[test]
fn who_hears_of_the_next_coordinator_before_it_misses_the_last_follows_without_an_election() {
    let mut machine = alone(1);
    feed(&mut machine, 0, says(4, Message::Coordinator { reign: reign(4) }));
    let next = Reign { round: 2, coordinator: 3, life: 1 };
    assert_eq!(feed(&mut machine, 1, says(3, Message::Coordinator { reign: next })), []);
    assert_eq!(machine.standing(), Standing::Follows(reign(4)));
    let sends = feed(&mut machine, 2, Input::Link(4, false));
    assert_eq!(sends, [(3, Message::Answer { round: 2, position: Position::default() })]);
    assert_eq!(machine.standing(), Standing::Follows(next));
}

#[test]
fn who_is_no_member_takes_no_part() {
    let mut machine = Bully::new(9, 1, Options::default());
    feed(&mut machine, 0, Input::Members(vec![1, 2]));
    assert_eq!(feed(&mut machine, 0, Input::Link(1, true)), []);
    assert_eq!(feed(&mut machine, 9_000, Input::Tick), []);
    assert_eq!(feed(&mut machine, 9_000, says(1, Message::Election { round: 1 })), []);
    assert_eq!(machine.standing(), Standing::Outside);
}

#[test]
fn a_member_that_is_removed_does_not_coordinate_any_more() {
    let mut scene = Scene::new(3);
    scene.truth.members = vec![1, 2];
    for id in 1..=3 {
        scene.net.ask(id, Ask::Members(vec![1, 2]));
    }
    scene.pass(500);
    assert_eq!(scene.settled().coordinator, 2);
}

/// They were told of a change of members one after the other.
#[test]
fn two_who_rank_each_other_differently_do_not_talk_without_end() {
    let mut scene = Scene::new(3);
    scene.net.ask(2, Ask::Members(vec![1, 3, 2]));
    scene.pass(1_000);
    assert!(matches!(scene.standing(2), Standing::Coordinates { .. }));
    assert!(matches!(scene.standing(3), Standing::Coordinates { .. }));
    let sent = scene.net.sent;
    scene.pass(1_000);
    assert!(scene.net.sent - sent < 2 * 2 * 2 * 11, "{} messages", scene.net.sent - sent);
    scene.net.ask(2, Ask::Members(vec![1, 2, 3]));
    scene.pass(500);
    assert_eq!(scene.settled().coordinator, 3);
}
