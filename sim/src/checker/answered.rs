//! Everybody who asked was answered, unless their node died.

use super::{Evidence, Invariant, Outcome};

pub(super) const INVARIANT: Invariant = Invariant { name: "answered", check };

fn check(evidence: &Evidence) -> Option<String> {
    let is_waiting = |it: &&super::Sent| it.outcome == Outcome::Waiting;
    let first = evidence.sent.iter().find(is_waiting)?;
    Some(format!("{} was never answered", first.told()))
}
