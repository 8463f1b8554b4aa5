//! What all nodes say at the end of a run: histories of all places, and who and what is in rooms.

use crate::cluster::{Cluster, Stuck, Told, name};
use crate::people::{self, rooms};
use crate::story::Story;
use checker::{Evidence, Guarantee, History, Kept, Name, Shown};
use node::door::RoomView;
use std::collections::{BTreeMap, BTreeSet};

/// All that was looked at.
#[derive(Default)]
pub(crate) struct Ending {
    /// Every node showed everything.
    pub(crate) is_complete: bool,
    histories: Vec<History>,
    /// What a room is, as a history of one record, so that it is held to be the same everywhere.
    states: Vec<History>,
    shown: Vec<Shown>,
    attached: BTreeMap<Name, Vec<Name>>,
}

/// Asks every node for everything.
pub(crate) fn look(cluster: &mut Cluster) -> Result<Ending, Stuck> {
    let mut it = histories(cluster)?;
    it.look_at_rooms(cluster)?;
    Ok(it)
}

/// Asks every node for all histories.
pub(crate) fn histories(cluster: &mut Cluster) -> Result<Ending, Stuck> {
    look_at_histories(cluster, Cluster::history, Cluster::conversation)
}

/// Whether all nodes have the same newest records, which says little, and soon.
pub(crate) fn are_newest_equal(cluster: &mut Cluster) -> Result<bool, Stuck> {
    let it = look_at_histories(cluster, Cluster::newest, Cluster::newest_said)?;
    Ok(it.is_complete && it.are_histories_equal())
}

/// Asks every node who and what is in rooms.
pub(crate) fn rooms(cluster: &mut Cluster) -> Result<Ending, Stuck> {
    let mut it = Ending { is_complete: true, ..Ending::default() };
    it.look_at_rooms(cluster)?;
    Ok(it)
}

fn look_at_histories(
    cluster: &mut Cluster,
    of_room: fn(&mut Cluster, usize, &str) -> Told<Vec<Kept>>,
    of_pair: fn(&mut Cluster, usize, usize) -> Told<Vec<Kept>>,
) -> Result<Ending, Stuck> {
    let mut it = Ending { is_complete: true, ..Ending::default() };
    let mix = cluster.story.mix();
    for node in cluster.nodes() {
        let me: Name = name(node).into();
        for room in mix.rooms() {
            let items = of_room(cluster, node, room)?;
            it.add(&me, room, items);
        }
        for pair in 0..if mix.has_pairs() { people::PAIRS } else { 0 } {
            let items = of_pair(cluster, node, pair)?;
            it.add(&me, &people::conversation(pair), items);
        }
    }
    Ok(it)
}

impl Ending {
    fn look_at_rooms(&mut self, cluster: &mut Cluster) -> Result<(), Stuck> {
        let mix = cluster.story.mix();
        for node in cluster.nodes() {
            let me: Name = name(node).into();
            let counts = cluster.counts(node)?;
            for room in mix.rooms() {
                match cluster.room(node, room)? {
                    Some(view) => {
                        let counted = counts.get(room).copied().unwrap_or_default();
                        self.show(&me, room, &view, counted);
                    }
                    None => self.is_complete = false,
                }
                let attached = cluster.attached(node, room).into_iter().map(Name::from);
                self.attached.entry(room.into()).or_default().extend(attached);
            }
        }
        Ok(())
    }

    fn add(&mut self, node: &Name, place: &str, items: Option<Vec<Kept>>) {
        match items {
            Some(items) => {
                self.histories.push(History { node: node.clone(), place: place.into(), items });
            }
            None => self.is_complete = false,
        }
    }

    fn show(&mut self, node: &Name, room: &str, view: &RoomView, counted: usize) {
        let mut who: Vec<Name> =
            view.occupants.iter().map(|it| it.session.nick.as_str().into()).collect();
        who.sort();
        // NAMES leaves out whose session is gone; LIST counts whoever the room has.
        who.extend((who.len()..counted).map(|it| Name::from(format!("occupant {it} of LIST"))));
        self.shown.push(Shown { node: node.clone(), room: room.into(), who });
        let mut powers: Vec<String> = view
            .occupants
            .iter()
            .map(|it| format!("{} {} {}", it.session.nick, it.is_operator, it.is_voiced))
            .collect();
        powers.sort();
        let body = format!("topic {:?}, modes {}, {powers:?}", view.topic, view.modes);
        let place = format!("the state of {room}");
        let state = Kept { id: place.as_str().into(), at_ms: 0, message: None, body: body.into() };
        self.states.push(History { node: node.clone(), place: place.into(), items: vec![state] });
    }

    /// True when all nodes tell the same.
    pub(crate) fn are_histories_equal(&self) -> bool {
        are_equal(&self.histories)
    }

    /// True when nothing is left to change in what was looked at.
    pub(crate) fn is_settled(&self) -> bool {
        let is_true = |it: &Shown| {
            let there = self.attached.get(&it.room).into_iter().flatten();
            there.collect::<BTreeSet<_>>() == it.who.iter().collect()
        };
        self.is_complete
            && self.are_histories_equal()
            && are_equal(&self.states)
            && self.shown.iter().all(is_true)
    }

    pub(crate) fn trace(&self, story: &Story) {
        for it in self.histories.iter().chain(&self.states) {
            story.trace((
                &*it.node,
                &*it.place,
                it.items.len(),
                it.items.last().map(|it| &*it.body),
            ));
        }
    }

    /// For the checker.
    pub(crate) fn join(self, evidence: &mut Evidence) {
        for room in rooms::ALL {
            let guarantee = room.strategy.guarantee();
            if guarantee != Guarantee::default() {
                evidence.guarantees.insert(room.name.into(), guarantee);
            }
        }
        evidence.finals = self.histories;
        evidence.finals.extend(self.states);
        (evidence.shown, evidence.attached) = (self.shown, self.attached);
    }
}

fn are_equal(all: &[History]) -> bool {
    let mut first: BTreeMap<&str, &[Kept]> = BTreeMap::new();
    all.iter().all(|it| *first.entry(&it.place).or_insert(&it.items) == &it.items[..])
}
