//! Rooms in which something was told before all that had happened before it was here: nobody waits for ever.
//!
//! Promise: also then nobody hears what somebody said after something that they said later. What comes too late
//! for that is in the history, by its id, and is not told.

use super::Core;
use chat::{MsgId, Place, Record, RoomName, SessionId, What};
use replica::store::GroupId;
use std::collections::{BTreeMap, BTreeSet};

/// Who spoke in such a room is remembered, of so many also after they have gone.
const SPEAKERS_MAX: usize = 10_000;

/// What of a room is not waited for any more.
#[derive(Debug, Default)]
pub(super) struct GivenUp {
    /// By node: up to which entry of its log.
    talk: BTreeMap<u64, u64>,
    /// By group: which moves.
    moves: BTreeSet<(GroupId, u64)>,
    /// What those who spoke since were heard to say last.
    heard: BTreeMap<SessionId, MsgId>,
}

impl Core {
    /// What is still missing of what happened in a room before is not waited for any more.
    pub(super) fn give_up(&mut self, name: &RoomName, until: (GroupId, u64)) {
        let is_talk = until.0 == self.groups.talk();
        let lacking = if is_talk { self.lacks_talk(name, until.1) } else { Vec::new() };
        let it = self.given_up.entry(name.clone()).or_default();
        for (node, index) in lacking {
            let upto = it.talk.entry(node).or_default();
            *upto = index.max(*upto);
        }
        it.moves.extend((!is_talk).then_some(until));
    }

    /// Up to which entry of a node's log nobody waits for it in a room.
    pub(super) fn talk_given_up(&self, name: &RoomName, node: u64) -> u64 {
        let upto = self.given_up.get(name).and_then(|it| it.talk.get(&node));
        upto.copied().unwrap_or_default()
    }

    /// Whether its sender was heard to say something later, where that is possible.
    pub(super) fn is_too_late(&mut self, record: &Record) -> bool {
        if self.given_up.is_empty() {
            return false; // The usual case.
        }
        let (Place::Room(name), What::Said { .. }) = (&record.place, &record.what) else {
            return false;
        };
        let Some(GivenUp { heard, .. }) = self.given_up.get_mut(name) else { return false };
        if heard.len() >= SPEAKERS_MAX {
            heard.retain(|session, _| self.directory.session(*session).is_some());
        }
        let last = heard.entry(record.who.session).or_insert(record.id);
        let is_late = record.id < *last;
        *last = record.id.max(*last);
        is_late
    }

    /// Rooms in which nothing is missing any more are as all others.
    pub(super) fn forget_given_up(&mut self) {
        let mut given_up = std::mem::take(&mut self.given_up);
        given_up.retain(|name, it| {
            let talk: Vec<_> = it.talk.iter().map(|(node, index)| (*node, *index)).collect();
            let has_come =
                |(group, number): &(GroupId, u64)| self.known_move(*group, name) >= *number;
            let is_here =
                self.engine.covers(self.groups.talk(), &talk) && it.moves.iter().all(has_come);
            !is_here || self.held.keys().any(|it| it.1 == *name)
        });
        self.given_up = given_up;
    }
}
