//! Is there an order of operations on one nick that a single, sequential registry could have had?
//!
//! The search of Wing and Gong with Lowe's memory: take any operation that no untaken one precedes, if
//! the registry allows it, until all that must have happened are taken. Those that may have happened
//! are only taken where they change who holds the nick.

use crate::{Claim, ClaimOutcome, Release};
use std::collections::BTreeSet;

/// More states than this are not looked at.
pub(super) const STATES_MAX: usize = 200_000;

/// What can be done with a nick.
#[derive(Clone, Copy)]
pub(super) enum Operation<'a> {
    Claim(&'a Claim),
    Release(&'a Release),
}

/// What the search came to.
pub(super) enum Verdict<'a> {
    Linearizable,
    /// It fits up to here: the operation that does not, and who holds the nick then.
    Impossible {
        blocked: Operation<'a>,
        holder: Option<&'a str>,
    },
    /// The bound was hit.
    Undecided,
}

/// One way to have begun.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// A bit for each operation that was taken.
    taken: Vec<u64>,
    /// Client, as a place among all clients.
    holder: Option<usize>,
}

struct Step<'a> {
    operation: Operation<'a>,
    client: usize,
    begin_ms: u64,
    /// `None`: it need not have happened.
    end_ms: Option<u64>,
}

/// Decides for the operations on one nick.
pub(super) fn search<'a>(
    operations: impl Iterator<Item = Operation<'a>>,
    states_max: usize,
) -> Verdict<'a> {
    let operations: Vec<Operation<'_>> = operations.collect();
    let clients: BTreeSet<&str> = operations.iter().map(|it| it.client()).collect();
    let clients: Vec<&str> = clients.into_iter().collect();
    let mut steps: Vec<Step<'_>> =
        operations.into_iter().filter_map(|it| it.step(&clients)).collect();
    steps.sort_by_key(|it| it.begin_ms);

    let first = State { taken: vec![0; steps.len().div_ceil(64)], holder: None };
    let mut seen = BTreeSet::from([first.clone()]);
    let mut open = vec![first];
    let mut furthest = None;
    while let Some(state) = open.pop() {
        let Some(blocked) = state.soonest(&steps) else {
            return Verdict::Linearizable;
        };
        let count = state.count(&steps);
        if furthest.as_ref().is_none_or(|it: &(usize, usize, Option<usize>)| it.0 < count) {
            furthest = Some((count, blocked, state.holder));
        }
        for next in state.next(&steps, blocked) {
            if seen.len() >= states_max {
                return Verdict::Undecided;
            }
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    let (_, blocked, holder) = furthest.expect("the first state was looked at");
    let holder = holder.map(|it| clients[it]);
    Verdict::Impossible { blocked: steps[blocked].operation, holder }
}

impl State {
    fn has(&self, step: usize) -> bool {
        self.taken[step / 64] & (1 << (step % 64)) != 0
    }

    fn with(&self, step: usize, holder: Option<usize>) -> State {
        let mut next = State { taken: self.taken.clone(), holder };
        next.taken[step / 64] |= 1 << (step % 64);
        next
    }

    /// How many of those that must have happened are taken.
    fn count(&self, steps: &[Step<'_>]) -> usize {
        (0..steps.len()).filter(|it| steps[*it].end_ms.is_some() && self.has(*it)).count()
    }

    /// Of those that must have happened and are not taken, the one that ended first.
    fn soonest(&self, steps: &[Step<'_>]) -> Option<usize> {
        let missing = (0..steps.len()).filter(|it| !self.has(*it));
        missing.filter(|it| steps[*it].end_ms.is_some()).min_by_key(|it| steps[*it].end_ms)
    }

    /// All states one operation later, the likeliest last.
    fn next(&self, steps: &[Step<'_>], soonest: usize) -> Vec<State> {
        let until_ms = steps[soonest].end_ms.unwrap_or(u64::MAX);
        let begun = steps.iter().enumerate().take_while(|(_, it)| it.begin_ms <= until_ms);
        let begun: Vec<_> = begun.filter(|(at, _)| !self.has(*at)).collect();
        let mut next = Vec::new();
        let mut takers = BTreeSet::new(); // Of what may have happened, one for each client will do.
        for (at, step) in begun.iter().filter(|(_, it)| it.end_ms.is_none()) {
            let holder = step.after(self.holder);
            if let Some(holder) = holder.filter(|it| *it != self.holder)
                && takers.insert(step.client)
            {
                next.push(self.with(*at, holder));
            }
        }
        for (at, step) in begun.iter().rev().filter(|(_, it)| it.end_ms.is_some()) {
            if let Some(holder) = step.after(self.holder) {
                next.push(self.with(*at, holder));
            }
        }
        next
    }
}

impl Step<'_> {
    /// Who holds the nick afterwards; `None`: it cannot happen while this one holds it.
    fn after(&self, holder: Option<usize>) -> Option<Option<usize>> {
        let is_free = holder.is_none_or(|it| it == self.client);
        match self.operation {
            Operation::Claim(it) if it.outcome == ClaimOutcome::InUse => {
                (!is_free).then_some(holder)
            }
            Operation::Claim(_) => is_free.then_some(Some(self.client)),
            Operation::Release(_) if holder == Some(self.client) => Some(None),
            Operation::Release(_) => Some(holder),
        }
    }
}

impl<'a> Operation<'a> {
    pub(super) fn client(self) -> &'a str {
        match self {
            Operation::Claim(it) => &it.client,
            Operation::Release(it) => &it.client,
        }
    }

    pub(super) fn nick(self) -> &'a str {
        match self {
            Operation::Claim(it) => &it.nick,
            Operation::Release(it) => &it.nick,
        }
    }

    pub(super) fn begin_ms(self) -> u64 {
        match self {
            Operation::Claim(it) => it.begin_ms,
            Operation::Release(it) => it.begin_ms,
        }
    }

    fn step(self, clients: &[&str]) -> Option<Step<'a>> {
        let end_ms = match self {
            Operation::Claim(it) => match it.outcome {
                ClaimOutcome::Refused => return None, // It says nothing.
                ClaimOutcome::Unknown => None,
                ClaimOutcome::Held | ClaimOutcome::InUse => Some(it.end_ms),
            },
            Operation::Release(it) => it.end_ms,
        };
        let client = clients.binary_search(&self.client()).expect("all clients are listed");
        Some(Step { operation: self, client, begin_ms: self.begin_ms(), end_ms })
    }
}
