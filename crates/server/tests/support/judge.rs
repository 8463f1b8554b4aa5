//! Judges a run: what clients were told against what the nodes remember.
//!
//! Promise: a run passes only if every acknowledged message is in every node's history exactly once,
//! under the id it was acknowledged with, in its sender's order; nothing refused or never sent is
//! there; all nodes have one history; and what each connection heard is an unbroken piece of it.

use std::collections::{HashMap, HashSet};

/// One message, as its text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Message {
    pub(crate) sender: usize,
    /// A sender that had to reconnect has another session.
    pub(crate) session: usize,
    /// Never used twice by one sender.
    pub(crate) number: u64,
}

/// What its sender learned of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its echo came, with this id.
    Echoed(String),
    /// It was said not to have happened.
    Refused,
    /// No answer, or an answer that says so: it may be there or not.
    Unknown,
}

/// A message in a history or on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) message: Message,
}

/// All that is known of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Of each sender in the order it sent.
    pub(crate) sent: Vec<(Message, Outcome)>,
    /// By node.
    pub(crate) histories: Vec<(String, Vec<Seen>)>,
    /// By connection.
    pub(crate) heard: Vec<(String, Vec<Seen>)>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Echoed, but not in the node's history.
    Missing(String, Message),
    /// More than once in the node's history, or one id twice.
    Doubled(String, Message),
    /// In the history under another id than it was echoed with.
    OtherId(String, Message),
    /// Refused, but in the history all the same.
    Resurrected(String, Message),
    /// In the history, but nobody sent it.
    Invented(String, Message),
    /// The second stands before the first.
    Reordered(String, Message, Message),
    /// This node's history differs from the first node's from here on.
    Different(String, usize),
    /// What this connection heard is no unbroken piece of the history; from here on.
    Gap(String, usize),
    /// There is nothing to judge.
    NoEvidence,
}

/// What a run was worth, if nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) echoed: usize,
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
    pub(crate) unknown_but_there: usize,
}

/// Judges.
pub(crate) fn judge(evidence: &Evidence) -> Result<Tally, Vec<Fault>> {
    let Some((_, first)) = evidence.histories.first() else {
        return Err(vec![Fault::NoEvidence]);
    };
    let mut faults = Vec::new();
    for (node, history) in &evidence.histories {
        judge_history(node, history, &evidence.sent, &mut faults);
        if history != first {
            let same = history.iter().zip(first).take_while(|(a, b)| a == b).count();
            faults.push(Fault::Different(node.clone(), same));
        }
    }
    for (connection, heard) in &evidence.heard {
        if let Some(at) = gap(heard, first) {
            faults.push(Fault::Gap(connection.clone(), at));
        }
    }
    match faults.is_empty() {
        true => Ok(tally(evidence, first)),
        false => Err(faults),
    }
}

fn judge_history(
    node: &str,
    history: &[Seen],
    sent: &[(Message, Outcome)],
    faults: &mut Vec<Fault>,
) {
    let mut places: HashMap<Message, usize> = HashMap::new();
    let mut ids = HashSet::new();
    for (place, seen) in history.iter().enumerate() {
        let is_new_id = ids.insert(&seen.id);
        let is_new = places.insert(seen.message, place).is_none();
        if !is_new || !is_new_id {
            faults.push(Fault::Doubled(node.to_owned(), seen.message));
        }
    }
    let mut known = HashSet::new();
    for (message, outcome) in sent {
        known.insert(*message);
        match (outcome, places.get(message)) {
            (Outcome::Echoed(_), None) => faults.push(Fault::Missing(node.to_owned(), *message)),
            (Outcome::Echoed(id), Some(place)) if history[*place].id != *id => {
                faults.push(Fault::OtherId(node.to_owned(), *message));
            }
            (Outcome::Refused, Some(_)) => {
                faults.push(Fault::Resurrected(node.to_owned(), *message))
            }
            _ => {}
        }
    }
    let invented = history.iter().filter(|it| !known.contains(&it.message));
    faults.extend(invented.map(|it| Fault::Invented(node.to_owned(), it.message)));

    // Within a session all of them; across a sender's sessions only what was acknowledged, because the
    // next was sent after that, while an unknown one may still have been on its way.
    let in_session = |it: &Message| (it.sender, Some(it.session));
    let of_sender = |it: &Message| (it.sender, None::<usize>);
    let all = sent.iter().map(|(message, _)| message);
    let echoed = sent.iter().filter(|(_, it)| matches!(it, Outcome::Echoed(_)));
    let mut reordered = Vec::new();
    in_order(all, in_session, &places, &mut reordered);
    in_order(echoed.map(|(message, _)| message), of_sender, &places, &mut reordered);
    reordered.sort();
    reordered.dedup();
    faults.extend(reordered.into_iter().map(|(a, b)| Fault::Reordered(node.to_owned(), a, b)));
}

/// Walks through what was sent; within each key, places in the history may only grow.
fn in_order<'a, K: std::hash::Hash + Eq>(
    sent: impl Iterator<Item = &'a Message>,
    key: impl Fn(&Message) -> K,
    places: &HashMap<Message, usize>,
    reordered: &mut Vec<(Message, Message)>,
) {
    let mut latest: HashMap<K, (Message, usize)> = HashMap::new();
    for message in sent {
        let Some(place) = places.get(message) else {
            continue;
        };
        if let Some((before, _)) = latest.get(&key(message)).filter(|(_, it)| it > place) {
            reordered.push((*before, *message));
        }
        latest.insert(key(message), (*message, *place));
    }
}

/// Where `heard` stops being an unbroken piece of `history`.
fn gap(heard: &[Seen], history: &[Seen]) -> Option<usize> {
    let first = heard.first()?;
    let Some(begin) = history.iter().position(|it| it == first) else {
        return Some(0);
    };
    let same = heard.iter().zip(&history[begin..]).take_while(|(a, b)| a == b);
    let same = same.count();
    (same < heard.len()).then_some(same)
}

fn tally(evidence: &Evidence, history: &[Seen]) -> Tally {
    let there: HashSet<Message> = history.iter().map(|it| it.message).collect();
    let mut tally = Tally { echoed: 0, refused: 0, unknown: 0, unknown_but_there: 0 };
    for (message, outcome) in &evidence.sent {
        match outcome {
            Outcome::Echoed(_) => tally.echoed += 1,
            Outcome::Refused => tally.refused += 1,
            Outcome::Unknown => {
                tally.unknown += 1;
                tally.unknown_but_there += usize::from(there.contains(message));
            }
        }
    }
    tally
}
