//! There is something to judge: each place that anybody used has a history at the end.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "judged",
    about: "There is something to judge: each place that anybody used has a history at the end.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    let evidence = index.evidence;
    let is_about_rooms = evidence.claims.is_empty() && evidence.shown.is_empty();
    if index.places.is_empty() && is_about_rooms {
        stories.add(0, || Story::new("there is no evidence at all"));
    }
    for place in index.places.iter().filter(|it| it.finals.is_empty()) {
        stories.add(0, || Story::new(format!("nobody read {} at the end", place.name)));
    }
}
