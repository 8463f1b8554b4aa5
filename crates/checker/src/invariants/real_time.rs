//! Where one order is promised: what was acknowledged stands before what was sent after that.
//!
//! Also for one person's messages under one session after another. Within a session, see `order`.

use super::Invariant;
use crate::index::{Final, Index, Place, Where};
use crate::story::{Stories, Story};
use crate::{Kept, Outcome, Sent};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "real-time",
    about: "Where one order is promised: what was acknowledged stands before what was sent after that.",
    check,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in index.total() {
        for node in &place.finals {
            along(place, node, stories);
        }
    }
}

type Latest<'a> = Option<(&'a Sent, &'a Kept)>;

fn along(place: &Place<'_>, node: &Final<'_>, stories: &mut Stories) {
    // Of all so far the last to be sent, and the last by another sender than that.
    let (mut latest, mut second): (Latest<'_>, Latest<'_>) = (None, None);
    for record in node.items {
        let Some(sent) = record.name().and_then(|it| place.sent(it)) else {
            continue;
        };
        let of_others =
            [latest, second].into_iter().flatten().find(|it| it.0.sender != sent.sender);
        if let Some((later, before)) = of_others
            && sent.outcome == Outcome::Done
            && sent.answered_ms < later.sent_ms
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
        let is_later = |than: Latest<'_>| than.is_none_or(|it| it.0.sent_ms < sent.sent_ms);
        if is_later(latest) {
            if latest.is_some_and(|it| it.0.sender != sent.sender) {
                second = latest;
            }
            latest = Some((sent, record));
        } else if is_later(second) && latest.is_some_and(|it| it.0.sender != sent.sender) {
            second = Some((sent, record));
        }
    }
}
