//! At the end a room shows exactly who is there.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant =
    Invariant { name: "ghosts", about: "At the end a room shows exactly who is there.", check };

use std::collections::BTreeSet;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for shown in &index.evidence.shown {
        let there = index.evidence.attached.get(&shown.room);
        let there: BTreeSet<&str> = there.into_iter().flatten().map(|it| &**it).collect();
        let seen: BTreeSet<&str> = shown.who.iter().map(|it| &**it).collect();
        let (node, room) = (&shown.node, &shown.room);
        for who in seen.difference(&there) {
            stories
                .add(0, || Story::new(format!("{node} shows {who} in {room}, who is not there")));
        }
        for who in there.difference(&seen) {
            stories.add(0, || Story::new(format!("{node} does not show {who} in {room}")));
        }
        if seen.len() < shown.who.len() {
            stories.add(1, || Story::new(format!("{node} shows somebody in {room} twice")));
        }
    }
}
