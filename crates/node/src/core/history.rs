//! Reading history: from here, or from a node that holds a replica of the group.

use super::Core;
use super::eras::{self, Reach};
use crate::door::{Answer, ConnId, HistoryPoint, HistorySelect, Refused, View};
use bytes::Bytes;
use chat::directory::Session;
use chat::{MsgId, Place, RoomName, Stamp};
use replica::planted;
use replica::store::GroupId;
use replica::store::history::{HistoryError, Stored};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A look-up at another node is given up after this long.
const REMOTE_MS: u64 = 2_000;

/// What comes before a point is below this, in a log whose ids carry this mark.
fn below(point: HistoryPoint, mark: u32) -> u64 {
    match point {
        HistoryPoint::Message(id) => id.stamp.0.saturating_add(u64::from(mark < id.origin)),
        HistoryPoint::Time(stamp) => stamp.0,
    }
}

/// Where a point is.
pub(super) fn place(point: HistoryPoint) -> u64 {
    match point {
        HistoryPoint::Message(MsgId { stamp, .. }) | HistoryPoint::Time(stamp) => stamp.0,
    }
}

/// What follows a point is above this, in a log whose ids carry this mark. A time names the whole millisecond: "after" it begins with the next.
fn above(point: HistoryPoint, mark: u32) -> u64 {
    match point {
        HistoryPoint::Message(id) => id.stamp.0.saturating_sub(u64::from(mark > id.origin)),
        HistoryPoint::Time(stamp) => stamp.0 | 0xffff,
    }
}

/// A look-up that a peer was asked for.
pub(super) struct RemoteQuery {
    pub(super) look_up: u64,
    pub(super) group: GroupId,
    pub(super) since_ms: u64,
}

/// A look-up that waits for what several groups have: a room's history is in all that it lived in.
pub(super) struct LookUp {
    asked: (ConnId, u64),
    select: HistorySelect,
    limit: usize,
    /// Nothing above this is told.
    end: Stamp,
    missing: usize,
    parts: Vec<Vec<Bytes>>,
}

impl Core {
    pub(super) fn look_up_history(
        &mut self,
        asked: (ConnId, u64),
        asker: Option<&Session>,
        target: &str,
        select: HistorySelect,
        limit: usize,
    ) {
        let Some((Reach { groups, has_talk, end }, key)) = self.readable(asker, target) else {
            return self.answer(asked.0, asked.1, Answer::Refused(vec![Refused::NoHistory]));
        };
        // What gossips comes in whatever order: there is no end up to which it would be whole.
        let streams = if has_talk { self.streams(&key) } else { Vec::new() };
        let bounded = eras::up_to(select, end);
        let groups = if bounded.is_some() { groups } else { BTreeSet::new() };
        if groups.is_empty() && streams.is_empty() {
            return self.answer(asked.0, asked.1, Answer::View(View::History(Vec::new())));
        }
        let look_up = self.next_token;
        self.next_token += 1;
        let missing = groups.len() + streams.len();
        let it = LookUp { asked, select, limit, end, missing, parts: Vec::new() };
        self.look_ups.insert(look_up, it);
        for (stream, mark) in streams {
            let records = self.read_stream((self.groups.talk(), mark), &stream, select, limit);
            self.part_found(look_up, records);
        }
        for group in groups {
            self.look_up_part(look_up, group, &key, bounded.unwrap_or(select), limit);
        }
    }

    /// What one group has: read here, or by somebody who has it.
    fn look_up_part(
        &mut self,
        look_up: u64,
        group: GroupId,
        key: &str,
        select: HistorySelect,
        limit: usize,
    ) {
        let seen = self.seen_of_history(group);
        if self.engine.has_history(group) && self.engine.applied(group) >= seen {
            let records = self.read_history(group.0, key, select, limit);
            return self.part_found(look_up, records);
        }
        match self.engine.source(group) {
            Some(peer) => {
                let key = key.to_owned();
                self.ask_peer_for_history(peer, look_up, group.0, key, select, limit);
            }
            None => self.part_found(look_up, None),
        }
    }

    /// One group's part. With the last, or when one cannot be had, the asker hears.
    fn part_found(&mut self, look_up: u64, records: Option<Vec<Bytes>>) {
        let Some(it) = self.look_ups.get_mut(&look_up) else {
            return; // Another part could not be had.
        };
        let is_missing = records.is_none();
        it.parts.extend(records);
        it.missing -= 1;
        if it.missing > 0 && !is_missing {
            return;
        }
        let Some(LookUp { asked, select, limit, end, parts, .. }) = self.look_ups.remove(&look_up)
        else {
            return;
        };
        let answer = match is_missing {
            true => Answer::Refused(vec![Refused::Unavailable]),
            false => Answer::View(View::History(eras::join(parts, select, limit, end))),
        };
        self.answer(asked.0, asked.1, answer);
    }

    /// Up to which entry clients here may have seen a group's history: by what was delivered, and by what
    /// they read from others. Whoever answers next must not be behind that.
    pub(super) fn seen_of_history(&self, group: GroupId) -> u64 {
        let read = self.history_seen.get(&group).copied().unwrap_or_default();
        self.engine.applied(group).max(read)
    }

    /// The history the asker means, if it may be read by them.
    fn readable(&self, asker: Option<&Session>, target: &str) -> Option<(Reach, String)> {
        let asker = asker?;
        let place = if target.starts_with('#') {
            let name = RoomName::parse(target).ok()?;
            let room = self.room(&name)?;
            if !room.may_read(&asker.who()) {
                return None;
            }
            return Some((self.reach(&name), name.as_str().to_owned()));
        } else {
            let theirs = match self.directory.by_nick(target) {
                Some(session) => session.identity(),
                None => self.past_identity(target)?,
            };
            Place::direct(&asker.identity(), &theirs)
        };
        // Of one group, whoever has more of it has all that is before, too.
        let groups = BTreeSet::from([self.group_of(&place)]);
        Some((Reach { groups, has_talk: false, end: Stamp(u64::MAX) }, place.key()))
    }

    fn past_identity(&self, nick: &str) -> Option<String> {
        let key = chat::fold(nick);
        let past = self.past.iter().rev().find(|(it, _)| it.nick.key() == key)?;
        Some(past.0.identity())
    }

    /// Encoded records, oldest first; `None`: the disk did not give them.
    pub(super) fn read_history(
        &self,
        group: u32,
        key: &str,
        select: HistorySelect,
        limit: usize,
    ) -> Option<Vec<Bytes>> {
        if !self.engine.has_history(GroupId(group)) {
            return None; // Whoever asked believed that we have it.
        }
        self.read_stream((GroupId(group), group), key.as_bytes(), select, limit)
    }

    /// The same of a log whose ids carry this mark.
    fn read_stream(
        &self,
        (group, mark): (GroupId, u32),
        key: &[u8],
        select: HistorySelect,
        limit: usize,
    ) -> Option<Vec<Bytes>> {
        let mut found = self.select((group, mark), key, select, limit);
        if planted!("page-skips-newest") && !self.engine.is_serving(group) {
            found = found.map(|mut it| {
                it.pop();
                it
            });
        }
        match found {
            Ok(records) => Some(records.into_iter().map(|it| it.body).collect()),
            Err(why) => {
                tracing::error!(%group, key = %key.escape_ascii(), %why, "history cannot be read");
                None
            }
        }
    }

    fn select(
        &self,
        (group, mark): (GroupId, u32),
        key: &[u8],
        select: HistorySelect,
        n: usize,
    ) -> Result<Vec<Stored>, HistoryError> {
        let history = self.history.borrow();
        Ok(match select {
            HistorySelect::Latest(None) => history.latest(group, key, n)?,
            HistorySelect::Latest(Some(point)) => {
                let mut found = history.latest(group, key, n)?;
                found.retain(|it| it.sort > above(point, mark));
                found
            }
            HistorySelect::Before(point) => history.before(group, key, below(point, mark), n)?,
            HistorySelect::After(point) => history.after(group, key, above(point, mark), n)?,
            HistorySelect::Around(point) => {
                let before = history.before(group, key, below(point, mark), n / 2)?;
                let rest = n - before.len();
                let mut found = before;
                found.extend(history.after(
                    group,
                    key,
                    below(point, mark).saturating_sub(1),
                    rest,
                )?);
                found
            }
            HistorySelect::Between(from, to) if place(from) <= place(to) => {
                let mut found = history.after(group, key, above(from, mark), n)?;
                found.retain(|it| it.sort < below(to, mark));
                found
            }
            HistorySelect::Between(from, to) => {
                let mut found = history.before(group, key, below(from, mark), n)?;
                found.retain(|it| it.sort > above(to, mark));
                found
            }
        })
    }

    /// A peer that has applied so much has answered, or nobody did.
    pub(super) fn history_found(&mut self, number: u64, applied: u64, records: Option<Vec<Bytes>>) {
        let Some(RemoteQuery { look_up, group, .. }) = self.remote_queries.remove(&number) else {
            return;
        };
        let seen = self.history_seen.entry(group).or_default();
        *seen = applied.max(*seen);
        self.part_found(look_up, records);
    }

    /// Peers that did not answer.
    pub(super) fn expire_remote_queries(&mut self) {
        let now_ms = self.now_ms;
        let late: Vec<u64> = self
            .remote_queries
            .iter()
            .filter(|(_, it)| now_ms - it.since_ms > REMOTE_MS)
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            self.history_found(number, 0, None);
        }
    }

    /// Rooms the asker is in and conversations they had, with something between two times.
    pub(super) fn targets(
        &self,
        asker: Option<&Session>,
        after: Stamp,
        before: Stamp,
        limit: usize,
    ) -> Vec<(Arc<str>, Stamp)> {
        let Some(asker) = asker else {
            return Vec::new();
        };
        let history = self.history.borrow();
        let mut found: BTreeMap<Arc<str>, Stamp> = BTreeMap::new();
        let newest = |group: GroupId, key: &[u8]| {
            let last = history.before(group, key, before.0, 1).ok()?.pop()?;
            (last.sort > after.0 | 0xffff).then_some(Stamp(last.sort))
        };
        for (name, room) in self.rooms_with(asker.id) {
            let groups = self.reach(name).groups.into_iter();
            let ordered = groups.filter_map(|it| newest(it, name.as_str().as_bytes()));
            let streams = self.streams(name.as_str()).into_iter();
            let said = streams.filter_map(|it| newest(self.groups.talk(), &it.0));
            if let Some(at) = ordered.chain(said).max() {
                found.insert(room.shown().into(), at);
            }
        }
        // Conversations with those who are here: their keys follow from both identities.
        let mine = asker.identity();
        for other in self.directory.sessions() {
            let place = Place::direct(&mine, &other.identity());
            if let Some(at) = newest(self.group_of(&place), place.key().as_bytes()) {
                found.insert(other.nick.as_str().into(), at);
            }
        }
        let mut found: Vec<(Arc<str>, Stamp)> = found.into_iter().collect();
        found.sort_by_key(|(_, at)| *at);
        found.truncate(limit);
        found
    }
}
