//! Who has a nick: an index of one word for each session, with no copy of the name.
//!
//! Promise: one session for each name, whatever its case.

use super::Session;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sessions by their nicks.
#[derive(Clone, Debug, Default)]
pub(super) struct Nicks(BTreeSet<Named>);

impl Nicks {
    /// Who has this nick, in any case.
    pub(super) fn get(&self, nick: &str) -> Option<&Arc<Session>> {
        self.0.get::<dyn Name + '_>(&nick).map(|it| &it.0)
    }

    /// Whoever had the nick before has it no longer.
    pub(super) fn insert(&mut self, session: Arc<Session>) {
        self.0.replace(Named(session));
    }

    pub(super) fn remove(&mut self, nick: &str) {
        self.0.remove::<dyn Name + '_>(&nick);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A session that is compared by its nick alone.
#[derive(Clone, Debug)]
struct Named(Arc<Session>);

/// What has a nick, or is one: lets the set be searched by a text.
trait Name {
    fn name(&self) -> &str;
}

impl Name for Named {
    fn name(&self) -> &str {
        self.0.nick.as_str()
    }
}

impl Name for &str {
    fn name(&self) -> &str {
        self
    }
}

impl<'a> Borrow<dyn Name + 'a> for Named {
    fn borrow(&self) -> &(dyn Name + 'a) {
        self
    }
}

impl Ord for dyn Name + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        let folded = |it: &u8| it.to_ascii_lowercase();
        let (ours, theirs) = (self.name().as_bytes(), other.name().as_bytes());
        ours.iter().map(folded).cmp(theirs.iter().map(folded))
    }
}

impl PartialOrd for dyn Name + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Name + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for dyn Name + '_ {}

impl Ord for Named {
    fn cmp(&self, other: &Self) -> Ordering {
        let (ours, theirs): (&dyn Name, &dyn Name) = (self, other);
        ours.cmp(theirs)
    }
}

impl PartialOrd for Named {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Named {}
