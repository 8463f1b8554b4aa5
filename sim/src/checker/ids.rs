//! Ids, and with them the times shown to clients, only grow along a history.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "ids", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.histories.iter().find_map(|(node, history)| {
        let pair =
            history.windows(2).find(|it| it[0].id >= it[1].id || it[0].at_ms > it[1].at_ms)?;
        let [first, second] = pair else { return None };
        Some(format!(
            "{node} has {} ({}) before {} ({})",
            first.id, first.body, second.id, second.body
        ))
    })
}
