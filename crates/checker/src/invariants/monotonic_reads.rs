//! A read that begins after another of the same reader ended lacks nothing that the other showed.
//!
//! In places with an order per sender only: on the same node.

use super::Invariant;
use crate::index::{Index, Place, Where};
use crate::story::{Stories, Story};
use crate::{Guarantee, Kept, Read};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "monotonic-reads",
    about: "A read lacks nothing that an earlier one of the same reader showed.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        let mut readers: BTreeMap<(&str, &str), Vec<&Read>> = BTreeMap::new();
        for read in &place.reads {
            let node = match place.guarantee {
                Guarantee::Total => "",
                Guarantee::PerSender => &read.node,
            };
            readers.entry((&read.reader, node)).or_default().push(read);
        }
        for reads in readers.into_values() {
            lacks_nothing(place, reads, stories);
        }
    }
}

fn lacks_nothing<'a>(place: &Place<'_>, reads: Vec<&'a Read>, stories: &mut Stories) {
    let mut by_end = reads.clone();
    by_end.sort_by_key(|it| it.end_ms);
    let mut by_begin = reads;
    by_begin.sort_by_key(|it| it.begin_ms);

    // By id, with the latest read that showed it.
    let mut shown: BTreeMap<&str, (&'a Read, &'a Kept)> = BTreeMap::new();
    let mut ended = by_end.into_iter().peekable();
    for read in by_begin {
        while let Some(earlier) = ended.next_if(|it| it.end_ms < read.begin_ms) {
            shown.extend(earlier.items.iter().map(|it| (&*it.id, (earlier, it))));
        }
        let found: BTreeSet<&str> = read.items.iter().map(|it| &*it.id).collect();
        let from = read.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let lacking = shown.range::<str, _>((from, Bound::Unbounded));
        let lacking =
            lacking.take_while(|it| read.reaches(it.0)).filter(|it| !found.contains(*it.0));
        for (_, (earlier, record)) in lacking {
            stories.add(read.begin_ms - earlier.end_ms, || {
                Story::new(format!("{} lost sight of a record of {}", read.reader, place.name))
                    .record(place, Where::Read(earlier), record)
                    .read(read)
            });
        }
    }
}
