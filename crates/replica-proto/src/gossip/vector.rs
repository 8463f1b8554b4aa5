//! Version vectors (Parker et al., "Detection of Mutual Inconsistency", IEEE TSE 1983).
//!
//! Promise: joining is commutative, associative and idempotent, and a join covers both its parts. An
//! origin at 0 is an origin that is not there.

use super::Origin;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The highest index without a gap below it, per origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionVector(BTreeMap<Origin, u64>);

/// Entries `after + 1..=upto` of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Whose.
    pub origin: Origin,
    /// The last one that is not meant.
    pub after: u64,
    /// The last one that is.
    pub upto: u64,
}

impl VersionVector {
    /// How far it knows this origin.
    #[must_use]
    pub fn get(&self, origin: Origin) -> u64 {
        self.0.get(&origin).copied().unwrap_or(0)
    }

    /// It knows this origin up to `index` at least.
    pub fn raise(&mut self, origin: Origin, index: u64) {
        if index > 0 {
            let known = self.0.entry(origin).or_default();
            *known = index.max(*known);
        }
    }

    /// Joins what the other knows.
    pub fn merge(&mut self, other: &VersionVector) {
        other.iter().for_each(|(origin, index)| self.raise(origin, index));
    }

    /// Does it know all that the other knows?
    #[must_use]
    pub fn covers(&self, other: &VersionVector) -> bool {
        other.iter().all(|(origin, index)| self.get(origin) >= index)
    }

    /// What the other knows and this one does not, by origin.
    pub fn lacks(&self, other: &VersionVector) -> impl Iterator<Item = Range> {
        other.iter().filter_map(|(origin, upto)| {
            let after = self.get(origin);
            (after < upto).then_some(Range { origin, after, upto })
        })
    }

    /// Origins and how far they are known, by origin.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, u64)> {
        self.0.iter().map(|(origin, index)| (*origin, *index))
    }

    /// How many origins it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Does it know nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialOrd for VersionVector {
    /// None: each knows something that the other does not.
    fn partial_cmp(&self, other: &VersionVector) -> Option<Ordering> {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

impl FromIterator<(Origin, u64)> for VersionVector {
    fn from_iter<I: IntoIterator<Item = (Origin, u64)>>(pairs: I) -> VersionVector {
        let mut vector = VersionVector::default();
        pairs.into_iter().for_each(|(origin, index)| vector.raise(origin, index));
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector() -> impl Strategy<Value = VersionVector> {
        prop::collection::vec((0u64..5, 0u64..4), 0..6).prop_map(VersionVector::from_iter)
    }

    fn join(one: &VersionVector, other: &VersionVector) -> VersionVector {
        let mut joined = one.clone();
        joined.merge(other);
        joined
    }

    proptest! {
        #[test]
        fn joining_is_that_of_a_lattice(a in vector(), b in vector(), c in vector()) {
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            prop_assert_eq!(join(&a, &a), a.clone());
            prop_assert!(join(&a, &b).covers(&a) && join(&a, &b).covers(&b));
            // The least of those that cover both.
            prop_assert!(!(c.covers(&a) && c.covers(&b)) || c.covers(&join(&a, &b)));
        }

        #[test]
        fn comparing_agrees_with_joining(a in vector(), b in vector()) {
            prop_assert_eq!(a <= b, join(&a, &b) == b);
            prop_assert_eq!(a.partial_cmp(&b), b.partial_cmp(&a).map(Ordering::reverse));
            prop_assert_eq!(a == b, a.partial_cmp(&b) == Some(Ordering::Equal));
        }

        #[test]
        fn whoever_gets_what_it_lacks_covers_the_other(a in vector(), b in vector()) {
            let mut filled = a.clone();
            for range in a.lacks(&b) {
                prop_assert!(range.after == a.get(range.origin) && range.after < range.upto);
                filled.raise(range.origin, range.upto);
            }
            prop_assert_eq!(filled, join(&a, &b));
        }
    }
}
