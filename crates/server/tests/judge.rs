//! The judge of the kill tests can tell good runs from bad ones, whichever way they are bad.

mod support;

use support::judge::{Evidence, Fault, Message, Outcome, Seen, Tally, judge};

const fn message(sender: usize, number: u64) -> Message {
    Message { sender, session: 0, number }
}

fn seen(message: Message) -> Seen {
    Seen { id: id(message), message }
}

fn id(message: Message) -> String {
    format!("id-{}-{}", message.sender, message.number)
}

const A1: Message = message(1, 1);
const A2: Message = message(1, 2);
const A3: Message = message(1, 3);
const B1: Message = message(2, 1);
const B2: Message = message(2, 2);

/// A1, B1, A2 echoed; A3 refused; B2 unknown and not there; on two nodes.
fn good_run() -> Evidence {
    let history: Vec<Seen> = [A1, B1, A2].map(seen).into();
    Evidence {
        sent: vec![
            (A1, Outcome::Echoed(id(A1))),
            (A2, Outcome::Echoed(id(A2))),
            (A3, Outcome::Refused),
            (B1, Outcome::Echoed(id(B1))),
            (B2, Outcome::Unknown),
        ],
        histories: vec![("n1".to_owned(), history.clone()), ("n2".to_owned(), history.clone())],
        heard: vec![("c".to_owned(), history)],
    }
}

/// Changes the history of the second node.
fn with_second(change: impl FnOnce(&mut Vec<Seen>)) -> Vec<Fault> {
    let mut evidence = good_run();
    change(&mut evidence.histories[1].1);
    judge(&evidence).expect_err("it is a bad run")
}

fn n2() -> String {
    "n2".to_owned()
}

#[test]
fn a_good_run_passes() {
    let tally = Tally { echoed: 3, refused: 1, unknown: 1, unknown_but_there: 0 };
    assert_eq!(judge(&good_run()), Ok(tally));
}

#[test]
fn an_unknown_message_may_be_there_once() {
    let mut evidence = good_run();
    for (_, history) in &mut evidence.histories {
        history.push(seen(B2));
    }
    assert_eq!(judge(&evidence).map(|it| it.unknown_but_there), Ok(1));
}

#[test]
fn an_unknown_message_must_not_be_there_twice() {
    let mut evidence = good_run();
    for (_, history) in &mut evidence.histories {
        let mut again = seen(B2);
        history.push(again.clone());
        again.id = "another".to_owned();
        history.push(again);
    }
    let n1 = "n1".to_owned();
    assert_eq!(judge(&evidence), Err(vec![Fault::Doubled(n1, B2), Fault::Doubled(n2(), B2)]));
}

#[test]
fn a_missing_message_is_found() {
    let faults = with_second(|it| it.truncate(2));
    assert_eq!(faults, [Fault::Missing(n2(), A2), Fault::Different(n2(), 2)]);
}

#[test]
fn a_message_missing_everywhere_is_found() {
    let mut evidence = good_run();
    evidence.heard.clear();
    for (_, history) in &mut evidence.histories {
        history.remove(0);
    }
    let n1 = "n1".to_owned();
    assert_eq!(judge(&evidence), Err(vec![Fault::Missing(n1, A1), Fault::Missing(n2(), A1)]));
}

#[test]
fn a_doubled_message_is_found() {
    let faults = with_second(|it| it.push(Seen { id: "another".to_owned(), message: B1 }));
    assert!(faults.contains(&Fault::Doubled(n2(), B1)), "{faults:?}");
}

#[test]
fn an_id_used_twice_is_found() {
    let faults = with_second(|it| it[2].id = id(B1));
    assert!(faults.contains(&Fault::Doubled(n2(), A2)), "{faults:?}");
}

#[test]
fn another_id_than_the_echo_had_is_found() {
    let faults = with_second(|it| it[0].id = "another".to_owned());
    assert_eq!(faults, [Fault::OtherId(n2(), A1), Fault::Different(n2(), 0)]);
}

#[test]
fn a_refused_message_that_is_there_is_found() {
    let faults = with_second(|it| it.push(seen(A3)));
    assert_eq!(faults, [Fault::Resurrected(n2(), A3), Fault::Different(n2(), 3)]);
}

#[test]
fn a_message_nobody_sent_is_found() {
    let faults = with_second(|it| it.push(seen(message(7, 7))));
    assert_eq!(faults, [Fault::Invented(n2(), message(7, 7)), Fault::Different(n2(), 3)]);
}

#[test]
fn a_senders_messages_in_another_order_are_found() {
    let faults = with_second(|it| it.swap(0, 2));
    assert_eq!(faults, [Fault::Reordered(n2(), A1, A2), Fault::Different(n2(), 0)]);
}

#[test]
fn an_order_that_two_nodes_do_not_share_is_found() {
    let faults = with_second(|it| it.swap(0, 1));
    assert_eq!(faults, [Fault::Different(n2(), 0)]);
}

#[test]
fn across_sessions_only_acknowledged_messages_have_an_order() {
    let late = Message { session: 1, ..A2 };
    let run = |first: Outcome| {
        let mut evidence = good_run();
        evidence.heard.clear();
        evidence.sent = vec![(A1, first), (late, Outcome::Echoed(id(late)))];
        let history: Vec<Seen> = [late, A1].map(seen).into();
        evidence.histories = vec![(n2(), history)];
        judge(&evidence)
    };
    assert!(run(Outcome::Unknown).is_ok(), "it was still on its way when its sender came back");
    assert_eq!(run(Outcome::Echoed(id(A1))), Err(vec![Fault::Reordered(n2(), A1, late)]));
}

#[test]
fn a_gap_on_a_connection_is_found() {
    let heard = |them: &[Message]| {
        let mut evidence = good_run();
        evidence.heard[0].1 = them.iter().copied().map(seen).collect();
        judge(&evidence).err()
    };
    let gap = |at| Some(vec![Fault::Gap("c".to_owned(), at)]);
    assert_eq!(heard(&[B1, A2]), None, "who comes later hears from there on");
    assert_eq!(heard(&[A1, A2]), gap(1));
    assert_eq!(heard(&[A1, B1, B1]), gap(2));
    assert_eq!(heard(&[B1, A1]), gap(1));
    assert_eq!(heard(&[A3]), gap(0));
}

#[test]
fn no_history_is_no_proof() {
    let mut evidence = good_run();
    evidence.histories.clear();
    assert_eq!(judge(&evidence), Err(vec![Fault::NoEvidence]));
}
