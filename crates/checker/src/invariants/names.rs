//! A nick is held by one client at a time: there is an order of all that was asked about it, each between
//! its question and its answer, in which every answer is true. Where names are kept without a majority, that
//! holds of each time between two partings of the network.

use super::Invariant;
use super::parted::{Whole, whole_times};
use super::search::{Operation, STATES_MAX, Verdict, search};
use crate::index::Index;
use crate::story::{Stories, Story};
use std::collections::BTreeMap;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "names",
    about: "A nick is held by one client at a time, and is only refused while another holds it.",
    check,
};

/// A search that was given up proves nothing, and says so.
pub(super) const UNDECIDED: Invariant = Invariant {
    name: "names-undecided",
    about: "For every nick it could be decided whether it was held by one client at a time.",
    check: undecided,
};

fn check(index: &Index<'_>, stories: &mut Stories) {
    let times = whole_times(index.evidence);
    for operations in times.iter().flat_map(|it| nicks(it).into_values()) {
        if let Verdict::Impossible { blocked, holder } =
            search(operations.iter().copied(), STATES_MAX)
        {
            let (length_ms, told) = told(&operations, blocked, holder);
            stories.add(length_ms, || {
                let head =
                    Story::new(format!("no one registry can have said this of {}", blocked.nick()));
                let story = told.into_iter().fold(head, |story, it| match it {
                    Operation::Claim(it) => story.claim(it),
                    Operation::Release(it) => story.release(it),
                });
                let holder = holder.unwrap_or("nobody");
                story.line(format!("until the last of these, {holder} can have had it"))
            });
        }
    }
}

fn undecided(index: &Index<'_>, stories: &mut Stories) {
    let times = whole_times(index.evidence);
    for (nick, operations) in times.iter().flat_map(nicks) {
        if let Verdict::Undecided = search(operations.iter().copied(), STATES_MAX) {
            stories.add(operations.len() as u64, || {
                let count = operations.len();
                Story::new(format!("{count} operations on {nick} are too many to decide"))
            });
        }
    }
}

fn nicks(time: &Whole) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut nicks: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for it in &time.claims {
        nicks.entry(&it.nick).or_default().push(Operation::Claim(it));
    }
    for it in &time.releases {
        nicks.entry(&it.nick).or_default().push(Operation::Release(it));
    }
    nicks
}

/// What explains the blocked operation: the last that its holder did before, or if nobody holds the nick,
/// the last that anybody did; and how long all that took.
fn told<'a>(
    operations: &[Operation<'a>],
    blocked: Operation<'a>,
    holder: Option<&str>,
) -> (u64, Vec<Operation<'a>>) {
    const TOLD_MAX: usize = 2;
    let is_about = |it: &&Operation<'a>| {
        let is_holders = holder.is_none_or(|holder| it.client() == holder);
        is_holders && it.client() != blocked.client() && it.begin_ms() <= blocked.begin_ms()
    };
    let mut before: Vec<Operation<'a>> = operations.iter().filter(is_about).copied().collect();
    before.sort_by_key(|it| it.begin_ms());
    before.drain(..before.len().saturating_sub(TOLD_MAX));
    before.push(blocked);
    let length_ms = blocked.begin_ms().saturating_sub(before[0].begin_ms());
    (length_ms, before)
}
