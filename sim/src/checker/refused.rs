//! What was refused is in no history.

use super::{Evidence, Invariant, Outcome};
use std::collections::BTreeSet;

pub(super) const INVARIANT: Invariant = Invariant { name: "refused", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.messages().find_map(|(node, messages)| {
        let messages: BTreeSet<_> = messages.into_iter().collect();
        let refused = evidence.sent.iter().find(|it| {
            it.outcome == Outcome::Refused && messages.contains(&(it.sender.as_str(), it.number))
        })?;
        Some(format!("{node} has {}", refused.told()))
    })
}
