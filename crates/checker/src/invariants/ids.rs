//! Ids grow along a history, and no id is used in two places.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "ids",
    about: "Ids grow along a history, and no id is used in two places.",
    check,
};

use crate::Kept;
use crate::index::{Place, Where};

fn check(index: &Index<'_>, stories: &mut Stories) {
    let mut all: Vec<(&str, usize, &str, &Kept)> = Vec::new();
    for (number, place) in index.places.iter().enumerate() {
        for node in &place.finals {
            grow(place, node.node, node.items, stories);
            all.extend(node.items.iter().map(|it| (&*it.id, number, node.node, it)));
        }
    }
    all.sort_unstable_by_key(|it| (it.0, it.1));
    for pair in all.windows(2).filter(|it| it[0].0 == it[1].0 && it[0].1 != it[1].1) {
        stories.add(pair[0].3.at_ms.abs_diff(pair[1].3.at_ms), || {
            let (first, second) = (&index.places[pair[0].1], &index.places[pair[1].1]);
            Story::new(format!("an id is in {} and in {}", first.name, second.name))
                .record(first, Where::Final(pair[0].2), pair[0].3)
                .record(second, Where::Final(pair[1].2), pair[1].3)
        });
    }
}

fn grow(place: &Place<'_>, node: &str, items: &[Kept], stories: &mut Stories) {
    for pair in items.windows(2).filter(|it| it[0].id >= it[1].id) {
        stories.add(pair[0].at_ms.abs_diff(pair[1].at_ms), || {
            let at = Where::Final(node);
            Story::new(format!("ids do not grow along {} on {node}", place.name))
                .record(place, at, &pair[0])
                .record(place, at, &pair[1])
        });
    }
}
