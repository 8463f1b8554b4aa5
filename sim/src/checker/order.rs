//! Each sender's messages stand in the order in which they were sent.

use super::{Evidence, Invariant};
use std::collections::BTreeMap;

pub(super) const INVARIANT: Invariant = Invariant { name: "order", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.messages().find_map(|(node, messages)| {
        let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
        messages.into_iter().find_map(|(sender, number)| {
            let before = newest.insert(sender, number).filter(|it| *it > number)?;
            Some(format!("{node} has {sender} {before} before {sender} {number}"))
        })
    })
}
