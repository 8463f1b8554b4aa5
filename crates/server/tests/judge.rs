//! The judge of the kill tests can tell good runs from bad ones, whichever way they are bad. The
//! library's own tests go through every kind; here it is seen to judge the evidence of these clients.

mod support;

use checker::{Evidence, Heard, History, Kept, Live, Outcome, Sent};
use support::judge::{Tally, judge};

/// Session, number, and the place in the order of ids.
type Message = (&'static str, u64, u64);

const A1: Message = ("s1x0", 1, 1);
const B1: Message = ("s2x0", 1, 2);
const A2: Message = ("s1x0", 2, 3);
const A3: Message = ("s1x0", 3, 4);
const B2: Message = ("s2x0", 2, 5);

fn kept((sender, number, id): Message) -> Kept {
    let message = Some((sender.into(), number));
    let body = format!("m {sender} {number}").into();
    Kept { id: format!("id{id}").into(), at_ms: 0, message, body }
}

/// All at the same time.
fn sent(message: Message, outcome: Outcome) -> Sent {
    let (sender, number, _) = message;
    let mut it = Sent::new("#room".into(), sender.into(), number, "n1".into(), 10);
    it.answer(outcome, 20);
    it.id = (outcome == Outcome::Done).then(|| kept(message).id);
    it
}

fn histories(items: &[Kept]) -> Vec<History> {
    let of = |node: &str| History { node: node.into(), place: "#room".into(), items: items.into() };
    ["n1", "n2"].map(of).into()
}

fn heard(items: &[Message]) -> Live {
    Live {
        connection: "c".into(),
        node: "n1".into(),
        place: "#room".into(),
        is_unbroken: true,
        items: items.iter().map(|it| Heard { seen_ms: 30, record: kept(*it) }).collect(),
    }
}

/// A1, B1, A2 echoed; A3 refused; B2 unknown and not there; on two nodes.
fn good_run() -> Evidence {
    Evidence {
        sent: vec![
            sent(A1, Outcome::Done),
            sent(A2, Outcome::Done),
            sent(A3, Outcome::Refused),
            sent(B1, Outcome::Done),
            sent(B2, Outcome::Unknown),
        ],
        finals: histories(&[A1, B1, A2].map(kept)),
        live: vec![heard(&[A1, B1, A2])],
        ..Evidence::default()
    }
}

fn found(evidence: &Evidence) -> Vec<&'static str> {
    judge(evidence).err().into_iter().flatten().map(|it| it.invariant).collect()
}

/// Changes the history of the second node.
fn with_second(change: impl FnOnce(&mut Vec<Kept>)) -> Vec<&'static str> {
    let mut evidence = good_run();
    change(&mut evidence.finals[1].items);
    found(&evidence)
}

#[test]
fn a_good_run_passes() {
    let tally = Tally { echoed: 3, refused: 1, unknown: 1, unknown_but_there: 0, longest_ms: 10 };
    assert_eq!(judge(&good_run()), Ok(tally));
}

#[test]
fn an_unknown_message_may_be_there_once_and_not_twice() {
    let mut evidence = good_run();
    evidence.finals.iter_mut().for_each(|it| it.items.push(kept(B2)));
    assert_eq!(judge(&evidence).map(|it| it.unknown_but_there), Ok(1));
    evidence.finals.iter_mut().for_each(|it| it.items.push(kept((B2.0, B2.1, 6))));
    assert_eq!(found(&evidence), ["once"]);
}

#[test]
fn a_missing_message_is_found() {
    assert_eq!(with_second(|it| it.truncate(2)), ["acknowledged", "equal"]);
    let mut evidence = good_run();
    evidence.live.clear();
    evidence.finals = histories(&[B1, A2].map(kept));
    assert_eq!(found(&evidence), ["acknowledged"], "everywhere");
}

#[test]
fn a_doubled_message_and_an_id_used_twice_are_found() {
    assert_eq!(with_second(|it| it.push(kept((B1.0, B1.1, 6)))), ["once", "equal"]);
    let twice = with_second(|it| it[2].id = kept(B1).id);
    assert_eq!(twice, ["ids", "equal", "unchanged"]);
}

#[test]
fn another_id_than_the_echo_had_is_found() {
    assert_eq!(with_second(|it| it[0].id = "id0".into()), ["equal", "unchanged"]);
}

#[test]
fn a_refused_message_that_is_there_and_one_that_nobody_sent_are_found() {
    assert_eq!(with_second(|it| it.push(kept(A3))), ["refused", "equal"]);
    assert_eq!(with_second(|it| it.push(kept(("s7x7", 7, 7)))), ["invented", "equal"]);
}

#[test]
fn a_senders_messages_in_another_order_are_found() {
    assert_eq!(with_second(|it| it.swap(0, 2)), ["order", "ids", "equal"]);
}

#[test]
fn an_order_that_two_nodes_do_not_share_is_found() {
    assert_eq!(with_second(|it| it.swap(0, 1)), ["ids", "equal"]);
}

#[test]
fn across_sessions_only_acknowledged_messages_have_an_order() {
    const LATE: Message = ("s1x1", 2, 0);
    let run = |first: Outcome| {
        let mut late = sent(LATE, Outcome::Done);
        (late.sent_ms, late.answered_ms) = (30, 40);
        Evidence {
            sent: vec![sent(A1, first), late],
            finals: histories(&[LATE, A1].map(kept)),
            ..Evidence::default()
        }
    };
    let unknown = found(&run(Outcome::Unknown));
    assert_eq!(unknown, [""; 0], "it was still on its way when its sender came back");
    assert_eq!(found(&run(Outcome::Done)), ["real-time"]);
}

#[test]
fn a_gap_on_a_connection_is_found() {
    let when_heard = |them: &[Message]| found(&Evidence { live: vec![heard(them)], ..good_run() });
    assert_eq!(when_heard(&[B1, A2]), [""; 0], "who comes later hears from there on");
    assert_eq!(when_heard(&[A1, A2]), ["missed"]);
    assert_eq!(when_heard(&[A1, B1, B1]), ["delivered"]);
    assert_eq!(when_heard(&[B1, A1]), ["delivered"]);
    assert_eq!(when_heard(&[A3]), ["refused", "unchanged"]);
}

#[test]
fn no_history_is_no_proof() {
    let mut evidence = good_run();
    evidence.finals.clear();
    assert_eq!(found(&evidence), ["judged"]);
}
