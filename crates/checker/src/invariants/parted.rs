//! Names between the times in which the network was parted, and two registries may each have given them away.
//!
//! Promise: a time is judged as if there were no other. Whoever may have had a nick when it began, may have it then
//! or not: which of two kept it is not for this to say.

use crate::{Claim, ClaimOutcome, Evidence, Release};

/// What was asked about names in a time between two partings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Whole {
    pub(super) claims: Vec<Claim>,
    pub(super) releases: Vec<Release>,
}

/// The whole run where nothing parted the network.
pub(super) fn whole_times(evidence: &Evidence) -> Vec<Whole> {
    let mut partings = evidence.partings.clone();
    partings.sort_unstable();
    let mut times = Vec::new();
    let mut from_ms = 0;
    for (begin_ms, end_ms) in partings {
        if from_ms < begin_ms {
            times.push(between(evidence, from_ms, begin_ms));
        }
        from_ms = from_ms.max(end_ms);
    }
    times.push(between(evidence, from_ms, u64::MAX));
    times
}

fn between(evidence: &Evidence, from_ms: u64, until_ms: u64) -> Whole {
    let begun = evidence.claims.iter().filter(|it| it.begin_ms < until_ms);
    let claims = begun.filter_map(|it| match it.begin_ms < from_ms {
        true => left_over(evidence, it, from_ms),
        false => Some(cut_short(it, until_ms)),
    });
    let begun = evidence.releases.iter().filter(|it| it.begin_ms < until_ms);
    let releases = begun.filter(|it| it.end_ms.is_none_or(|it| it > from_ms)).map(|it| Release {
        begin_ms: it.begin_ms.max(from_ms),
        end_ms: it.end_ms.filter(|it| *it <= until_ms),
        ..it.clone()
    });
    Whole { claims: claims.collect(), releases: releases.collect() }
}

/// Of before: they may have it, unless they gave it back.
fn left_over(evidence: &Evidence, claim: &Claim, from_ms: u64) -> Option<Claim> {
    if matches!(claim.outcome, ClaimOutcome::InUse | ClaimOutcome::Refused) {
        return None;
    }
    let is_over = evidence.releases.iter().any(|it| {
        let is_later = it.begin_ms >= claim.begin_ms && it.end_ms.is_some_and(|it| it <= from_ms);
        is_later && it.client == claim.client && it.nick == claim.nick
    });
    let may_have_it = Claim { begin_ms: from_ms, outcome: ClaimOutcome::Unknown, ..claim.clone() };
    (!is_over).then_some(may_have_it)
}

/// What was answered when the next parting had begun says nothing of this time.
fn cut_short(claim: &Claim, until_ms: u64) -> Claim {
    let outcome = match claim.outcome {
        it if claim.end_ms <= until_ms => it,
        ClaimOutcome::Held | ClaimOutcome::Unknown => ClaimOutcome::Unknown,
        ClaimOutcome::InUse | ClaimOutcome::Refused => ClaimOutcome::Refused,
    };
    Claim { outcome, ..claim.clone() }
}
