//! Where one order is promised: what was acknowledged stands before what was sent after that.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "real-time",
    about: "Where one order is promised: what was acknowledged stands before what was sent after that.",
    check,
};

use crate::index::Where;
use crate::{Kept, Outcome, Sent};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in index.total() {
        for node in &place.finals {
            let mut latest: Option<(&Sent, &Kept)> = None; // The last to be sent, so far.
            for record in node.items {
                let Some(sent) = record.name().and_then(|it| place.sent(it)) else {
                    continue;
                };
                if let Some((later, before)) = latest
                    && sent.outcome == Outcome::Done
                    && sent.answered_ms < later.sent_ms
                    && sent.sender != later.sender
                {
                    stories.add(later.sent_ms - sent.answered_ms, || {
                        let at = Where::Final(node.node);
                        Story::new(format!("{} has them the other way round", node.node))
                            .sent(sent)
                            .sent(later)
                            .record(place, at, before)
                            .record(place, at, record)
                    });
                }
                if latest.is_none_or(|it| it.0.sent_ms < sent.sent_ms) {
                    latest = Some((sent, record));
                }
            }
        }
    }
}
