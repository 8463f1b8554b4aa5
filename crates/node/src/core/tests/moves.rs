//! Rooms that change how they are replicated while people talk in them.

use super::*;
use crate::core::lives::Lives;
use crate::door::{HistoryPoint, HistorySelect};
use chat::Replication::{self, PrimaryBackup, Raft};
use chat::room::{RoomCommand, RoomVerb};
use replica::engine::Applied;

pub(super) fn replicate(to: Replication) -> Ask {
    in_room(RoomAsk::Replicate(to))
}

fn history(select: HistorySelect, limit: usize) -> Ask {
    Ask::Query(Query::History { target: "#r".into(), select, limit })
}

impl Alone {
    /// Does its rounds until nobody waits for anything.
    pub(super) fn finish_all(&mut self) {
        for _ in 0..40 {
            self.commit();
            if self.core.conns.values().all(|it| it.rooms_in_flight + it.waiting.len() == 0) {
                return;
            }
            self.do_round();
        }
        panic!("somebody still waits: {:?}", self.core.conns);
    }

    pub(super) fn ask_all(&mut self, conn: u32, tags: std::ops::Range<u64>) {
        for tag in tags {
            self.ask(conn, tag, say(&format!("{conn}.{tag}")));
        }
    }

    /// Alice has the room replicated in another way while she and bob talk. All of it is said once and in
    /// order, and nothing is refused.
    pub(super) fn change_while_all_talk(&mut self, begin: u64, to: Replication) {
        self.ask_all(2, begin..begin + 3);
        self.ask_all(1, begin..begin + 2);
        self.ask(1, begin + 2, replicate(to));
        self.ask_all(2, begin + 3..begin + 6); // On their way when it moves.
        self.ask_all(1, begin + 3..begin + 6);
        self.commit();
        self.ask_all(2, begin + 6..begin + 9);
        self.finish_all();
        let said = self.said();
        assert_eq!(texts_of(&said, "bob"), expected(2, begin..begin + 9), "{to}: {said:?}");
        let alices = [expected(1, begin..begin + 2), expected(1, begin + 3..begin + 6)].concat();
        assert_eq!(texts_of(&said, "alice"), alices, "{to}: {said:?}");
        let is_refusal = |it: &String| !it.ends_with("done") && it.contains("refused");
        assert!(!said.iter().any(is_refusal), "{to}: {said:?}");
    }

    fn lives_in(&self) -> Option<u32> {
        match self.core.lives(&room("#r")) {
            Lives::Here(group, _) => Some(group.0),
            _ => None,
        }
    }

    /// What was said, by a look-up.
    pub(super) fn texts(&mut self, select: HistorySelect, limit: usize) -> Vec<String> {
        self.finish_all();
        self.said();
        self.ask(1, 99, history(select, limit));
        self.finish_all();
        let views = self.deliveries.try_iter().flatten().filter_map(|it| match it {
            Delivery::Answer { answer: Answer::View(crate::View::History(it)), .. } => Some(it),
            _ => None,
        });
        let records = views.flatten().map(|it| chat::codec::decode::<chat::Record>(&it));
        let texts = records.filter_map(|it| match it.expect("our own record").what {
            What::Said { text, .. } => Some(text.to_string()),
            What::Replicated { to, .. } => Some(format!("to {to}")),
            _ => None,
        });
        texts.collect()
    }
}

pub(super) fn texts_of(said: &[String], nick: &str) -> Vec<String> {
    let begin = format!("{nick} says ");
    said.iter().filter_map(|it| it.strip_prefix(&begin)).map(str::to_owned).collect()
}

pub(super) fn expected(conn: u32, tags: std::ops::Range<u64>) -> Vec<String> {
    tags.map(|it| format!("{conn}.{it}")).collect()
}

#[test]
fn a_room_goes_to_primary_backup_and_back_while_people_talk() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.finish_all();
    node.said();
    for (begin, to) in [(10, PrimaryBackup), (20, Raft), (30, PrimaryBackup)] {
        node.change_while_all_talk(begin, to);
        assert_eq!(node.lives_in(), Some(if to == Raft { 1 } else { 2 }));
    }
    let all = node.texts(HistorySelect::Latest(None), 1_000);
    for conn in [1, 2] {
        let begin = format!("{conn}.");
        let of = all.iter().filter(|it| it.starts_with(&begin));
        let tags: Vec<u64> = of.map(|it| it[begin.len()..].parse().expect("a tag")).collect();
        assert!(tags.is_sorted(), "{tags:?}");
        assert_eq!(tags.len(), if conn == 1 { 15 } else { 27 });
    }
    assert_eq!(all.iter().filter(|it| it.starts_with("to ")).count(), 3);
    node.do_round();
    assert!(node.core.moving.is_empty() && node.core.held.is_empty());
    assert!(node.core.detoured.is_empty());
}

#[test]
fn a_page_of_history_is_the_same_whichever_group_has_it() {
    let mut node = Alone::with(&["alice"]);
    node.ask(1, 1, join());
    for (tag, to) in [(10, PrimaryBackup), (20, Raft), (30, PrimaryBackup)] {
        node.ask_all(1, tag..tag + 2);
        node.ask(1, 0, replicate(to));
        node.finish_all();
    }
    let all: Vec<String> = ["1.10", "1.11", "to primary-backup", "1.20", "1.21", "to raft"]
        .into_iter()
        .chain(["1.30", "1.31", "to primary-backup"])
        .map(str::to_owned)
        .collect();
    assert_eq!(node.texts(HistorySelect::Latest(None), 100), all);
    assert_eq!(node.texts(HistorySelect::Latest(None), 4), all[5..]);
    let start = HistoryPoint::Time(Stamp(0));
    // The first is the JOIN.
    assert_eq!(node.texts(HistorySelect::After(start), 6), all[..5]);
    let end = HistoryPoint::Time(Stamp::from_ms(u64::MAX >> 20));
    assert_eq!(node.texts(HistorySelect::Before(end), 5), all[4..]);
    assert_eq!(node.texts(HistorySelect::Between(start, end), 6), all[..5]);
    assert_eq!(node.texts(HistorySelect::Between(end, start), 5), all[4..]);
}

#[test]
fn a_moved_room_is_seen_once_with_everybody_in_it() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.ask(1, 2, replicate(PrimaryBackup));
    node.finish_all();
    let view = node.core.room_view(&room("#r"), None).expect("it is there");
    assert_eq!((view.occupants.len(), view.replication), (2, PrimaryBackup));
    assert_eq!(node.core.all_rooms().count(), 1);
    let bob = node.core.session_of(conn_id(2)).expect("he is in").id;
    assert_eq!(*node.core.rooms_of(bob), [room("#r")]);
    node.said();
    node.ask(2, 0, gone("Reset"));
    node.finish_all();
    assert!(node.said().contains(&"bob ended: Reset".to_owned()));
    let view = node.core.room_view(&room("#r"), None).expect("it is there");
    assert_eq!(view.occupants.len(), 1);
}

#[test]
fn a_new_room_begins_where_new_rooms_shall_live_and_one_creator_is_its_operator() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.core.config.replication = PrimaryBackup;
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.ask(1, 2, say("hello"));
    node.finish_all();
    let said = node.said();
    let answers: Vec<&str> = said.iter().map(String::as_str).collect();
    assert_eq!(answers.iter().filter(|it| it.ends_with("done")).count(), 3, "{answers:?}");
    assert_eq!(node.lives_in(), Some(2));
    let view = node.core.room_view(&room("#r"), None).expect("it is there");
    assert_eq!(view.occupants.iter().filter(|it| it.is_operator).count(), 1);
    assert!(answers.contains(&"alice says hello"));
}

#[test]
fn who_may_not_or_asks_for_what_there_is_hears_so() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.ask(2, 2, replicate(PrimaryBackup));
    node.ask(1, 2, replicate(Raft));
    node.finish_all();
    let answers = node.answers();
    assert!(answers.contains(&"2.2 refused: Room(NotOperator)".to_owned()), "{answers:?}");
    assert!(answers.contains(&"1.2 refused: Room(SameReplication)".to_owned()));
}

#[test]
fn a_room_that_expired_away_from_home_can_be_made_again() {
    let mut node = Alone::with(&["alice"]);
    node.core.config.replication = PrimaryBackup;
    node.ask(1, 1, join());
    node.ask(1, 2, in_room(RoomAsk::Part { reason: "".into() }));
    node.finish_all();
    node.core.config.empty_room_ttl = Some(Duration::from_secs(1));
    for _ in 0..20 {
        node.do_round();
    }
    assert!(matches!(node.core.lives(&room("#r")), Lives::Nowhere));
    node.said();
    node.ask(1, 3, join());
    node.finish_all();
    assert_eq!(node.answers(), ["1.3 done"]);
    assert_eq!(node.lives_in(), Some(2));
}

/// An entry of a group, as if it came from its log.
pub(super) fn apply(node: &mut Alone, group: u32, index: u64, verb: RoomVerb) {
    apply_all(node, group, index, vec![verb]);
}

/// An entry with several commands.
pub(super) fn apply_all(node: &mut Alone, group: u32, index: u64, verbs: Vec<RoomVerb>) {
    let commands = verbs.into_iter().map(|verb| chat::codec::encode(&alices(node, verb)).into());
    let commands = commands.collect();
    node.core.apply_rooms(Applied {
        group: GroupId(group),
        index,
        stamp: Stamp::from_ms(index).0,
        origin: 7,
        commands,
        tokens: Vec::new(),
    });
    node.commit();
}

pub(super) fn alices(node: &Alone, verb: RoomVerb) -> RoomCommand {
    of(node, 1, verb)
}

fn of(node: &Alone, conn: u32, verb: RoomVerb) -> RoomCommand {
    let who = node.core.session_of(conn_id(conn)).expect("they are in").who();
    RoomCommand { who, number: 0, era: None, place: chat::Place::Room(room("#r")), verb }
}

pub(super) fn come() -> RoomVerb {
    RoomVerb::Join { shown: "#r".into(), key: None, realname: "".into() }
}

pub(super) fn fence(to: Replication) -> RoomVerb {
    RoomVerb::Fence { to, shown: "#r".into() }
}

pub(super) fn words(text: &str) -> RoomVerb {
    let (kind, tags) = (SayKind::Message, Vec::new());
    RoomVerb::Say { kind, text: text.into(), tags, status: None, to: None }
}

pub(super) fn adopted(from: &Rooms) -> RoomVerb {
    RoomVerb::Adopt { carried: Box::new(from.carried("#r").expect("it left")) }
}

/// A room that alice made and moved, elsewhere; here only that she came in and the new era arrived.
fn new_era_first() -> (Alone, Rooms, RoomVerb) {
    let mut node = Alone::with(&["alice"]);
    let mut elsewhere = Rooms::new(1, Limits::default());
    for (at, verb) in [(1_000, come()), (1_001, fence(PrimaryBackup))] {
        elsewhere.apply(Stamp::from_ms(at), alices(&node, verb));
    }
    apply(&mut node, 1, 1_000, come());
    node.said();
    apply(&mut node, 2, 1_002, adopted(&elsewhere));
    apply(&mut node, 2, 1_003, words("hello"));
    (node, elsewhere, fence(PrimaryBackup))
}

#[test]
fn what_happens_after_a_move_is_seen_after_what_happened_before_it() {
    let (mut node, _, fence) = new_era_first();
    assert_eq!(node.said(), [""; 0]);
    assert_eq!(node.lives_in(), Some(1));
    apply(&mut node, 1, 1_001, fence);
    let said = node.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("alice Replicated"), "{said:?}");
    assert_eq!(said[1], "alice says hello");
    assert_eq!(node.lives_in(), Some(2));
}

#[test]
fn an_old_era_that_never_comes_does_not_hide_the_new_one_for_ever() {
    let (mut node, ..) = new_era_first();
    node.wait(60_000); // No cut is over so soon for sure.
    node.core.tick();
    assert_eq!(node.said(), [""; 0]);
    node.wait(61_000);
    node.core.tick();
    assert_eq!(node.said(), ["alice says hello"]);
}

#[test]
fn a_fetched_state_that_lacks_a_room_which_moved_puts_nobody_out() {
    let (mut node, elsewhere, _) = new_era_first();
    assert!(node.core.install_rooms(GroupId(1), &elsewhere.snapshot()));
    node.commit();
    assert_eq!(node.said(), ["alice says hello"]);
    assert_eq!(node.lives_in(), Some(2));

    let mut node = Alone::with(&["alice"]);
    node.ask(1, 1, join());
    node.ask(1, 2, say("old"));
    node.ask(1, 3, replicate(PrimaryBackup));
    node.finish_all();
    node.said();
    let state = node.core.rooms[&GroupId(1)].snapshot();
    assert!(node.core.install_rooms(GroupId(1), &state));
    node.commit();
    assert_eq!(node.said(), [""; 0]);
    assert_eq!(node.texts(HistorySelect::Latest(None), 10), ["old", "to primary-backup"]);
}

#[test]
fn a_page_has_nothing_of_a_new_era_before_the_old_one_has_ended_here() {
    let (mut node, _, fence) = new_era_first();
    assert_eq!(node.texts(HistorySelect::Latest(None), 10), [""; 0]);
    let start = HistoryPoint::Time(Stamp(0));
    assert_eq!(node.texts(HistorySelect::After(start), 10), [""; 0]);
    assert_eq!(node.texts(HistorySelect::Around(start), 10), [""; 0]);
    let new = HistoryPoint::Time(Stamp::from_ms(1_002));
    assert_eq!(node.texts(HistorySelect::After(new), 10), [""; 0]);
    apply(&mut node, 1, 1_001, fence);
    let all = ["to primary-backup", "hello"];
    assert_eq!(node.texts(HistorySelect::Latest(None), 10), all);
    assert_eq!(node.texts(HistorySelect::After(start), 10), all[..]);
}

#[test]
fn eras_that_come_at_once_are_seen_in_turn() {
    let (mut node, mut home, first) = new_era_first();
    let mut away = Rooms::of(PrimaryBackup, 2, Limits::default());
    let moves = [adopted(&home), words("hello"), fence(Raft)];
    for (at, verb) in (1_002..).zip(moves) {
        away.apply(Stamp::from_ms(at), alices(&node, verb));
    }
    apply(&mut node, 2, 1_004, fence(Raft));
    home.apply(Stamp::from_ms(1_005), alices(&node, adopted(&away)));
    // The old era's end and the next but one in a single entry.
    apply_all(&mut node, 1, 1_005, vec![first, adopted(&away), words("home again")]);
    let said = node.said();
    let texts: Vec<_> = said.iter().filter(|it| it.contains(" says ")).collect();
    assert_eq!(texts, ["alice says hello", "alice says home again"], "{said:?}");
}

/// A room of alice's and bob's that went away and came back elsewhere; bob left it between. Both groups.
fn there_and_back(node: &Alone) -> (Rooms, Rooms) {
    let mut home = Rooms::new(1, Limits::default());
    let mut away = Rooms::of(PrimaryBackup, 2, Limits::default());
    home.apply(Stamp::from_ms(1_000), alices(node, come()));
    home.apply(Stamp::from_ms(1_001), of(node, 2, come()));
    home.apply(Stamp::from_ms(1_002), alices(node, fence(PrimaryBackup)));
    away.apply(Stamp::from_ms(1_003), alices(node, adopted(&home)));
    away.apply(Stamp::from_ms(1_004), of(node, 2, RoomVerb::Part { reason: "".into() }));
    away.apply(Stamp::from_ms(1_005), alices(node, fence(Raft)));
    home.apply(Stamp::from_ms(1_006), alices(node, adopted(&away)));
    (home, away)
}

#[test]
fn a_fetched_state_of_a_later_era_is_compared_once_all_groups_have_come_so_far() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(2, 1, join());
    node.finish_all();
    let bob = node.core.session_of(conn_id(2)).expect("he is in").id;
    let (home, away) = there_and_back(&node);
    node.said();
    assert!(node.core.install_rooms(GroupId(1), &home.snapshot()));
    node.commit();
    assert_eq!(node.said(), [""; 0]);
    assert_eq!(*node.core.rooms_of(bob), [room("#r")]); // As he was told.
    assert!(node.core.install_rooms(GroupId(2), &away.snapshot()));
    node.commit();
    let said = node.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("bob parts"), "{said:?}");
    assert_eq!(*node.core.rooms_of(bob), []);
    assert!(node.core.told.is_empty());
}
