//! Rooms in which each node speaks by itself.

use super::moves::{adopted, alices, apply, apply_all, come, expected, fence, replicate};
use super::moves::{texts_of, words};
use super::*;
use crate::core::in_order_of_telling;
use crate::core::talk::stream_key;
use crate::door::{HistoryPoint, HistorySelect};
use chat::Replication::{Gossip, PrimaryBackup, Raft};
use chat::room::{RoomCommand, RoomVerb, Rooms};
use chat::talk::Talk;
use replica::engine::Applied;

const TALK: GroupId = GroupId(3);

/// Alice and bob in a gossip room that she made.
fn gossiping() -> Alone {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.ask(1, 2, replicate(Gossip));
    node.finish_all();
    node.said();
    node
}

/// An entry of another node's log, as if it came from there.
fn hear(node: &mut Alone, origin: u64, index: u64, at: u64, epoch: u64, text: &str) {
    hear_of(node, 1, (origin, index, at), epoch, text);
}

fn hear_of(
    node: &mut Alone,
    conn: u32,
    (origin, index, at): (u64, u64, u64),
    epoch: u64,
    text: &str,
) {
    let who = node.core.session_of(conn_id(conn)).expect("they are in").who();
    let (kind, tags) = (SayKind::Message, Vec::new());
    let verb = RoomVerb::Say { kind, text: text.into(), tags, status: None, to: None };
    let command =
        RoomCommand { who, number: 0, era: None, place: chat::Place::Room(room("#r")), verb };
    node.core.apply_talk(Applied {
        group: TALK,
        index,
        stamp: at,
        origin,
        commands: vec![chat::codec::encode(&Talk { epoch, command }).into()],
        tokens: Vec::new(),
    });
    node.commit();
}

/// A moment that is over.
fn at(step: u64) -> u64 {
    Stamp::from_ms(2_000_000).0 + step
}

#[test]
fn what_is_said_in_a_gossip_room_goes_by_gossip_and_the_rest_by_its_home() {
    let mut node = gossiping();
    let home = node.core.engine.applied(GroupId(1));
    node.ask_all(1, 10..13);
    node.ask_all(2, 10..13);
    node.finish_all();
    let said = node.said();
    assert_eq!(texts_of(&said, "alice"), expected(1, 10..13));
    assert_eq!(texts_of(&said, "bob"), expected(2, 10..13));
    assert_eq!(node.core.engine.applied(GroupId(1)), home);
    assert!(node.core.engine.applied(TALK) > 0);
    node.ask(1, 20, in_room(RoomAsk::Topic { text: "ours".into() }));
    node.finish_all();
    assert!(node.said().contains(&"alice sets the topic ours".to_owned()));
    assert!(node.core.engine.applied(GroupId(1)) > home);
}

#[test]
fn who_is_not_heard_hears_so_at_once_and_without_an_entry() {
    let mut node = gossiping();
    let moderated = vec![(true, 'm', None)];
    node.ask(1, 3, in_room(RoomAsk::Modes(moderated)));
    node.finish_all();
    node.said();
    let before = node.core.engine.applied(TALK);
    node.ask(2, 4, say("hush"));
    assert_eq!(node.answers(), ["2.4 refused: Room(CannotSend)"]);
    node.finish_all();
    assert_eq!(node.core.engine.applied(TALK), before);
}

#[test]
fn a_session_speaks_after_what_it_did_before_and_does_what_it_does_after_it_spoke() {
    let mut node = gossiping();
    node.ask(2, 2, in_room(RoomAsk::Part { reason: "".into() }));
    node.ask(2, 3, join());
    node.ask(2, 4, say("back"));
    node.ask(2, 5, in_room(RoomAsk::Part { reason: "again".into() }));
    node.finish_all();
    let bobs: Vec<String> = node.said().into_iter().filter(|it| it.starts_with("bob")).collect();
    assert_eq!(
        bobs,
        ["bob parts: ", "bob joins as Some Body", "bob says back", "bob parts: again"]
    );
}

#[test]
fn a_page_is_put_together_from_all_who_spoke_in_the_order_of_their_ids() {
    let mut node = gossiping();
    hear(&mut node, 2, 1, at(1), 1, "two.1");
    hear(&mut node, 3, 5, at(0), 1, "three.0");
    hear(&mut node, 3, 6, at(1), 1, "three.1");
    hear(&mut node, 2, 3, at(2), 1, "two.2");
    hear(&mut node, 2, 3, at(2), 1, "two.2"); // Again, after a restart.
    let all = ["to gossip", "three.0", "two.1", "three.1", "two.2"];
    assert_eq!(node.texts(HistorySelect::Latest(None), 100), all);
    assert_eq!(node.texts(HistorySelect::Latest(None), 2), all[3..]);
    // Of two with one stamp, the page goes on exactly where it ended.
    let mark = |node| chat::talk::origin_mark(NodeId(node));
    let id =
        |step, of| HistoryPoint::Message(chat::MsgId { stamp: Stamp(at(step)), origin: mark(of) });
    assert_eq!(node.texts(HistorySelect::Before(id(1, 3)), 2), all[1..3]);
    assert_eq!(node.texts(HistorySelect::Before(id(1, 2)), 1), all[1..2]);
    assert_eq!(node.texts(HistorySelect::After(id(1, 2)), 2), all[3..]);
    assert_eq!(node.texts(HistorySelect::After(id(1, 3)), 2), all[4..]);
    assert_eq!(node.texts(HistorySelect::Around(id(1, 3)), 2), all[2..4]);
    assert_eq!(node.texts(HistorySelect::Between(id(0, 3), id(2, 2)), 9), all[2..4]);
}

#[test]
fn what_is_said_in_an_era_that_has_not_begun_here_is_told_once_it_has() {
    let mut node = Alone::with(&["alice"]);
    node.ask(1, 1, join());
    node.finish_all();
    node.said();
    hear(&mut node, 2, 1, at(1), 1, "early");
    assert_eq!(node.said(), [""; 0]);
    node.ask(1, 2, replicate(Gossip));
    node.finish_all();
    let said = node.said();
    assert_eq!(texts_of(&said, "alice"), ["early"]);
    assert_eq!(node.texts(HistorySelect::Latest(None), 9), ["to gossip", "early"]);
}

#[test]
fn gossip_ends_and_begins_again_while_people_talk() {
    let mut node = gossiping();
    for (begin, to) in [(10, Raft), (20, Gossip), (30, PrimaryBackup), (40, Gossip), (50, Raft)] {
        node.change_while_all_talk(begin, to);
        let view = node.core.room_view(&room("#r"), None).expect("it is there");
        assert_eq!(view.replication, to);
    }
    let all = node.texts(HistorySelect::Latest(None), 1_000);
    assert_eq!(all.iter().filter(|it| it.starts_with("2.")).count(), 45);
    node.do_round();
    assert!(node.core.closing.is_empty() && node.core.held.is_empty());
    assert!(node.core.detoured.is_empty() && node.core.moving.is_empty());
}

#[test]
fn what_a_node_said_that_was_away_comes_late_and_is_told_and_kept_by_its_id() {
    let mut node = gossiping();
    hear(&mut node, 2, 1, at(1), 1, "one");
    node.ask(1, 3, replicate(Raft));
    node.finish_all();
    node.ask(1, 4, say("after"));
    node.finish_all();
    node.said();
    hear(&mut node, 2, 2, at(2), 1, "late"); // Who said it knew nothing of the new era.
    assert_eq!(node.said(), ["alice says late"]);
    let all = node.texts(HistorySelect::Latest(None), 9);
    assert_eq!(all, ["to gossip", "one", "to raft", "late", "after"]);
}

#[test]
fn what_gossips_is_told_before_the_era_after_it_however_long_both_have_waited() {
    let mut node = Alone::with(&["alice"]);
    let mut home = Rooms::new(1, Limits::default());
    let mut away = Rooms::of(PrimaryBackup, 2, Limits::default());
    home.apply(Stamp::from_ms(1_000), alices(&node, come()));
    home.apply(Stamp::from_ms(1_001), alices(&node, fence(PrimaryBackup)));
    away.apply(Stamp::from_ms(1_002), alices(&node, adopted(&home)));
    away.apply(Stamp::from_ms(1_003), alices(&node, fence(Gossip)));
    apply(&mut node, 1, 1_000, come());
    apply(&mut node, 1, 1_001, fence(PrimaryBackup));
    apply(&mut node, 2, 1_002, adopted(&home));
    node.said();
    // The room is back at home, gossips and gossips no more; how it left the other group is not known here.
    apply(&mut node, 1, 1_004, adopted(&away));
    hear(&mut node, 2, 1, at(1), 2, "one");
    let verbs = vec![fence(Raft), RoomVerb::Open { epoch: 2 }, words("two")];
    apply_all(&mut node, 1, 1_005, verbs); // With no tail: nothing of it is missing.
    node.wait(6_000); // Longer than what is missing is waited for.
    node.core.tick();
    assert_eq!(node.said(), [""; 0]);
    apply(&mut node, 2, 1_003, fence(Gossip));
    assert_eq!(texts_of(&node.said(), "alice"), ["one", "two"]);
    assert!(node.core.given_up.is_empty());
}

#[test]
fn what_a_node_says_in_an_era_does_not_wait_behind_what_another_said_in_a_later_one() {
    let mut node = gossiping();
    node.said();
    hear(&mut node, 2, 1, at(5), 3, "in the era after the next");
    assert_eq!(node.said(), [""; 0]);
    hear_of(&mut node, 2, (3, 1, at(1)), 1, "in this one");
    assert_eq!(node.said(), ["bob says in this one"]);
}

#[test]
fn eras_that_wait_for_the_same_gossip_are_told_in_turn() {
    let mut node = Alone::with(&["alice"]);
    let mut home = Rooms::new(1, Limits::default());
    let mut away = Rooms::of(PrimaryBackup, 2, Limits::default());
    let tail = RoomVerb::Tail { epoch: 1, node: NodeId(2), index: 1, last: Stamp(at(1)) };
    let gossip_ends = [fence(PrimaryBackup), tail, RoomVerb::Open { epoch: 1 }];
    for verb in [come(), fence(Gossip)].into_iter().chain(gossip_ends.clone()) {
        home.apply(Stamp::from_ms(1_000), alices(&node, verb));
    }
    for verb in [adopted(&home), words("one"), words("two"), fence(Raft)] {
        away.apply(Stamp::from_ms(1_000), alices(&node, verb));
    }
    apply_all(&mut node, 1, 1_000, vec![come(), fence(Gossip)]);
    apply_all(&mut node, 1, 1_001, gossip_ends.into());
    let verbs = vec![adopted(&home), words("one"), words("two"), fence(Raft)];
    apply_all(&mut node, 2, 1_002, verbs);
    apply_all(&mut node, 1, 1_003, vec![adopted(&away), words("three")]);
    assert_eq!(texts_of(&node.said(), "alice"), [""; 0]);
    node.wait(5_001); // What is missing of gossip is not waited for any more.
    node.core.tick();
    assert_eq!(texts_of(&node.said(), "alice"), ["one", "two", "three"]);
}

#[test]
fn what_comes_by_gossip_and_by_a_group_at_the_same_time_is_told_in_that_order() {
    let applied = |group, index| {
        let (stamp, origin, commands, tokens) = (0, 1, Vec::new(), Vec::new());
        Event::Apply(Applied { group, index, stamp, origin, commands, tokens })
    };
    let install = |group| Event::Install { group, state: Bytes::new(), was_reset: false };
    let mut events = vec![applied(GroupId(1), 1), applied(GroupId(1), 2), applied(TALK, 1)];
    events.extend([install(GroupId(2)), install(TALK), applied(TALK, 2)]);
    in_order_of_telling(&mut events, TALK);
    let order = events.iter().map(|it| match it {
        Event::Apply(it) => (it.group.0, it.index),
        Event::Install { group, .. } => (group.0, 0),
        _ => unreachable!("there are no others"),
    });
    assert!(order.eq([(3, 1), (3, 0), (3, 2), (1, 1), (1, 2), (2, 0)]));
}

#[test]
fn who_was_away_when_gossip_ended_tells_what_was_said_there_before_more_is_said() {
    let mut node = gossiping();
    node.ask(1, 3, say("before"));
    node.finish_all();
    let upto = node.core.engine.version(TALK).expect("it is here").get(7);
    apply_all(&mut node, 1, 1_000, vec![fence(Raft), RoomVerb::Open { epoch: 1 }]);
    node.said();
    node.ask(1, 4, say("after"));
    node.finish_all();
    assert_eq!(node.said(), ["alice says after", "1.4 done"]);
    let room = node.core.room(&room("#r")).expect("it is there");
    let era = room.eras().last().expect("it gossiped");
    assert_eq!(era.tails.get(&NodeId(7)).map(|it| it.0), Some(upto));
    let said = node.core.talk.last_said(&super::room("#r")).expect("alice spoke");
    assert!(node.core.rooms[&GroupId(1)].last() > said, "what is said now has a higher id");
}

#[test]
fn what_nobody_waits_for_any_more_is_told_unless_its_sender_was_heard_since() {
    let mut node = gossiping();
    let tail = RoomVerb::Tail { epoch: 1, node: NodeId(2), index: 2, last: Stamp(at(2)) };
    let verbs = vec![fence(Raft), tail, RoomVerb::Open { epoch: 1 }, words("after")];
    apply_all(&mut node, 1, 1_000, verbs);
    node.wait(5_000);
    node.core.tick();
    assert_eq!(texts_of(&node.said(), "alice"), [""; 0]);
    node.wait(1);
    node.core.tick();
    assert_eq!(texts_of(&node.said(), "alice"), ["after"]);
    hear(&mut node, 2, 1, at(1), 1, "hers");
    hear_of(&mut node, 2, (2, 2, at(2)), 1, "his");
    assert_eq!(node.said(), ["bob says his"]);
    let all = ["to gossip", "hers", "his", "to raft", "after"];
    assert_eq!(node.texts(HistorySelect::Latest(None), 9), all);
}

#[test]
fn a_room_that_expires_takes_along_what_was_said_and_one_that_is_spoken_in_stays() {
    let mut node = gossiping();
    hear(&mut node, 2, 1, at(1), 1, "hello");
    for conn in [1, 2] {
        node.ask(conn, 5, in_room(RoomAsk::Part { reason: "".into() }));
    }
    node.finish_all();
    node.core.config.empty_room_ttl = Some(Duration::from_secs(1));
    let key = stream_key(&room("#r"), NodeId(2));
    let is_kept = |node: &Alone| node.core.history.borrow().info(TALK, key.as_bytes()).is_some();
    (0..20).for_each(|_| node.do_round());
    assert!(is_kept(&node), "it was spoken in by a clock that is ahead");
    node.wait(1_100_000);
    (0..20).for_each(|_| node.do_round());
    assert!(!is_kept(&node));
    assert!(node.core.room(&room("#r")).is_none());
    assert_eq!(node.core.talk, chat::talk::Fold::default());
}

#[test]
fn a_cut_that_is_over_is_told_where_both_sides_went_on() {
    let mut node = gossiping();
    let now = Stamp::from_ms(node.core.wall_ms).0;
    hear(&mut node, 2, 1, now + 1, 1, "there");
    node.wait(1_000);
    node.core.met(vec![2, 5], 2_000);
    node.do_round();
    assert!(!node.said().iter().any(|it| it.contains("Met")), "only one side spoke");
    hear(&mut node, 3, 1, now + 2, 1, "here");
    node.said();
    node.do_round();
    let said = node.said();
    assert_eq!(said.iter().filter(|it| it.contains("Met")).count(), 1, "{said:?}");
    node.do_round();
    assert_eq!(node.said(), [""; 0]);
}

#[test]
fn a_new_room_may_begin_as_a_gossip_room() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.core.config.replication = Gossip;
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.ask(1, 2, say("hello"));
    node.finish_all();
    let said = node.said();
    assert_eq!(said.iter().filter(|it| it.ends_with("done")).count(), 3, "{said:?}");
    assert!(said.contains(&"alice says hello".to_owned()));
    let view = node.core.room_view(&room("#r"), None).expect("it is there");
    assert_eq!(view.replication, Gossip);
    assert_eq!(view.occupants.iter().filter(|it| it.is_operator).count(), 1);
}

#[test]
fn what_is_gossiped_has_an_id_above_all_that_was_in_the_rooms_order_however_far_ahead_that_was() {
    const AHEAD_MS: u64 = 9_000_000;
    let gossiped_after = |node: &mut Alone| {
        node.ask(1, 2, replicate(Gossip));
        node.ask(1, 3, say("gossiped"));
        node.finish_all();
        node.texts(HistorySelect::Latest(None), 1)
    };
    let with_room = || {
        let mut node = Alone::with(&["alice"]);
        node.ask(1, 1, join());
        node.finish_all();
        node
    };
    let mut heard = with_room();
    apply(&mut heard, 1, AHEAD_MS, words("ordered"));
    assert_eq!(gossiped_after(&mut heard), ["gossiped"]);

    let mut fetched = with_room();
    let mut elsewhere = Rooms::new(1, Limits::default());
    elsewhere.apply(Stamp::from_ms(AHEAD_MS), alices(&fetched, come()));
    assert!(fetched.core.install_rooms(GroupId(1), &elsewhere.snapshot()));
    assert_eq!(gossiped_after(&mut fetched), ["gossiped"]);
}
