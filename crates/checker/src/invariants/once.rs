//! No message is in a history twice.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant =
    Invariant { name: "once", about: "No message is in a history twice.", check };

use crate::index::Where;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for node in &place.finals {
            for (first, second) in node.doubles() {
                stories.add(second.at_ms.abs_diff(first.at_ms), || {
                    let at = Where::Final(node.node);
                    let story =
                        Story::new(format!("{} has a message of {} twice", node.node, place.name));
                    story.record(place, at, first).record(place, at, second)
                });
            }
        }
    }
}
