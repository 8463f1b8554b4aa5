//! No message is in a history twice.

use super::{Evidence, Invariant};
use std::collections::BTreeSet;

pub(super) const INVARIANT: Invariant = Invariant { name: "once", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.messages().find_map(|(node, messages)| {
        let mut seen = BTreeSet::new();
        let (sender, number) = messages.into_iter().find(|it| !seen.insert(*it))?;
        Some(format!("{node} has {sender} {number} twice"))
    })
}
