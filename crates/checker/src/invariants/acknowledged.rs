//! What was acknowledged is in every history. In places with an order per sender only, unless it was on a single
//! disk that was lost.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant =
    Invariant { name: "acknowledged", about: "What was acknowledged is in every history.", check };

use crate::Outcome;

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for sent in place.sent.iter().filter(|it| it.outcome == Outcome::Done) {
            let has_it =
                |node: &crate::index::Final<'_>| node.find((&sent.sender, sent.number)).is_some();
            let lacking: Vec<&str> =
                place.finals.iter().filter(|it| !has_it(it)).map(|it| it.node).collect();
            if !lacking.is_empty() && !place.may_be_lost((&sent.sender, sent.number)) {
                let length_ms = sent.answered_ms.saturating_sub(sent.sent_ms);
                stories.add(length_ms, || {
                    Story::new(format!("{} lacks what was acknowledged", lacking.join(", ")))
                        .sent(sent)
                });
            }
        }
    }
}
