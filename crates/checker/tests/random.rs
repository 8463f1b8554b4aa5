//! Good histories of every shape pass; broken in any one way, they are caught.

mod support;

use checker::{
    ClaimOutcome, Evidence, Guarantee, Heard, History, Kept, Live, Outcome, Read, Sent, check,
};
use support::{claim, release, shown};

const SEEDS: u64 = 60;
const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// Chance from a seed, the same everywhere (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % end
    }

    fn node(&mut self) -> &'static str {
        NODES[self.below(3) as usize]
    }
}

/// A run in which nothing went wrong: in each place one registry takes one message after the other.
fn good(chance: &mut Chance) -> Evidence {
    let mut run = Evidence::default();
    let mut id = 0;
    for (place, guarantee) in [("#a", Guarantee::Total), ("#g", Guarantee::PerSender)] {
        run.guarantees.insert(place.into(), guarantee);
        let mut history: Vec<Kept> = Vec::new();
        let mut live: Vec<Live> = NODES.map(|node| connection(place, node)).into();
        for step in 0..30 {
            let now_ms = 1_000 + step * 20;
            let (number, sender) = (step + 1, format!("{place}{}", chance.below(4)));
            let outcome = match chance.below(8) {
                0 => Outcome::Refused,
                1 | 2 => Outcome::Unknown,
                _ => Outcome::Done,
            };
            let node = NODES[(sender.len() + sender.as_bytes()[2] as usize) % 3];
            let mut sent =
                Sent::new(place.into(), sender.as_str().into(), number, node.into(), now_ms);
            sent.text = Some(format!("text {number}").into());
            sent.answer(outcome, now_ms + 15);
            let does_happen = match outcome {
                Outcome::Unknown => chance.below(2) == 0,
                outcome => outcome == Outcome::Done,
            };
            if does_happen {
                id += 1;
                let record = Kept {
                    id: format!("{id:06}").into(),
                    at_ms: 1_000_000 + now_ms,
                    message: Some((sender.as_str().into(), number)),
                    body: format!("{sender}: text {number}").into(),
                };
                sent.id = (outcome == Outcome::Done).then(|| record.id.clone());
                for it in &mut live {
                    it.items.push(Heard { seen_ms: now_ms + 10, record: record.clone() });
                }
                history.push(record);
            }
            run.sent.push(sent);
            if chance.below(3) == 0 && !history.is_empty() {
                let from = chance.below(history.len() as u64 + 1) as usize;
                run.reads.push(Read {
                    reader: format!("{place}{}", chance.below(4)).into(),
                    node: chance.node().into(),
                    place: place.into(),
                    begin_ms: now_ms + 16,
                    end_ms: now_ms + 18,
                    after: from.checked_sub(1).map(|it| history[it].id.clone()),
                    is_whole: true,
                    items: history[from..].into(),
                });
            }
        }
        if guarantee == Guarantee::PerSender {
            live.iter_mut().for_each(|it| interleave(&mut it.items, chance));
        }
        run.live.extend(live);
        let finals = NODES.map(|node| History {
            node: node.into(),
            place: place.into(),
            items: history.clone(),
        });
        run.finals.extend(finals);
    }
    let mut now_ms = 0;
    for round in 0..10 {
        let (ours, others) = (format!("c{}", round % 3), format!("c{}", (round + 1) % 3));
        now_ms += 100;
        run.claims.push(claim(&ours, now_ms, now_ms + 10, ClaimOutcome::Held));
        run.claims.push(claim(
            &others,
            now_ms + 5 + chance.below(20),
            now_ms + 30,
            ClaimOutcome::InUse,
        ));
        run.claims.push(claim("ghost", now_ms + chance.below(50), 0, ClaimOutcome::Unknown));
        run.releases.push(release(&ours, now_ms + 40, Some(now_ms + 50)));
    }
    run.shown = NODES.map(|it| shown(it, &["x", "y"])).into();
    run.attached.insert("#a".into(), vec!["x".into(), "y".into()]);
    run
}

fn connection(place: &str, node: &str) -> Live {
    Live {
        connection: format!("listener on {node}").into(),
        node: node.into(),
        place: place.into(),
        is_unbroken: true,
        items: Vec::new(),
    }
}

/// Messages of different senders pass each other.
fn interleave(items: &mut [Heard], chance: &mut Chance) {
    for _ in 0..items.len() {
        let at = chance.below(items.len().max(2) as u64 - 1) as usize;
        let sender = |it: &Heard| it.record.message.as_ref().map(|it| it.0.clone());
        if items.len() > 1 && sender(&items[at]) != sender(&items[at + 1]) {
            items.swap(at, at + 1);
        }
    }
}

/// A way to break a history: what then must be found, and how. `false`: this one cannot be broken so.
type Way = (&'static str, fn(&mut Evidence, &mut Chance) -> bool);

const WAYS: &[Way] = &[
    ("acknowledged", |it, chance| {
        let Some(lost) = any_sent(it, chance, Outcome::Done) else { return false };
        let (place, name) = (it.sent[lost].place.clone(), name_of(&it.sent[lost]));
        everywhere(it, &place, |items| items.retain(|it| it.message != Some(name.clone())));
        true
    }),
    ("once", |it, chance| {
        let at = chance.below(it.finals.len() as u64) as usize;
        let items = &mut it.finals[at].items;
        let mut again = items[chance.below(items.len() as u64) as usize].clone();
        again.id = "999999".into();
        items.push(again);
        true
    }),
    ("order", |it, chance| {
        let at = chance.below(it.finals.len() as u64) as usize;
        let items = &mut it.finals[at].items;
        let from = chance.below(items.len() as u64) as usize;
        let sender = |it: &Kept| it.message.as_ref().map(|it| it.0.clone());
        let later = (from + 1..items.len()).find(|it| sender(&items[*it]) == sender(&items[from]));
        later.map(|to| items.swap(from, to)).is_some()
    }),
    ("real-time", |it, _| {
        everywhere(it, "#a", |items| items.rotate_left(1));
        let first = it.finals[0].items.last().and_then(|it| it.message.clone());
        let done = |it: &&Sent| it.outcome == Outcome::Done && Some(name_of(it)) == first;
        let others =
            |it: &Kept| it.message.as_ref().map(|it| &it.0) != first.as_ref().map(|it| &it.0);
        it.sent.iter().any(|it| done(&it)) && it.finals[0].items.iter().any(others)
    }),
    ("refused", |it, chance| {
        let Some(at) = any_sent(it, chance, Outcome::Refused) else { return false };
        let (place, message) = (it.sent[at].place.clone(), name_of(&it.sent[at]));
        let body = it.sent[at].text.clone().unwrap_or_default();
        let record = Kept { id: "999999".into(), at_ms: u64::MAX, message: Some(message), body };
        everywhere(it, &place, |items| items.push(record.clone()));
        true
    }),
    ("invented", |it, chance| {
        let at = chance.below(it.live.len() as u64) as usize;
        it.live[at].items[0].record.message = Some(("nobody".into(), 1));
        true
    }),
    ("answered", |it, chance| {
        let at = chance.below(it.sent.len() as u64) as usize;
        it.sent[at].outcome = Outcome::Waiting;
        true
    }),
    ("ids", |it, _| {
        let id = it.finals[0].items[0].id.clone();
        everywhere(it, "#g", |items| items[0].id = id.clone());
        true
    }),
    ("equal", |it, chance| {
        let at = chance.below(it.finals.len() as u64) as usize;
        it.finals[at].items.pop().is_some()
    }),
    ("unchanged", |it, chance| {
        let at = chance.below(it.finals[0].items.len() as u64) as usize;
        everywhere(it, "#a", |items| items[at].body = format!("{}!", items[at].body).into());
        true
    }),
    ("unchanged", |it, chance| {
        let at = chance.below(it.finals[0].items.len() as u64) as usize;
        everywhere(it, "#a", |items| items[at].id = format!("{}0", items[at].id).into());
        true
    }),
    ("delivered", |it, chance| {
        let at = chance.below(it.live.len() as u64) as usize;
        let first = it.live[at].items[0].clone();
        it.live[at].items.push(first);
        true
    }),
    ("delivered", |it, chance| {
        let items = &mut it.live[0].items;
        let at = chance.below(items.len() as u64 - 1) as usize;
        items.swap(at, at + 1);
        true
    }),
    ("missed", |it, chance| {
        let items = &mut it.live[0].items;
        let at = 1 + chance.below(items.len() as u64 - 2) as usize;
        items.remove(at);
        true
    }),
    ("own-writes", |it, chance| {
        let Some(at) = any_sent(it, chance, Outcome::Done) else { return false };
        let sent = it.sent[at].clone();
        it.reads.push(Read {
            reader: sent.person,
            node: sent.node,
            place: sent.place,
            begin_ms: sent.answered_ms + 1,
            end_ms: sent.answered_ms + 2,
            after: None,
            is_whole: true,
            items: Vec::new(),
        });
        true
    }),
    ("monotonic-reads", |it, chance| {
        let shows = it.reads.iter().filter(|it| !it.items.is_empty());
        let shows: Vec<&Read> = shows.collect();
        if shows.is_empty() {
            return false;
        }
        let mut later = shows[chance.below(shows.len() as u64) as usize].clone();
        (later.begin_ms, later.end_ms) = (later.end_ms + 1, later.end_ms + 2);
        later.items.pop();
        it.reads.push(later);
        true
    }),
    ("names", |it, chance| {
        // While one holds it another gets it.
        let at = chance.below(10) as usize * 3 + 1;
        it.claims[at].outcome = ClaimOutcome::Held;
        (it.claims[at].begin_ms, it.claims[at].end_ms) =
            (it.claims[at - 1].end_ms + 5, it.claims[at - 1].end_ms + 6);
        it.claims[at].client = "thief".into();
        true
    }),
    ("ghosts", |it, chance| {
        let at = chance.below(3) as usize;
        it.shown[at].who.pop().is_some()
    }),
    ("ghosts", |it, chance| {
        let at = chance.below(3) as usize;
        it.shown[at].who.push("ghost".into());
        true
    }),
    ("server-time", |it, chance| {
        let items = &mut it.finals[0].items;
        let at = 1 + chance.below(items.len() as u64 - 1) as usize;
        items[at].at_ms = items[at - 1].at_ms - 1;
        true
    }),
    ("judged", |it, _| {
        it.finals.retain(|it| &*it.place != "#g");
        true
    }),
];

fn any_sent(it: &Evidence, chance: &mut Chance, outcome: Outcome) -> Option<usize> {
    let such = it.sent.iter().enumerate().filter(|it| it.1.outcome == outcome);
    let such: Vec<usize> = such.map(|it| it.0).collect();
    let some = !such.is_empty();
    some.then(|| such[chance.below(such.len() as u64) as usize])
}

fn name_of(it: &Sent) -> (checker::Name, u64) {
    (it.sender.clone(), it.number)
}

fn everywhere(it: &mut Evidence, place: &str, change: impl Fn(&mut Vec<Kept>)) {
    let finals = it.finals.iter_mut().filter(|it| &*it.place == place);
    finals.for_each(|it| change(&mut it.items));
}

#[test]
fn good_runs_pass() {
    for seed in 0..SEEDS {
        assert_eq!(check(&good(&mut Chance(seed))), [], "seed {seed}");
    }
}

#[test]
fn a_run_broken_in_any_way_is_caught() {
    for (way, (invariant, break_it)) in WAYS.iter().enumerate() {
        let mut broken = 0;
        for seed in 0..SEEDS {
            let mut chance = Chance(seed);
            let mut run = good(&mut chance);
            if !break_it(&mut run, &mut chance) {
                continue;
            }
            broken += 1;
            let found = check(&run);
            let is_found = found.iter().any(|it| it.invariant == *invariant);
            assert!(is_found, "seed {seed}, way {way}: not {invariant} but {found:#?}");
        }
        assert!(broken > SEEDS / 4, "way {way} to break {invariant} is hardly tried");
    }
}
