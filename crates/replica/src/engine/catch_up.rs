//! A replica whose log no longer joins that of its group: it fetches the state in chunks, then the
//! history by ranges, and only then goes on. Both can be taken up again where they broke off.

use super::bridge::Bridging;
use super::checkpoint::GroupCheckpoint;
use super::group::{Group, Role};
use super::wire::Envelope;
use super::{Engine, Event, Soundness};
use crate::planted;
use crate::store::GroupId;
use crate::store::history::{Cursor, Record, Stored};
use crate::strategy::{Fetch, PeerId};
use bytes::{Buf, BufMut, Bytes};
use fail::fail_point;

/// Bytes of state in one part.
const STATE_PART: usize = 256 << 10;
/// Bytes of history in one part.
const HISTORY_PART: usize = 1 << 20;
/// A state larger than this is not taken from anybody.
const STATE_MAX: u64 = 4 << 30;
/// Without an answer for this long, ask again.
const ASK_AGAIN_MS: u64 = 1_000;
/// Without an answer for this long, give up and let the leader begin anew.
const GIVE_UP_MS: u64 = 10_000;

/// A state on its way here.
pub(super) struct CatchUp {
    pub(super) from: PeerId,
    pub(super) index: u64,
    /// To be received again by the strategy; none for observers.
    message: Option<Bytes>,
    state: Vec<u8>,
    total: Option<u64>,
    history: Option<(Bytes, u64)>,
    /// History is fetched up to here: what the state contains, and what an observer had applied.
    history_upto: u64,
    asked_ms: u64,
    progress_ms: u64,
    is_installing: bool,
    /// All of it is here, but for entries that lead to it from what is applied here.
    pub(super) bridging: Option<Bridging>,
}

impl Engine {
    /// The strategy wants a peer's state.
    pub(super) fn begin_catch_up(&mut self, id: GroupId, fetch: Fetch) {
        self.begin_fetch(id, fetch.from, fetch.index, Some(fetch.message));
    }

    pub(super) fn begin_fetch(
        &mut self,
        id: GroupId,
        from: PeerId,
        index: u64,
        message: Option<Bytes>,
    ) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        if group.catch_up.as_ref().is_some_and(|it| it.is_installing) {
            return; // It is here already.
        }
        if group.catch_up.as_ref().is_some_and(|it| it.from == from && it.index == index) {
            return; // The leader repeats itself.
        }
        tracing::info!(group = %id, from, index, "fetching state");
        group.catch_up = Some(CatchUp {
            from,
            index,
            message,
            state: Vec::new(),
            total: None,
            history: None,
            history_upto: 0,
            asked_ms: 0,
            progress_ms: self.now_ms,
            is_installing: false,
            bridging: None,
        });
        self.ask_for_more(id);
    }

    fn ask_for_more(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Some(it) = &mut group.catch_up else {
            return;
        };
        fail_point!("catch-up.before-question");
        it.asked_ms = self.now_ms;
        let envelope = match &it.history {
            None => {
                Envelope::FetchState { group: id, index: it.index, offset: it.state.len() as u64 }
            }
            Some((room, ordinal)) => Envelope::FetchHistory {
                group: id,
                after: group.kept,
                upto: it.history_upto,
                room: room.clone(),
                ordinal: *ordinal,
            },
        };
        self.sends.push((it.from, envelope));
    }

    /// A peer asks for a part of our state.
    pub(super) fn send_state(&mut self, to: PeerId, id: GroupId, index: u64, offset: u64) {
        if let Some(strategy) = self.replica_for(id) {
            strategy.peer_fetches(to);
        }
        fail_point!("catch-up.before-state");
        if index == 0 {
            self.note_waiting_replica(to, id);
            return;
        }
        let group = self.groups.get(&id);
        let provided = group.and_then(|it| it.provided.iter().find(|it| it.0 == index));
        let envelope = match provided {
            Some((_, state)) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(state.len());
                let end = (start + STATE_PART).min(state.len());
                let (total, part) = (state.len() as u64, state.slice(start..end));
                Envelope::State { group: id, index, offset: start as u64, total, part }
            }
            None => Envelope::State { group: id, index, offset, total: 0, part: Bytes::new() },
        };
        self.sends.push((to, envelope));
    }

    /// A peer wants the newest state: it is asked for, and the first part goes with its index.
    fn note_waiting_replica(&mut self, peer: PeerId, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id).filter(|it| it.has_origins()) else { return };
        if !group.waiting_replicas.contains(&peer) {
            group.waiting_replicas.push(peer);
        }
        self.wanted.insert(id);
    }

    /// The newest state can be had from now on.
    pub(super) fn answer_replicas(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let index = group.applied;
        for peer in std::mem::take(&mut group.waiting_replicas) {
            self.send_state(peer, id, index, 0);
        }
    }

    /// A part of a peer's state.
    pub(super) fn take_state(
        &mut self,
        from: PeerId,
        id: GroupId,
        index: u64,
        offset: u64,
        total: u64,
        part: &[u8],
    ) {
        let now_ms = self.now_ms;
        let Some(group) = self.groups.get(&id) else { return };
        // Of streams of many origins nobody knows by one number what is missing: they are taken whole.
        let history_upto = if group.has_origins() { u64::MAX } else { index.max(group.applied) };
        let Some(it) = self.catch_up(id, from, Some(index)) else {
            return;
        };
        if it.history.is_some() || offset != it.state.len() as u64 {
            return; // An answer to a question asked twice.
        }
        if total == 0 || total > STATE_MAX || it.total.is_some_and(|before| before != total) {
            self.abandon(id, "the state is not there any more");
            return;
        }
        fail_point!("catch-up.before-state-part");
        it.index = index;
        it.total = Some(total);
        it.state.extend_from_slice(part);
        it.progress_ms = now_ms;
        if it.state.len() as u64 == total {
            if it.message.is_none() {
                self.install(id); // An observer keeps no history.
                return;
            }
            it.history = Some((Bytes::new(), 0));
            it.history_upto = history_upto;
        }
        self.ask_for_more(id);
    }

    /// A peer asks for a part of a group's history.
    pub(super) fn send_history(
        &mut self,
        to: PeerId,
        id: GroupId,
        after: u64,
        upto: u64,
        from: (Bytes, u64),
    ) {
        if let Some(strategy) = self.replica_for(id) {
            strategy.peer_fetches(to);
        }
        let has_gaps = self.soundness == Soundness::Gaps;
        let has_it = |it: &Group| it.applied >= upto || it.has_origins();
        if has_gaps || !self.groups.get(&id).is_some_and(has_it) {
            return; // Not here, or not yet: the peer asks again, or another.
        }
        let cursor = Cursor { room: from.0.to_vec(), ordinal: from.1 };
        let found = self.history.borrow().catch_up(id, after, upto, Some(&cursor), HISTORY_PART);
        match found {
            Ok(found) => {
                let mut bytes = Vec::new();
                for (room, record) in &found.records {
                    put_record(&mut bytes, room, record);
                }
                let next = found.next.map(|it| (Bytes::from(it.room), it.ordinal));
                if next.is_none() && planted!("catch-up-drops-last") {
                    bytes.clear();
                }
                fail_point!("catch-up.before-history");
                let records = Bytes::from(bytes);
                self.sends.push((to, Envelope::History { group: id, upto, next, records }));
            }
            Err(why) => tracing::error!(group = %id, %why, "history cannot be read for a peer"),
        }
    }

    /// A part of a group's history.
    pub(super) fn take_history(
        &mut self,
        from: PeerId,
        id: GroupId,
        upto: u64,
        next: Option<(Bytes, u64)>,
        mut records: Bytes,
    ) {
        let now_ms = self.now_ms;
        let Some(it) = self.catch_up(id, from, None) else {
            return;
        };
        if it.history.is_none() || it.is_installing || it.history_upto != upto {
            return;
        }
        it.progress_ms = now_ms;
        it.history.clone_from(&next);
        while !records.is_empty() {
            let Some((room, index, sort, body)) = take_record(&mut records) else {
                self.abandon(id, "history that cannot be read");
                return;
            };
            fail_point!("catch-up.before-keep");
            let record = Record { index, sort, body: &body };
            let kept = self.history.borrow_mut().append(id, &room, record);
            if let Err(why) = kept {
                tracing::error!(group = %id, %why, "fetched history cannot be kept");
                self.abandon(id, "the disk");
                return;
            }
        }
        match next {
            Some(_) => self.ask_for_more(id),
            None => self.install(id),
        }
    }

    /// Everything is here: the node restores it and makes a checkpoint, then calls `installed`.
    fn install(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Some(it) = &mut group.catch_up else {
            return;
        };
        let Ok(state) = postcard::from_bytes::<GroupCheckpoint>(&it.state) else {
            self.abandon(id, "a state that cannot be read");
            return;
        };
        fail_point!("catch-up.before-install");
        it.is_installing = true;
        it.state = Vec::new();
        if group.has_origins() {
            self.join(id, state);
            return;
        }
        let is_replica = matches!(group.role, Role::Replica(_));
        if let Role::Replica(strategy) = &group.role {
            if !strategy.takes(&state.strategy.2) {
                self.abandon(id, "a state of another line");
                return;
            }
            group.fetched = Some(state.strategy.clone());
        }
        let was_reset = group.was_reset();
        if state.applied <= group.applied && !was_reset {
            // As an observer we were ahead of it, or our log overtook the fetch.
            match is_replica {
                true => self.events.push(Event::Keep(id)),
                false => self.installed(id),
            }
            return;
        }
        // What was applied before a reset is of another line: no entries lead from there to the state.
        if is_replica && group.applied > 0 && !was_reset {
            self.bridge(id, state);
        } else {
            self.replace(id, state);
        }
    }

    /// A fetched state takes the place of ours; who is connected here misses what was said in between.
    pub(super) fn replace(&mut self, id: GroupId, state: GroupCheckpoint) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        tracing::info!(group = %id, index = state.applied, "installing state");
        let was_reset = group.was_reset();
        group.applied = state.applied;
        group.applied_term = state.term;
        group.seen = state.lanes;
        let mut tokens = group.outbox.overtaken(&group.seen);
        if was_reset {
            let gone = group.outbox.begin_again(self.now_ms);
            tokens.extend(gone.unknown);
            self.events.extend(gone.refused.into_iter().map(|token| Event::Refused { token }));
        }
        self.events.extend(tokens.into_iter().map(|token| Event::Unknown { token }));
        let state = Bytes::from(state.state);
        self.events.push(Event::Install { group: id, state, was_reset });
    }

    /// Of a group in which each node has its own order: ours stays, and what the other contains is added.
    fn join(&mut self, id: GroupId, state: GroupCheckpoint) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let Role::Replica(strategy) = &mut group.role else { return };
        let Some(applied) = strategy.join(&state.strategy.2) else {
            self.abandon(id, "a state that does not say what it contains");
            return;
        };
        tracing::info!(group = %id, index = applied, "joining a state");
        group.applied = applied;
        group.seen.join(&state.lanes);
        let tokens = group.outbox.overtaken(&group.seen);
        self.events.extend(tokens.into_iter().map(|token| Event::Unknown { token }));
        let state = Bytes::from(state.state);
        self.events.push(Event::Install { group: id, state, was_reset: false });
    }

    /// The state given by [`Event::Install`] is restored and in a checkpoint on disk.
    pub fn installed(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let Some(it) = group.catch_up.take() else {
            return;
        };
        fail_point!("catch-up.after-install");
        if let (Role::Replica(strategy), Some(message)) = (&mut group.role, it.message) {
            strategy.fetched(message);
            group.has_history = true;
        }
        self.touched.insert(id);
        self.observe_on(id);
        self.want_state_for_observers(id);
    }

    pub(super) fn tick_catch_up(&mut self, id: GroupId) {
        let Some(it) = self.groups.get(&id).and_then(|it| it.catch_up.as_ref()) else {
            return;
        };
        if it.is_installing {
            return self.tick_bridging(id);
        }
        if self.now_ms - it.progress_ms > GIVE_UP_MS {
            self.abandon(id, "no answer");
        } else if self.now_ms - it.asked_ms > ASK_AGAIN_MS {
            self.ask_for_more(id);
        }
    }

    fn abandon(&mut self, id: GroupId, why: &str) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        tracing::warn!(group = %id, why, "fetching state failed");
        group.catch_up = None;
        group.fetched = None;
        match &mut group.role {
            Role::Replica(strategy) => strategy.fetch_failed(),
            Role::Observer(observer) => observer.source = None,
        }
        self.touched.insert(id);
    }

    fn catch_up(&mut self, id: GroupId, from: PeerId, index: Option<u64>) -> Option<&mut CatchUp> {
        let it = self.groups.get_mut(&id)?.catch_up.as_mut()?;
        let is_it = index.is_none_or(|index| it.index == index || it.index == 0);
        (it.from == from && is_it).then_some(it)
    }
}

pub(super) fn put_record(out: &mut Vec<u8>, room: &[u8], record: &Stored) {
    out.put_u16_le(room.len() as u16); // Room keys are far shorter.
    out.put_slice(room);
    out.put_u64_le(record.index);
    out.put_u64_le(record.sort);
    out.put_u32_le(record.body.len() as u32);
    out.put_slice(&record.body);
}

pub(super) fn take_record(bytes: &mut Bytes) -> Option<(Bytes, u64, u64, Bytes)> {
    let len = (bytes.len() >= 2).then(|| bytes.get_u16_le() as usize)?;
    let room = (bytes.len() >= len).then(|| bytes.split_to(len))?;
    if bytes.len() < 20 {
        return None;
    }
    let (index, sort, len) = (bytes.get_u64_le(), bytes.get_u64_le(), bytes.get_u32_le() as usize);
    let body = (bytes.len() >= len).then(|| bytes.split_to(len))?;
    Some((room, index, sort, body))
}
