//! Is there an order of operations on one nick that a single, sequential registry could have had?
//!
//! The search of Wing and Gong with Lowe's memory: take any operation that no untaken one precedes, if
//! the registry allows it, until all that must have happened are taken. Those that may have happened
//! are only taken where they change who holds the nick.

use crate::{Claim, ClaimOutcome, Release};
use std::collections::BTreeSet;

/// More states than this are not looked at.
pub(super) const STATES_MAX: usize = 100_000;

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
    /// All that must happen before this step is taken.
    base: usize,
    /// A bit for each step that was taken.
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
    steps.sort_by_key(|it| (it.end_ms.is_none(), it.begin_ms));
    let steps = Steps { musts: steps.partition_point(|it| it.end_ms.is_some()), all: steps };

    let first = State { base: 0, taken: vec![0; steps.all.len().div_ceil(64)], holder: None };
    let mut seen = BTreeSet::from([first.clone()]);
    let mut open = vec![first];
    let mut furthest: Option<(usize, usize, Option<usize>)> = None;
    while let Some(state) = open.pop() {
        let Some(blocked) = steps.soonest(&state) else {
            return Verdict::Linearizable;
        };
        if furthest.is_none_or(|it| it.0 < state.base) {
            furthest = Some((state.base, blocked, state.holder));
        }
        for next in steps.next(&state, blocked) {
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
    Verdict::Impossible { blocked: steps.all[blocked].operation, holder }
}

/// First those that must have happened, then those that may have; each by their beginning.
struct Steps<'a> {
    all: Vec<Step<'a>>,
    musts: usize,
}

impl Steps<'_> {
    /// Of those that must have happened and are not taken, the one that ended first.
    fn soonest(&self, state: &State) -> Option<usize> {
        let mut soonest: Option<(u64, usize)> = None;
        for at in (state.base..self.musts).filter(|it| !state.has(*it)) {
            let step = &self.all[at];
            if soonest.is_some_and(|it| it.0 < step.begin_ms) {
                break; // It and all behind it began later.
            }
            let end_ms = step.end_ms.expect("the first have an end");
            if soonest.is_none_or(|it| end_ms < it.0) {
                soonest = Some((end_ms, at));
            }
        }
        soonest.map(|it| it.1)
    }

    /// All states one step later, the likeliest last.
    fn next(&self, state: &State, soonest: usize) -> Vec<State> {
        let until_ms = self.all[soonest].end_ms.expect("it must have happened");
        let open = |at: &usize| !state.has(*at);
        let has_begun = |at: &usize| self.all[*at].begin_ms <= until_ms;
        let mut next = Vec::new();
        let mut takers = BTreeSet::new(); // Of what may have happened, one for each client will do.
        for at in (self.musts..self.all.len()).take_while(has_begun).filter(open) {
            let step = &self.all[at];
            let holder = step.after(state.holder).filter(|it| *it != state.holder);
            if let Some(holder) = holder
                && takers.insert(step.client)
            {
                next.push(self.taken(state, at, holder));
            }
        }
        let musts = (state.base..self.musts).take_while(has_begun).filter(open);
        for at in musts.collect::<Vec<_>>().into_iter().rev() {
            if let Some(holder) = self.all[at].after(state.holder) {
                next.push(self.taken(state, at, holder));
            }
        }
        next
    }

    fn taken(&self, state: &State, step: usize, holder: Option<usize>) -> State {
        let mut next = State { holder, ..state.clone() };
        next.taken[step / 64] |= 1 << (step % 64);
        while next.base < self.musts && next.has(next.base) {
            next.base += 1;
        }
        next
    }
}

impl State {
    fn has(&self, step: usize) -> bool {
        self.taken[step / 64] & (1 << (step % 64)) != 0
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
