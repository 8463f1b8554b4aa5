//! Judges a history: what clients sent and saw, against what the nodes remember at the end.
//!
//! Promise: [`check`] names every invariant that the [`Evidence`] breaks, each with the shortest story
//! that shows it, and none that it keeps. It knows no node and no network: whoever has such evidence
//! can ask. An invariant is a file and a row in [`invariants`].

mod evidence;
mod index;
pub mod invariants;
mod story;

pub use evidence::{
    Claim, ClaimOutcome, Evidence, Guarantee, Heard, History, Kept, Leadership, Live, MessageName,
    Name, Outcome, Read, Release, Sent, Shown,
};

use index::Index;
use story::Stories;

/// Something that must not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which promise is broken.
    pub invariant: &'static str,
    /// Who did and saw what, and what was done to the cluster meanwhile.
    pub story: String,
}

impl Violation {
    /// One that was found elsewhere: a panic, a standstill.
    pub fn new(invariant: &'static str, story: impl Into<String>) -> Violation {
        Violation { invariant, story: story.into() }
    }
}

/// Every invariant that does not hold.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let index = Index::new(evidence);
    let found = invariants::ALL.iter().filter_map(|it| {
        let mut stories = Stories::default();
        (it.check)(&index, &mut stories);
        Some(Violation::new(it.name, stories.told(evidence)?))
    });
    found.collect()
}
