//! A door sees messages live in the order of their ids, each once.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "delivered", check };

fn check(evidence: &Evidence) -> Option<String> {
    evidence.delivered.iter().enumerate().find_map(|(door, ids)| {
        let pair = ids.windows(2).find(|it| it[0] >= it[1])?;
        Some(format!("door {door} saw {} and then {}", pair[0], pair[1]))
    })
}
