//! The last command number of each session: how a repeat is known for one.
//!
//! A group keeps one for all its rooms, and each room keeps its own: a session's numbers rise over all
//! groups, so what it did elsewhere in a group says nothing of a room that comes into it later.
//!
//! Promise: the number of a session that is in some room (or in this one) is never forgotten. Of
//! sessions that are in none, those that did something last are remembered, up to a limit.

use crate::SessionId;
use crate::planted::planted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "NumbersSnapshot", into = "NumbersSnapshot")]
pub(super) struct Numbers {
    last: BTreeMap<SessionId, Last>,
    /// Sessions in no room by turn, the longest silent first.
    resting: BTreeMap<u64, SessionId>,
    next_turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    number: u64,
    /// Its place in `resting`, while it is in no room.
    turn: Option<u64>,
}

/// As it stands in a snapshot: in the order that decides who is forgotten first.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NumbersSnapshot {
    present: Vec<(SessionId, u64)>,
    resting: Vec<(SessionId, u64)>,
}

impl Numbers {
    /// True when this number, or a later one, was applied already.
    pub(super) fn has(&self, session: SessionId, number: u64) -> bool {
        let is_seen = number != 0 && self.last.get(&session).is_some_and(|it| number <= it.number);
        is_seen && !planted!("no-dedupe")
    }

    /// `session` did something; `number` is 0 when that was not numbered.
    pub(super) fn note(&mut self, session: SessionId, number: u64, is_present: bool, max: usize) {
        match self.last.get_mut(&session) {
            Some(last) => last.number = last.number.max(number),
            None if number == 0 => return,
            None => drop(self.last.insert(session, Last { number, turn: None })),
        }
        if is_present {
            self.wake(session);
        } else {
            self.rest(session, max);
        }
    }

    /// `session` is in no room now: it goes to the end of those that may be forgotten.
    pub(super) fn rest(&mut self, session: SessionId, max: usize) {
        self.wake(session);
        let Some(last) = self.last.get_mut(&session) else {
            return;
        };
        last.turn = Some(self.next_turn);
        self.resting.insert(self.next_turn, session);
        self.next_turn += 1; // One per command: it does not wrap.
        while self.resting.len() > max {
            let Some((_, oldest)) = self.resting.pop_first() else {
                return;
            };
            self.last.remove(&oldest);
        }
    }

    /// `session` is in a room: it is not forgotten.
    fn wake(&mut self, session: SessionId) {
        if let Some(last) = self.last.get_mut(&session)
            && let Some(turn) = last.turn.take()
        {
            self.resting.remove(&turn);
        }
    }

    /// The last number of a session; 0 when none is known.
    pub(super) fn of(&self, session: SessionId) -> u64 {
        self.last.get(&session).map_or(0, |it| it.number)
    }

    /// Takes in what was known in an earlier era of the room: of two numbers the higher is the last,
    /// and who is known from then alone is the first to be forgotten.
    pub(super) fn merge(&mut self, earlier: &Numbers, max: usize) {
        let ours = std::mem::take(self);
        let strangers = earlier.last.iter().filter(|(id, _)| !ours.last.contains_key(id));
        for (session, last) in strangers {
            self.note(*session, last.number, false, max);
        }
        let NumbersSnapshot { present, resting } = ours.snapshot();
        for (session, number) in resting {
            self.note(session, number.max(earlier.of(session)), false, max);
        }
        for (session, number) in present {
            self.note(session, number.max(earlier.of(session)), true, max);
        }
    }

    pub(super) fn snapshot(&self) -> NumbersSnapshot {
        if planted!("forget-dedupe") {
            return NumbersSnapshot { present: Vec::new(), resting: Vec::new() };
        }
        let present = self.last.iter().filter(|(_, it)| it.turn.is_none());
        NumbersSnapshot {
            present: present.map(|(id, it)| (*id, it.number)).collect(),
            resting: self.resting.values().map(|id| (*id, self.of(*id))).collect(),
        }
    }

    pub(super) fn restore(snapshot: NumbersSnapshot, max: usize) -> Numbers {
        let mut numbers = Numbers::default();
        for (session, number) in snapshot.present {
            numbers.note(session, number, true, max);
        }
        for (session, number) in snapshot.resting {
            numbers.note(session, number, false, max);
        }
        numbers
    }

    #[cfg(test)]
    pub(super) fn resting_count(&self) -> usize {
        self.resting.len()
    }

    #[cfg(test)]
    pub(super) fn sessions(&self) -> impl Iterator<Item = (SessionId, bool)> {
        self.last.iter().map(|(id, it)| (*id, it.turn.is_some()))
    }
}

#[cfg(test)]
impl NumbersSnapshot {
    pub(super) fn of(present: Vec<(SessionId, u64)>, resting: Vec<(SessionId, u64)>) -> Self {
        NumbersSnapshot { present, resting }
    }
}

impl From<Numbers> for NumbersSnapshot {
    fn from(numbers: Numbers) -> NumbersSnapshot {
        numbers.snapshot()
    }
}

impl From<NumbersSnapshot> for Numbers {
    fn from(snapshot: NumbersSnapshot) -> Numbers {
        Numbers::restore(snapshot, usize::MAX) // Whoever wrote it has kept to the limit.
    }
}

/// Equal when they behave alike from now on: turns only order.
impl PartialEq for Numbers {
    fn eq(&self, other: &Numbers) -> bool {
        self.snapshot() == other.snapshot()
    }
}

impl Eq for Numbers {}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: SessionId = SessionId(1);
    const BOB: SessionId = SessionId(2);
    const CAROL: SessionId = SessionId(3);

    #[test]
    fn unnumbered_commands_are_never_repeats() {
        let mut numbers = Numbers::default();
        numbers.note(ALICE, 0, false, 2);
        numbers.note(ALICE, 7, false, 2);
        numbers.note(ALICE, 0, false, 2);
        assert!(!numbers.has(ALICE, 0));
        assert!(numbers.has(ALICE, 7));
        assert!(!numbers.has(ALICE, 8));
    }

    #[test]
    fn unnumbered_commands_of_strangers_push_nobody_out() {
        let mut numbers = Numbers::default();
        numbers.note(BOB, 1, false, 1);
        numbers.note(ALICE, 0, false, 1);
        assert!(numbers.has(BOB, 1));
    }

    #[test]
    fn the_longest_silent_of_those_in_no_room_is_forgotten_first() {
        let mut numbers = Numbers::default();
        numbers.note(ALICE, 1, false, 2);
        numbers.note(BOB, 1, false, 2);
        numbers.note(ALICE, 2, false, 2);
        numbers.note(CAROL, 1, false, 2);
        assert!(numbers.has(ALICE, 2));
        assert!(!numbers.has(BOB, 1));
        assert!(numbers.has(CAROL, 1));
    }

    #[test]
    fn who_is_in_a_room_is_not_forgotten() {
        let mut numbers = Numbers::default();
        numbers.note(ALICE, 1, true, 1);
        numbers.note(BOB, 1, false, 1);
        numbers.note(CAROL, 1, false, 1);
        assert!(numbers.has(ALICE, 1));
        assert!(!numbers.has(BOB, 1));
        numbers.rest(ALICE, 1);
        assert!(numbers.has(ALICE, 1));
        assert!(!numbers.has(CAROL, 1));
    }

    #[test]
    fn of_two_eras_the_higher_number_counts_and_the_later_is_remembered_longer() {
        let mut earlier = Numbers::default();
        earlier.note(ALICE, 9, true, 2);
        earlier.note(BOB, 1, true, 2);
        let mut numbers = Numbers::default();
        numbers.note(BOB, 4, true, 2);
        numbers.note(CAROL, 5, false, 2);
        numbers.merge(&earlier, 2);
        assert_eq!([ALICE, BOB, CAROL].map(|it| numbers.of(it)), [9, 4, 5]);
        let resting: Vec<_> = numbers.sessions().map(|(_, is_resting)| is_resting).collect();
        assert_eq!(resting, [true, false, true]);
        numbers.rest(BOB, 2);
        assert_eq!([ALICE, BOB, CAROL].map(|it| numbers.of(it)), [0, 4, 5]);
    }
}
