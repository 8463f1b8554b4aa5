//! What anybody has seen is there at the end, as it was and where it was.

use super::Invariant;
use crate::index::Index;
use crate::story::{Stories, Story};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "unchanged",
    about: "What anybody has seen is there at the end, as it was and where it was.",
    check,
};

use crate::index::{Final, Place, Where};
use crate::{Guarantee, Kept, Read};

fn check(index: &Index<'_>, stories: &mut Stories) {
    for place in &index.places {
        for live in &place.live {
            let Some(node) = place.final_of(&live.node) else {
                continue; // Said elsewhere.
            };
            for heard in &live.items {
                stays(place, node, Where::Live(live, heard.seen_ms), &heard.record, stories);
            }
        }
        for read in &place.reads {
            let Some(node) = place.final_of(&read.node) else {
                continue;
            };
            match place.guarantee {
                Guarantee::Total => is_piece(place, node, read, stories),
                Guarantee::PerSender => {
                    for it in &read.items {
                        stays(place, node, Where::Read(read), it, stories);
                    }
                }
            }
        }
        acknowledged_ids(place, stories);
    }
}

/// True if the record is there at the end as it was; else the story is told.
fn stays(
    place: &Place<'_>,
    node: &Final<'_>,
    at: Where<'_>,
    record: &Kept,
    stories: &mut Stories,
) -> bool {
    let now = node.position(&record.id).map(|at| &node.items[at]);
    if now.is_some_and(|it| it.is_same(record)) {
        return true;
    }
    // What is on one disk alone can be seen on its node only.
    let is_own =
        record.name().and_then(|it| place.sent(it)).is_some_and(|it| *it.node == *at.node());
    if now.is_none() && is_own && record.name().is_some_and(|it| place.may_be_lost(it)) {
        return true;
    }
    stories.add(u64::from(now.is_none()), || match now {
        Some(now) => Story::new(format!("a record of {} changed after it was seen", place.name))
            .record(place, at, record)
            .record(place, Where::Final(node.node), now),
        None => Story::new(format!("{} lacks at the end what was seen", node.node))
            .record(place, at, record),
    });
    false
}

/// With one order, nothing ever comes between or before what was seen.
fn is_piece(place: &Place<'_>, node: &Final<'_>, read: &Read, stories: &mut Stories) {
    let begin = match &read.after {
        Some(id) => node.position(id).map(|it| it + 1),
        None => Some(0),
    };
    let begin = begin.or_else(|| node.position(&read.items.first()?.id));
    let expected = &node.items[begin.unwrap_or(0)..];
    for (at, record) in read.items.iter().enumerate() {
        if expected.get(at).is_some_and(|it| it.is_same(record)) {
            continue;
        }
        if stays(place, node, Where::Read(read), record, stories) {
            stories.add(2, || {
                let story = Story::new(format!("the order in {} is not what was seen", place.name));
                let story = story.record(place, Where::Read(read), record);
                match expected.get(at) {
                    Some(it) => story.line("at the end something else stands there:").record(
                        place,
                        Where::Final(node.node),
                        it,
                    ),
                    None => story.line(format!("at the end {} has it elsewhere", node.node)),
                }
            });
        }
        return; // All that follows is shifted.
    }
}

/// An acknowledgement shows an id, too.
fn acknowledged_ids(place: &Place<'_>, stories: &mut Stories) {
    for sent in &place.sent {
        let Some(id) = &sent.id else {
            continue;
        };
        for node in &place.finals {
            let now = node.find((&sent.sender, sent.number)).filter(|it| it.id != *id);
            if let Some(now) = now {
                stories.add(0, || {
                    let story =
                        Story::new("a message has another id than it was acknowledged with");
                    story.sent(sent).record(place, Where::Final(node.node), now)
                });
            }
        }
    }
}
