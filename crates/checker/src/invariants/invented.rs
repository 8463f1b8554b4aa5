//! Nothing is there that nobody sent, and with the text that it was sent with.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "invented",
    about: "Nothing is there that nobody sent, and with the text that it was sent with.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for (at, record) in place.seen() {
            let Some(name) = record.name() else {
                continue; // Somebody joined or the like.
            };
            let Some(sent) = place.sent(name) else {
                stories.add(0, || {
                    let story = Story::new(format!("in {} is what nobody sent there", place.name));
                    story.record(place, at, record)
                });
                continue;
            };
            let text = sent.text.as_ref().filter(|_| !record.body.is_empty());
            if text.is_some_and(|it| !record.body.contains(&**it)) {
                stories.add(1, || {
                    let story = Story::new("a message has another text than it was sent with");
                    story.sent(sent).record(place, at, record)
                });
            }
        }
    }
}
