//! A good history to break: two nodes, two rooms, two people.
#![allow(dead_code, reason = "each test program uses its own part")]

use checker::{
    Claim, ClaimOutcome, Evidence, Heard, History, Kept, Live, Outcome, Read, Release, Sent, Shown,
    check,
};

pub(crate) const NODES: [&str; 2] = ["n1", "n2"];

/// A message that was sent at `at_ms` and answered 10 ms later.
pub(crate) fn sent(sender: &str, number: u64, outcome: Outcome, at_ms: u64) -> Sent {
    let mut it = Sent::new("#a".into(), sender.into(), number, "n1".into(), at_ms);
    it.text = Some(format!("{sender} {number}").into());
    it.answer(outcome, at_ms + 10);
    it
}

/// A message with this place in the order of ids.
pub(crate) fn kept(id: u64, sender: &str, number: u64) -> Kept {
    Kept {
        id: format!("{id:06}").into(),
        at_ms: 1_000_000 + id,
        message: Some((sender.into(), number)),
        body: format!("{sender} {number}").into(),
    }
}

pub(crate) fn history(node: &str, place: &str, items: &[Kept]) -> History {
    History { node: node.into(), place: place.into(), items: items.into() }
}

/// From the beginning to the end.
pub(crate) fn read(reader: &str, node: &str, begin_ms: u64, items: &[Kept]) -> Read {
    Read {
        reader: reader.into(),
        node: node.into(),
        place: "#a".into(),
        begin_ms,
        end_ms: begin_ms + 5,
        after: None,
        is_whole: true,
        items: items.into(),
    }
}

pub(crate) fn live(connection: &str, items: &[Kept]) -> Live {
    let heard = items.iter().zip(0..);
    Live {
        connection: connection.into(),
        node: "n1".into(),
        place: "#a".into(),
        is_unbroken: true,
        items: heard.map(|(it, at)| Heard { seen_ms: 100 + at, record: it.clone() }).collect(),
    }
}

pub(crate) fn claim(client: &str, begin_ms: u64, end_ms: u64, outcome: ClaimOutcome) -> Claim {
    Claim { client: client.into(), nick: "rose".into(), begin_ms, end_ms, outcome }
}

pub(crate) fn release(client: &str, begin_ms: u64, end_ms: Option<u64>) -> Release {
    Release { client: client.into(), nick: "rose".into(), begin_ms, end_ms }
}

/// What stands in #a.
pub(crate) fn records() -> Vec<Kept> {
    vec![kept(1, "ann", 1), kept(2, "bob", 1), kept(4, "ann", 2), kept(5, "bob", 2)]
}

/// Ann's and Bob's first two were acknowledged, Ann's third refused, Bob's third is unknown and not there.
pub(crate) fn good() -> Evidence {
    let all = records();
    let elsewhere = Kept { message: None, ..kept(3, "ann", 9) };
    let both = |place: &str, items: &[Kept]| NODES.map(|node| history(node, place, items));
    Evidence {
        sent: vec![
            sent("ann", 1, Outcome::Done, 100),
            sent("bob", 1, Outcome::Done, 105),
            sent("ann", 2, Outcome::Done, 200),
            sent("ann", 3, Outcome::Refused, 300),
            sent("bob", 2, Outcome::Done, 310),
            sent("bob", 3, Outcome::Unknown, 320),
        ],
        finals: both("#a", &all).into_iter().chain(both("#b", &[elsewhere])).collect(),
        reads: vec![
            read("ann", "n1", 150, &all[..2]),
            read("ann", "n2", 250, &all[..3]),
            Read { after: Some(all[0].id.clone()), ..read("bob", "n2", 400, &all[1..]) },
        ],
        live: vec![live("ann on n1", &all), live("late on n1", &all[1..3])],
        claims: vec![
            claim("ann", 10, 20, ClaimOutcome::Held),
            claim("bob", 30, 40, ClaimOutcome::InUse),
            claim("bob", 60, 70, ClaimOutcome::Held),
        ],
        releases: vec![release("ann", 50, None)],
        shown: NODES.map(|it| shown(it, &["ann", "bob"])).into(),
        attached: [("#a".into(), vec!["bob".into(), "ann".into()])].into(),
        deeds: vec![(0, "long ago".into()), (9_000, "kill".into()), (50_000, "too late".into())],
        ..Evidence::default()
    }
}

pub(crate) fn shown(node: &str, who: &[&str]) -> Shown {
    Shown { node: node.into(), room: "#a".into(), who: who.iter().map(|it| (*it).into()).collect() }
}

/// Changes what every node has of #a at the end.
pub(crate) fn everywhere(evidence: &mut Evidence, change: impl Fn(&mut Vec<Kept>)) {
    let of_a = evidence.finals.iter_mut().filter(|it| &*it.place == "#a");
    of_a.for_each(|it| change(&mut it.items));
}

/// Nobody saw anything while the run went on.
pub(crate) fn unseen() -> Evidence {
    Evidence { reads: Vec::new(), live: Vec::new(), ..good() }
}

#[track_caller]
pub(crate) fn violated(evidence: &Evidence) -> Vec<&'static str> {
    check(evidence).iter().map(|it| it.invariant).collect()
}

#[track_caller]
pub(crate) fn passes(evidence: &Evidence) {
    assert_eq!(check(evidence), []);
}
