//! Every node tells the same history.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "equal", check };

fn check(evidence: &Evidence) -> Option<String> {
    let (first, theirs) = evidence.histories.first()?;
    evidence.histories.iter().skip(1).find_map(|(node, ours)| {
        if ours == theirs {
            return None;
        }
        let at = theirs.iter().zip(ours).take_while(|it| it.0 == it.1).count();
        let of = |history: &[super::Kept]| match history.get(at) {
            Some(it) => format!("{} {}", it.id, it.body),
            None => "nothing".to_owned(),
        };
        Some(format!(
            "{first} has {} records, {node} has {}; behind {at} equal ones {first} has {}, {node} has {}",
            theirs.len(),
            ours.len(),
            of(theirs),
            of(ours)
        ))
    })
}
