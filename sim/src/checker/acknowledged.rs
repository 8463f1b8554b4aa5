//! What was acknowledged is in every history.

use super::{Evidence, Invariant, Outcome};
use std::collections::BTreeSet;

pub(super) const INVARIANT: Invariant = Invariant { name: "acknowledged", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.messages().find_map(|(node, messages)| {
        let messages: BTreeSet<_> = messages.into_iter().collect();
        let is_lost = |it: &&super::Sent| {
            it.outcome == Outcome::Done && !messages.contains(&(it.sender.as_str(), it.number))
        };
        let lost: Vec<_> = evidence.sent.iter().filter(is_lost).collect();
        let first = lost.first()?;
        let count = lost.len();
        Some(format!("{node} lacks {}; {count} in all", first.told()))
    })
}
