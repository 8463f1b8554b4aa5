//! In each term, or epoch, of a group one replica begins to lead, once.

use super::Invariant;
use crate::Leadership;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "leaders",
    about: "In each term of a group at most one replica begins to lead, and only once.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    let mut all: Vec<&Leadership> = index.evidence.leaderships.iter().collect();
    all.sort_by_key(|it| (&it.group, it.term, it.at_ms));
    for pair in all.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        if (&first.group, first.term) != (&second.group, second.term) {
            continue;
        }
        stories.add(second.at_ms - first.at_ms, || {
            let Leadership { group, term, .. } = first;
            let line = |it: &Leadership| format!("{} leads from {} ms on", it.node, it.at_ms);
            Story::new(format!("term {term} of {group} has more than one leader"))
                .at(first.at_ms, second.at_ms)
                .line(line(first))
                .line(line(second))
        });
    }
}
