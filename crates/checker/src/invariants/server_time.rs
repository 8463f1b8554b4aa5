//! Times shown to clients never run backward in a history, nor live where one order is promised.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "server-time",
    about: "Times shown to clients never run backward in a history, nor live where one order is promised.",
    check,
};

use crate::index::{Place, Where};
use crate::{Guarantee, Kept};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for it in &place.finals {
            let items = it.items.iter().map(|record| (Where::Final(it.node), record));
            along(place, items, stories);
        }
        for it in &place.reads {
            along(place, it.items.iter().map(|record| (Where::Read(it), record)), stories);
        }
        for it in place.live.iter().filter(|_| place.guarantee == Guarantee::Total) {
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
    let mut before: Option<(Where<'a>, &Kept)> = None;
    for (at, record) in items {
        if let Some((before_at, before)) = before.filter(|it| it.1.at_ms > record.at_ms) {
            stories.add(before.at_ms - record.at_ms, || {
                Story::new(format!("time runs backward in {}", place.name))
                    .record(place, before_at, before)
                    .record(place, at, record)
            });
        }
        before = Some((at, record));
    }
}
