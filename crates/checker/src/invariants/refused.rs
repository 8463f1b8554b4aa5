//! What was refused is nowhere.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant =
    Invariant { name: "refused", about: "What was refused is nowhere.", check };

use crate::Outcome;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for (at, record) in place.seen() {
            let sent = record.name().and_then(|it| place.sent(it));
            if let Some(sent) = sent.filter(|it| it.outcome == Outcome::Refused) {
                stories.add(sent.answered_ms.saturating_sub(sent.sent_ms), || {
                    let story = Story::new("what was refused happened all the same");
                    story.sent(sent).record(place, at, record)
                });
            }
        }
    }
}
