//! Whoever reads finds what they wrote and had acknowledged before.
//!
//! In places with an order per sender only: on the node they wrote through.

use super::Invariant;
use crate::index::{Index, Place};
use crate::story::{Stories, Story};
use crate::{Guarantee, Outcome, Read, Sent};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "own-writes",
    about: "Whoever reads finds what they wrote and had acknowledged before.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in index.places.iter().filter(|it| !it.reads.is_empty()) {
        let mut done: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
        for sent in place.sent.iter().filter(|it| it.outcome == Outcome::Done) {
            done.entry(&sent.person).or_default().push(sent);
        }
        for read in &place.reads {
            if let Some(done) = done.get(&*read.reader) {
                finds_all(place, read, done, stories);
            }
        }
    }
}

fn finds_all(place: &Place<'_>, read: &Read, done: &[&Sent], stories: &mut Stories) {
    let found: BTreeSet<(&str, u64)> = read.items.iter().filter_map(|it| it.name()).collect();
    for sent in done.iter().filter(|it| it.answered_ms < read.begin_ms) {
        let name = (&*sent.sender, sent.number);
        let is_promised = place.guarantee == Guarantee::Total || sent.node == read.node;
        if !is_promised || found.contains(&name) {
            continue;
        }
        // Lost altogether is another matter.
        let Some(kept) = place.final_of(&read.node).and_then(|it| it.find(name)) else {
            continue;
        };
        if read.reaches(&kept.id) {
            stories.add(read.begin_ms - sent.answered_ms, || {
                let story = Story::new(format!("{} did not find their own message", read.reader));
                story.sent(sent).read(read).line(format!("its id is {}", kept.id))
            });
        }
    }
}

impl Read {
    /// True when a record with this id, had the node had it, would have been shown.
    pub(super) fn reaches(&self, id: &str) -> bool {
        let is_behind = self.after.as_deref().is_none_or(|it| it < id);
        let is_before = self.is_whole || self.items.last().is_some_and(|it| *id < *it.id);
        is_behind && is_before
    }
}
