//! A connection sees each record once, and in the order of ids where one order is promised.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "delivered",
    about: "A connection sees each record once, and in the order of ids where one order is promised.",
    check,
};

use crate::index::Where;
use crate::{Guarantee, Heard};
use std::collections::BTreeMap;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for live in &place.live {
            let mut tell = |first: &Heard, second: &Heard, what: &str| {
                stories.add(second.seen_ms.saturating_sub(first.seen_ms), || {
                    Story::new(format!("{} on {} saw records {what}", live.connection, live.node))
                        .record(place, Where::Live(live, first.seen_ms), &first.record)
                        .record(place, Where::Live(live, second.seen_ms), &second.record)
                });
            };
            let mut seen: BTreeMap<&str, &Heard> = BTreeMap::new();
            let mut newest: Option<&Heard> = None;
            for heard in &live.items {
                if let Some(first) = seen.insert(&heard.record.id, heard) {
                    tell(first, heard, "twice");
                    continue;
                }
                let is_late = newest.filter(|it| it.record.id > heard.record.id);
                match is_late.filter(|_| place.guarantee == Guarantee::Total) {
                    Some(before) => tell(before, heard, "in another order than their ids'"),
                    None => newest = Some(heard),
                }
            }
        }
    }
}
