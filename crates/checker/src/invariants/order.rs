//! Each sender's messages stand in the order in which they were sent.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "order",
    about: "Each sender's messages stand in the order in which they were sent.",
    check,
};

use crate::index::{Place, Where};
use crate::{Guarantee, Kept};
use std::collections::BTreeMap;

/// Where one order is promised to all, reads and connections are held to that order elsewhere.
fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for it in &place.finals {
            let items = it.items.iter().map(|record| (Where::Final(it.node), record));
            along(place, items, stories);
        }
        if place.guarantee == Guarantee::Total {
            continue;
        }
        for it in &place.reads {
            along(place, it.items.iter().map(|record| (Where::Read(it), record)), stories);
        }
        for it in &place.live {
            let items =
                it.items.iter().map(|heard| (Where::Live(it, heard.seen_ms), &heard.record));
            along(place, items, stories);
        }
    }
}

fn along<'a>(
    place: &Place<'_>,
    items: impl Iterator<Item = (Where<'a>, &'a Kept)>,
    stories: &mut Stories,
) {
    let mut newest: BTreeMap<&str, (u64, Where<'a>, &Kept)> = BTreeMap::new();
    for (at, record) in items {
        let Some((sender, number)) = record.name() else {
            continue;
        };
        let before = newest.insert(sender, (number, at, record));
        if let Some((_, before_at, before)) = before.filter(|it| it.0 > number) {
            stories.add(record.at_ms.abs_diff(before.at_ms), || {
                Story::new(format!("messages of {sender} in {} changed places", place.name))
                    .record(place, before_at, before)
                    .record(place, at, record)
            });
        }
    }
}
