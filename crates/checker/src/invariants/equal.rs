//! Every node tells the same history.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant =
    Invariant { name: "equal", about: "Every node tells the same history.", check };

use crate::index::Where;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        let Some((first, others)) = place.finals.split_first() else {
            continue; // Said elsewhere.
        };
        for other in others {
            let is_same = |it: &(&crate::Kept, &crate::Kept)| it.0.is_same(it.1);
            let same = first.items.iter().zip(other.items).take_while(is_same).count();
            let (ours, theirs) = (first.items.get(same), other.items.get(same));
            if ours.is_none() && theirs.is_none() {
                continue;
            }
            let (one, two) = (first.node, other.node);
            stories.add((first.items.len().max(other.items.len()) - same) as u64, || {
                let mut story = Story::new(format!(
                    "{one} and {two} differ in {}, behind {same} equal records of {} and {}",
                    place.name,
                    first.items.len(),
                    other.items.len()
                ));
                for (node, next) in [(one, ours), (two, theirs)] {
                    story = match next {
                        Some(it) => story.record(place, Where::Final(node), it),
                        None => story.line(format!("{node} has nothing more")),
                    };
                }
                story
            });
        }
    }
}
