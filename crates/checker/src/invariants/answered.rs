//! Everybody who asked was answered, unless their node died.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "answered",
    about: "Everybody who asked was answered, unless their node died.",
    check,
};

use crate::Outcome;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for sent in index.evidence.sent.iter().filter(|it| it.outcome == Outcome::Waiting) {
        stories.add(sent.sent_ms, || Story::new("a message was never answered").sent(sent));
    }
}
