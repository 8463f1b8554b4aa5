//! The judgement of the checker's library over a run, and what the run was worth.

use checker::{Evidence, Outcome, Violation, check};
use std::collections::BTreeSet;

/// What a run was worth, if nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) echoed: usize,
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
    pub(crate) unknown_but_there: usize,
    /// From sending to the echo, of the one that took longest, in milliseconds.
    pub(crate) longest_ms: u64,
}

/// Judges.
pub(crate) fn judge(evidence: &Evidence) -> Result<Tally, Vec<Violation>> {
    let violations = check(evidence);
    match violations.is_empty() {
        true => Ok(tally(evidence)),
        false => Err(violations),
    }
}

fn tally(evidence: &Evidence) -> Tally {
    let there = evidence.finals.iter().flat_map(|it| &it.items);
    let there: BTreeSet<_> = there.filter_map(|it| it.message.clone()).collect();
    let mut tally =
        Tally { echoed: 0, refused: 0, unknown: 0, unknown_but_there: 0, longest_ms: 0 };
    for it in &evidence.sent {
        match it.outcome {
            Outcome::Done => {
                tally.echoed += 1;
                let took_ms = it.answered_ms.saturating_sub(it.sent_ms);
                tally.longest_ms = tally.longest_ms.max(took_ms);
            }
            Outcome::Refused => tally.refused += 1,
            Outcome::Unknown | Outcome::Waiting => {
                tally.unknown += 1;
                let name = (it.sender.clone(), it.number);
                tally.unknown_but_there += usize::from(there.contains(&name));
            }
        }
    }
    tally
}
