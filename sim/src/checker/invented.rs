//! Nothing is in a history that nobody sent.

use super::{Evidence, Invariant};
use std::collections::BTreeSet;

pub(super) const INVARIANT: Invariant = Invariant { name: "invented", check };

fn check(evidence: &Evidence) -> Option<String> {
    let sent = evidence.sent.iter().map(|it| (it.sender.as_str(), it.number));
    let sent: BTreeSet<_> = sent.collect();
    evidence.messages().find_map(|(node, messages)| {
        let (sender, number) = messages.into_iter().find(|it| !sent.contains(it))?;
        Some(format!("{node} has {sender} {number}, which nobody sent"))
    })
}
