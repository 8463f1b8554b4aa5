//! A connection that was there without a break saw every message between two that it saw.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "missed",
    about: "A connection that was there without a break saw every message between two that it saw.",
    check,
};

use crate::index::{Final, Place, Where};
use crate::{Guarantee, Kept, Live};
use std::collections::{BTreeMap, BTreeSet};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for live in place.live.iter().filter(|it| it.is_unbroken) {
            let Some(node) = place.final_of(&live.node) else {
                continue; // Said elsewhere.
            };
            let seen: BTreeSet<&str> = live.items.iter().map(|it| &*it.record.id).collect();
            for (before, missed) in gaps(place.guarantee, node, &seen) {
                stories.add(missed.at_ms.saturating_sub(before.at_ms), || {
                    tell(place, live, node, before, missed)
                });
            }
        }
    }
}

/// What stands behind something seen, was not seen itself, and stands before something seen; each with
/// what was seen before. By sender where only senders have an order.
fn gaps<'a>(
    guarantee: Guarantee,
    node: &Final<'a>,
    seen: &BTreeSet<&str>,
) -> Vec<(&'a Kept, &'a Kept)> {
    let mut open: BTreeMap<&str, (Option<&Kept>, Vec<&Kept>)> = BTreeMap::new();
    let mut found = Vec::new();
    for record in node.items {
        let Some((sender, _)) = record.name() else {
            continue;
        };
        let of = if guarantee == Guarantee::Total { "" } else { sender };
        let (before, missed) = open.entry(of).or_default();
        if !seen.contains(&*record.id) {
            missed.push(record);
            continue;
        }
        if let Some(before) = before {
            found.extend(missed.iter().map(|it| (*before, *it)));
        }
        (*before, *missed) = (Some(record), Vec::new());
    }
    found
}

fn tell(place: &Place<'_>, live: &Live, node: &Final<'_>, before: &Kept, missed: &Kept) -> Story {
    let story = Story::new(format!("{} on {} missed a message", live.connection, live.node));
    let seen = live.items.iter().find(|it| it.record.id == before.id);
    let story = match seen {
        Some(it) => story.record(place, Where::Live(live, it.seen_ms), &it.record),
        None => story,
    };
    story.record(place, Where::Final(node.node), missed)
}
