//! Rooms in which each node speaks by itself.

use super::moves::{expected, replicate, texts_of};
use super::*;
use crate::core::talk::stream_key;
use crate::door::{HistoryPoint, HistorySelect};
use chat::Replication::{Gossip, PrimaryBackup, Raft};
use chat::room::{RoomCommand, RoomVerb};
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
    let who = node.core.session_of(conn_id(1)).expect("she is in").who();
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
