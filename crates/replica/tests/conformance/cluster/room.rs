//! The machine above the engine: a room that remembers all that was said in it.

use crate::row::Order;
use bytes::Bytes;
use replica::PeerId;
use replica::engine::Applied;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What was said, in the order in which it was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) said: Vec<Bytes>,
    /// The place of each where all agree.
    places: Vec<Place>,
    /// The newest place of each that has an order of its own.
    newest: BTreeMap<PeerId, u64>,
    /// Stamp of the last, and whether one was ever before that of the one before it.
    stamps: BTreeMap<PeerId, u64>,
    pub(crate) ran_back: bool,
}

/// Place in time, whose order, index.
pub(crate) type Place = (u64, PeerId, u64);

/// Whose order it is when there is only one.
const NOBODY: PeerId = 0;

impl Room {
    /// Applies an entry's commands; their places.
    pub(crate) fn apply(&mut self, order: Order, applied: &Applied) -> Vec<Place> {
        let Applied { stamp, index, commands, .. } = applied;
        let whose = match order {
            Order::Total => NOBODY,
            Order::PerOrigin => applied.origin,
        };
        let before = self.stamps.insert(whose, *stamp);
        self.ran_back |= before.is_some_and(|it| it > *stamp);
        let newest = self.newest.entry(whose).or_default();
        let mut places = Vec::new();
        for (at, command) in commands.iter().enumerate() {
            let sort = match order {
                Order::Total => (*stamp).max(*newest + 1),
                Order::PerOrigin => *stamp + at as u64,
            };
            // In a total order that is so by itself.
            self.ran_back |= sort <= *newest;
            *newest = sort;
            places.push((sort, whose, *index));
            self.said.push(command.clone());
        }
        self.places.extend(&places);
        places
    }

    /// What was said, in the order on which all agree in the end.
    pub(crate) fn settled(&self, order: Order) -> Vec<Bytes> {
        let mut all: Vec<(&Place, &Bytes)> = self.places.iter().zip(&self.said).collect();
        if order == Order::PerOrigin {
            all.sort_unstable();
        }
        all.into_iter().map(|it| it.1.clone()).collect()
    }

    /// Adds what was said elsewhere and not heard here.
    pub(crate) fn join(&mut self, other: Room) {
        let ours: BTreeSet<Place> = self.places.iter().copied().collect();
        for (place, command) in other.places.into_iter().zip(other.said) {
            if !ours.contains(&place) {
                self.places.push(place);
                self.said.push(command);
            }
        }
        for (whose, newest) in other.newest {
            let ours = self.newest.entry(whose).or_default();
            *ours = newest.max(*ours);
        }
        for (whose, stamp) in other.stamps {
            let ours = self.stamps.entry(whose).or_default();
            *ours = stamp.max(*ours);
        }
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("writing to memory cannot fail")
    }

    pub(crate) fn restore(bytes: &[u8]) -> Room {
        match bytes {
            [] => Room::default(),
            _ => postcard::from_bytes(bytes).expect("a replica gives what it can read"),
        }
    }
}

/// A command: who says it, which of theirs it is, and something to fill it up to `bytes`.
pub(crate) fn command(sender: &str, number: u64, bytes: usize) -> Bytes {
    let mut text = format!("{sender} {number} ");
    while text.len() < bytes {
        text.push((b'a' + (text.len() % 26) as u8) as char);
    }
    text.into()
}

/// Who said it, and which of theirs it is.
pub(crate) fn said_by(command: &[u8]) -> (&str, u64) {
    let text = std::str::from_utf8(command).expect("the clients write text");
    let mut words = text.split(' ');
    let sender = words.next().expect("a command begins with its sender");
    (sender, words.next().and_then(|it| it.parse().ok()).expect("then its number"))
}
