//! What each request of a person becomes.

use super::*;
use chat::directory::Change;

fn after(node: &mut Alone, conn: u32, ask: Ask) -> Vec<String> {
    node.said();
    node.ask(conn, 9, ask);
    node.commit();
    node.said()
}

/// Alice has made the room and may do everything in it, Bob is in.
fn in_a_room() -> Alone {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.commit();
    node.ask(2, 1, join());
    node.commit();
    node
}

#[test]
fn without_a_session_only_look_ups_are_answered() {
    let mut node = Alone::with(&["alice"]);
    assert_eq!(after(&mut node, 5, join()), ["5.9 refused: NoSession"]);
    assert_eq!(after(&mut node, 5, Ask::Query(Query::Status)), ["5.9 view"]);
    let end = Ask::End { reason: "x".into() };
    assert_eq!(after(&mut node, 5, end), ["5.9 refused: NoSession"]);
}

#[test]
fn a_nick_that_somebody_has_is_refused() {
    let mut node = Alone::with(&["alice"]);
    node.ask(2, 1, register("ALICE"));
    assert!(node.answers().is_empty(), "what this node has applied may be old: the log decides");
    node.commit();
    assert_eq!(node.answers(), ["2.1 refused: NickInUse(Nick(\"alice\"))"]);
    node.ask(2, 1, register("bob"));
    node.ask(3, 1, register("bob"));
    node.commit();
    let expected = ["2.1 registered bob", "3.1 refused: NickInUse(Nick(\"bob\"))"];
    assert_eq!(node.answers(), expected);
}

#[test]
fn sessions_change_and_end() {
    let mut node = Alone::with(&["alice", "bob"]);
    let away = Ask::Alter(Change::Away(Some("lunch".into())));
    assert_eq!(after(&mut node, 1, away), ["alice is away: Some(\"lunch\")", "1.9 done"]);
    let kill = |nick: &str| Ask::Kill { nick: nick.into(), reason: "spam".into() };
    assert_eq!(after(&mut node, 1, kill("nobody")), ["1.9 refused: NoSuchNick(\"nobody\")"]);
    assert_eq!(after(&mut node, 1, kill("bob")), ["bob ended: spam (by alice)", "1.9 done"]);
    assert_eq!(after(&mut node, 2, join()), ["2.9 refused: NoSession"]);
    let end = Ask::End { reason: "home".into() };
    assert_eq!(after(&mut node, 1, end), ["alice ended: home", "1.9 done"]);
}

#[test]
fn what_is_asked_of_a_room_happens_there() {
    let mut node = in_a_room();
    let topic = RoomAsk::Topic { text: "tea".into() };
    assert_eq!(after(&mut node, 1, in_room(topic)), ["alice sets the topic tea", "1.9 done"]);
    let part = RoomAsk::Part { reason: "home".into() };
    assert_eq!(after(&mut node, 2, in_room(part)), ["bob parts: home", "2.9 done"]);
    let invite = |nick: &str| in_room(RoomAsk::Invite { nick: nick.into() });
    assert_eq!(after(&mut node, 1, invite("bob")), ["alice invites bob", "1.9 done"]);
    let nobody = ["1.9 refused: NoSuchNick(\"nobody\")"];
    assert_eq!(after(&mut node, 1, invite("nobody")), nobody);
    after(&mut node, 2, join());
    let kick = |nick: &str| in_room(RoomAsk::Kick { nick: nick.into(), reason: "out".into() });
    assert_eq!(after(&mut node, 1, kick("BOB")), ["alice kicks bob: out", "1.9 done"]);
    assert_eq!(after(&mut node, 1, kick("nobody")), nobody);
}

#[test]
fn operator_and_voice_are_for_people_by_any_spelling_and_other_modes_take_words() {
    let mut node = in_a_room();
    let set =
        |letter, param: &str| in_room(RoomAsk::Modes(vec![(true, letter, Some(param.into()))]));
    assert_eq!(after(&mut node, 1, set('o', "BOB")), ["alice sets +o Some(\"bob\")", "1.9 done"]);
    assert_eq!(after(&mut node, 1, set('v', "BOB")), ["alice sets +v Some(\"bob\")", "1.9 done"]);
    assert_eq!(after(&mut node, 1, set('k', "BOB")), ["alice sets +k Some(\"BOB\")", "1.9 done"]);
}

#[test]
fn a_direct_message_reaches_its_target_alone() {
    let mut node = Alone::with(&["alice", "bob"]);
    let tell = |nick: &str| Ask::Direct {
        nick: nick.into(),
        kind: SayKind::Message,
        text: "psst".into(),
        tags: Vec::new(),
    };
    assert_eq!(after(&mut node, 1, tell("BOB")), ["alice tells bob: psst", "1.9 done"]);
    assert_eq!(after(&mut node, 1, tell("nobody")), ["1.9 refused: NoSuchNick(\"nobody\")"]);
}

#[test]
fn operators_are_called_at_once() {
    let mut node = Alone::with(&["alice"]);
    let said = after(&mut node, 1, Ask::Wallops { text: "help".into() });
    assert_eq!(said, ["alice!alice@host calls help", "1.9 done"]);
}

#[test]
fn whose_connection_is_gone_is_not_delivered_to_any_more() {
    let mut node = in_a_room();
    for conn in [1, 2] {
        after(&mut node, conn, gone("lost"));
    }
    assert!(node.core.followed.is_empty(), "{:?}", node.core.followed);
}
