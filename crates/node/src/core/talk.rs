//! What is said in gossip rooms: it is judged where it is said, written here, and told at once; the order is
//! that of the ids.
//!
//! Promise: what a node has answered is on its disk. Whoever has heard the same has the same history of a
//! room, whatever the order. What is said in an era is told once that era has begun here.
//!
//! The room itself lives in its home group. Its gossip ends when every node has told how far it had come; what a
//! node said that was cut off then comes later, and into the history by its id. Before anybody there says
//! something in the room's new order, the node tells in that order how far it had come, and others wait for that.

use super::held::Telling;
use super::lives::Lives;
use super::{Asker, Core, Own};
use crate::door::Answer;
use chat::codec::{decode, encode};
use chat::room::{Era, Room, RoomCommand, RoomVerb, Rooms};
use chat::talk::{Fold, Talk};
use chat::{NodeId, Place, Record, Replication, RoomName, Stamp, What};
use replica::engine::Applied;
use replica::store::GroupId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was proposed and has not happened is proposed again after this long.
const AGAIN_MS: u64 = 500;
/// Others are asked again how far they have come after this long.
const ASK_AGAIN_MS: u64 = 25;
/// How long the leader of a room's home waits for the last words of all nodes that are up.
const CLOSING_MS: u64 = 2_000;
/// How long after a cut what was said on its other side may still come.
const MEETING_MS: u64 = 5_000;
/// Rooms in which it is said that a cut is over: each is an entry for everybody.
const MET_ROOMS_MAX: usize = 1_000;

/// A room whose gossip ends.
pub(super) struct Closing {
    /// Of the era that ends.
    epoch: u64,
    /// Since when this node knows.
    since_ms: u64,
    /// Tokens from here on were given out later: nothing of the room is under them.
    said_before: u64,
    asked_ms: Option<u64>,
    /// Up to which entry of its own log this node has said anything there, once nothing is under way.
    upto: Option<u64>,
    told_ms: Option<u64>,
    opened_ms: Option<u64>,
}

/// A cut that is over.
pub(super) struct Meeting {
    peers: Vec<u64>,
    cut_ms: u64,
    /// From when to when it was, by the wall clock here.
    cut: (Stamp, Stamp),
    /// What was said on the other side is looked for so long.
    ends_ms: u64,
    /// Where it was said already.
    told: BTreeSet<RoomName>,
}

/// Under which key the history keeps what one node said in a room.
pub(super) fn stream_key(name: &RoomName, origin: NodeId) -> String {
    // Made for everything that is said: by hand, which takes a fifth of what `format!` does.
    const DIGITS: u32 = 16;
    let mut key = String::with_capacity(name.as_str().len() + 1 + DIGITS as usize);
    key.push_str(name.as_str());
    key.push('\0');
    let digits = (0..DIGITS).rev().map(|it| (origin.0 >> (4 * it) & 0xF) as u32);
    key.extend(digits.filter_map(|it| char::from_digit(it, 16)));
    key
}

/// What all such keys of a room begin with.
pub(super) fn stream_prefix(name: &str) -> String {
    format!("{name}\0")
}

/// Whose a stream is.
pub(super) fn origin_of(key: &[u8]) -> Option<NodeId> {
    let digits = std::str::from_utf8(key).ok()?.rsplit_once('\0')?.1;
    u64::from_str_radix(digits, 16).ok().map(NodeId)
}

impl Core {
    /// Of one node's log, in its order.
    pub(super) fn apply_talk(&mut self, applied: Applied) {
        let Applied { group, index, stamp, origin, commands, tokens } = applied;
        self.count_applied(commands.len());
        let mut tokens = tokens.into_iter();
        for (stamp, command) in (stamp..).map(Stamp).zip(commands) {
            let token = tokens.next();
            let talk = decode::<Talk>(&command).ok();
            let epoch = talk.as_ref().map_or(0, |it| it.epoch);
            let Some(record) = talk.and_then(|it| it.record(NodeId(origin), stamp)) else {
                tracing::error!(%group, index, "something that nobody can have said is skipped");
                if let Some(token) = token {
                    self.resolve(token, Answer::Unknown);
                }
                continue;
            };
            self.said(index, NodeId(origin), epoch, Arc::new(record), token);
        }
    }

    fn said(
        &mut self,
        index: u64,
        origin: NodeId,
        epoch: u64,
        record: Arc<Record>,
        token: Option<u64>,
    ) {
        let Place::Room(name) = &record.place else { return };
        let group = self.groups.talk();
        let home = self.home_of(name);
        self.measures.said += u64::from(matches!(record.what, What::Said { .. }));
        self.talk.note(name, origin, (index, record.id.stamp), epoch);
        let is_gone = self.rooms.get(&home).and_then(|it| it.gone(name.as_str())) >= Some(epoch);
        if record.what.is_kept() && !is_gone {
            self.keep(group, index, &stream_key(name, origin), &record);
        }
        let asked = token.and_then(|token| self.askers.get(&token)).and_then(|asker| match asker {
            Asker::Conn { conn, tag } => Some((*conn, *tag)),
            _ => None,
        });
        let answer = token.map(|it| (it, Answer::Done));
        let name = name.clone();
        let telling = Telling { records: vec![record], asked, answer };
        let held = self.first_held(group, &name);
        let is_behind = held.is_some_and(|it| it.move_awaited() <= epoch);
        match self.has_begun(&name, epoch) && !is_behind {
            true => self.tell(telling),
            false => self.hold(group, &name, (home, epoch), telling),
        }
    }

    /// Everything that happened in a room before this era of its gossip was told here.
    pub(super) fn has_begun(&self, name: &RoomName, epoch: u64) -> bool {
        let home = self.home_of(name);
        if self.held.is_empty() && self.never_left(home, name, epoch) {
            return true; // The usual case.
        }
        let has_ended = |(ended, era): (u64, &Era)| {
            self.known_move(self.groups.group_for(home, era.replication), name) >= ended
        };
        let is_told = |group| {
            let held = self.first_held(group, name);
            held.is_none_or(|it| it.move_awaited() > epoch)
        };
        self.known_move(home, name) >= epoch
            && self.newest(name).is_none_or(|it| it.eras_before(epoch).all(has_ended))
            && self.groups.of_home(home).all(is_told)
    }

    /// The room has come to this era, and was never in a group other than its home before.
    fn never_left(&self, home: GroupId, name: &RoomName, epoch: u64) -> bool {
        let room = self.rooms.get(&home).and_then(|it| it.room(name.as_str()));
        let is_home = |(_, era): (u64, &Era)| self.groups.group_for(home, era.replication) == home;
        room.is_some_and(|it| it.epoch() >= epoch && it.eras_before(epoch).all(is_home))
    }

    /// The room as it was last, as far as any group here knows: as it is where it lives, rather than as it was
    /// when it left for there.
    fn newest(&self, name: &RoomName) -> Option<&Room> {
        let groups = self.groups.of_home(self.home_of(name)).filter_map(|it| self.rooms.get(&it));
        let is_here = |rooms: &Rooms| rooms.room(name.as_str()).is_some();
        let known = groups.filter_map(|it| Some((it.newest(name.as_str())?, is_here(it))));
        known.max_by_key(|(room, is_here)| (room.epoch(), *is_here)).map(|it| it.0)
    }

    /// Another node's state is joined into ours.
    pub(super) fn join_talk(&mut self, state: &[u8]) -> bool {
        if state.is_empty() {
            return true;
        }
        let theirs = Fold::restore(state);
        theirs.map(|it| self.talk.join(&it)).is_ok()
    }

    /// The room is no more: nor is what was said in it.
    pub(super) fn drop_talk(&mut self, name: &RoomName) {
        self.talk.forget(name);
        let group = self.groups.talk();
        for (key, _) in self.streams(name.as_str()) {
            let dropped = self.history.borrow_mut().drop_room(group, &key);
            if let Err(why) = dropped {
                self.history_failed(&why);
            }
        }
    }

    /// What each node said in a room: the key, and what its ids carry.
    pub(super) fn streams(&self, name: &str) -> Vec<(Vec<u8>, u32)> {
        let (history, prefix) = (self.history.borrow(), stream_prefix(name));
        let streams = history.streams(self.groups.talk(), prefix.as_bytes());
        let marked = |key: &[u8]| Some((key.to_vec(), chat::talk::origin_mark(origin_of(key)?)));
        streams.filter_map(|it| marked(it.0)).collect()
    }

    /// Somebody has spoken in the room since, which its home's log does not show.
    pub(super) fn is_spoken_in(&self, name: &RoomName, since: Stamp) -> bool {
        self.talk.last_said(name).is_some_and(|it| it >= since)
    }

    /// A room that came to this era by a move, while what was said before it has not all come.
    pub(super) fn awaits_talk(&self, name: &RoomName, epoch: u64) -> Option<(GroupId, u64)> {
        (!self.has_all_talk(name, epoch)).then_some((self.groups.talk(), epoch))
    }

    /// All that was said before a room's move and is waited for has come here, and was told.
    pub(super) fn has_all_talk(&self, name: &RoomName, epoch: u64) -> bool {
        let gossip = |it: (u64, &Era)| it.1.replication == Replication::Gossip;
        if !self.newest(name).is_some_and(|it| it.eras_before(epoch).any(gossip)) {
            return true; // The usual case.
        }
        let held = self.first_held(self.groups.talk(), name);
        held.is_none_or(|it| it.move_awaited() >= epoch) && self.lacks_talk(name, epoch).is_empty()
    }

    /// Up to where of which nodes' logs something is missing that was said in a room before this move.
    pub(super) fn lacks_talk(&self, name: &RoomName, epoch: u64) -> Vec<(u64, u64)> {
        let eras = self.newest(name).into_iter().flat_map(|it| it.eras_before(epoch));
        let gossip = eras.filter(|it| it.1.replication == Replication::Gossip);
        let tails = gossip.flat_map(|it| it.1.tails.iter().map(|(node, it)| (node.0, it.0)));
        let is_missing = |tail: &(u64, u64)| {
            let is_here = self.engine.covers(self.groups.talk(), std::slice::from_ref(tail));
            !is_here && self.talk_given_up(name, tail.0) < tail.1
        };
        tails.filter(is_missing).collect()
    }

    /// A room of this home begins to close, or has.
    pub(super) fn note_closing(&mut self, home: GroupId, name: &RoomName) {
        let room = self.rooms.get(&home).and_then(|it| it.room(name.as_str()));
        let Some(epoch) = room.filter(|it| it.closing().is_some()).map(Room::epoch) else {
            self.closing.remove(name);
            return;
        };
        if self.closing.get(name).is_none_or(|it| it.epoch != epoch) {
            let (since_ms, said_before) = (self.now_ms, self.next_token);
            let (asked_ms, told_ms, opened_ms, upto) = (None, None, None, None);
            let it = Closing { epoch, since_ms, said_before, asked_ms, upto, told_ms, opened_ms };
            self.closing.insert(name.clone(), it);
        }
    }

    /// Looks through all rooms for those that close.
    pub(super) fn find_closing(&mut self) {
        let rooms =
            self.rooms.iter().flat_map(|(group, rooms)| rooms.iter().map(move |it| (*group, it)));
        let closing = rooms.filter(|(_, (_, room))| room.closing().is_some());
        let closing: Vec<_> = closing.map(|(group, (name, _))| (group, name.clone())).collect();
        for (group, name) in closing {
            self.note_closing(group, &name);
        }
    }

    /// Rooms whose gossip ends: this node says how far it has come, and who leads their home goes on when
    /// all have.
    pub(super) fn close_talks(&mut self) {
        let names: Vec<RoomName> = self.closing.keys().cloned().collect();
        for name in names {
            let home = self.home_of(&name);
            self.note_closing(home, &name);
            let Some(epoch) = self.closing.get(&name).map(|it| it.epoch) else { continue };
            self.ask_how_far(&name);
            let now_ms = self.now_ms;
            let is_due = |at: Option<u64>| at.is_none_or(|it| now_ms - it >= AGAIN_MS);
            if is_due(self.closing[&name].told_ms)
                && let Some(verb) = self.tail(home, &name, epoch)
            {
                self.closing.entry(name.clone()).and_modify(|it| it.told_ms = Some(now_ms));
                self.tell_group(home, &name, verb);
            }
            if is_due(self.closing[&name].opened_ms) && self.may_open(home, &name) {
                self.closing.entry(name.clone()).and_modify(|it| it.opened_ms = Some(now_ms));
                self.tell_group(home, &name, RoomVerb::Open { epoch });
            }
        }
    }

    /// Others have what was said here within a round trip and a sync; that they do is asked, not waited for.
    fn ask_how_far(&mut self, name: &RoomName) {
        let (group, now_ms) = (self.groups.talk(), self.now_ms);
        let is_spread = self.engine.own_tail(group).is_none_or(|it| it.is_spread());
        let Some(it) = self.closing.get_mut(name) else { return };
        let is_due = it.asked_ms.is_none_or(|it| now_ms - it >= ASK_AGAIN_MS);
        if !is_spread && it.told_ms.is_none() && is_due {
            it.asked_ms = Some(now_ms);
            self.engine.compare(group);
        }
    }

    /// This node was away when the room's gossip ended, and said something there that nobody waited for. What
    /// is said now, in the room's one order, must not be heard before that: so it is told late, in that
    /// order, how far this node had come. `None`: no such thing.
    fn late_tail(&self, name: &RoomName, room: &Room) -> Option<RoomVerb> {
        let first = room.epoch().saturating_sub(room.eras().len() as u64);
        let gossip = |it: &(u64, &Era)| it.1.replication == Replication::Gossip;
        let (epoch, era) = (first..).zip(room.eras()).filter(gossip).last()?;
        let own = self.talk.said(name).find(|it| it.0 == self.me)?.1;
        let is_full = era.tails.len() >= self.limits.tails_max;
        let told = era.tails.get(&self.me).map_or(0, |it| it.0);
        let (index, last) = own.last;
        (told < index && !is_full).then_some(RoomVerb::Tail { epoch, node: self.me, index, last })
    }

    /// See there.
    pub(super) fn owes_talk(&self, name: &RoomName, room: &Room) -> bool {
        self.late_tail(name, room).is_some()
    }

    /// Somebody waits for what others have said, or for others to have it: who has what is asked.
    pub(super) fn hurry_talk(&mut self) {
        let is_due = self.hurried_ms.is_none_or(|it| self.now_ms - it >= ASK_AGAIN_MS);
        let is_missing =
            |(_, name): &(GroupId, RoomName)| !self.lacks_talk(name, u64::MAX).is_empty();
        if is_due && (!self.detoured.is_empty() || self.held.keys().any(is_missing)) {
            self.hurried_ms = Some(self.now_ms);
            self.engine.compare(self.groups.talk());
        }
    }

    /// Late, in the rooms in which somebody waits to speak, and once most have what is told of.
    pub(super) fn tell_late_tails(&mut self, names: BTreeSet<RoomName>) {
        let spread = self.engine.own_tail(self.groups.talk()).map_or(0, |it| it.spread);
        self.late_told.retain(|name, _| names.contains(name));
        for name in names {
            let now_ms = self.now_ms;
            let is_due = self.late_told.get(&name).is_none_or(|it| now_ms - *it >= AGAIN_MS);
            let Lives::Here(group, room) = self.lives(&name) else { continue };
            let tail = self.late_tail(&name, room).filter(|_| is_due);
            let Some(verb) = tail else { continue };
            if matches!(verb, RoomVerb::Tail { index, .. } if index <= spread) {
                self.late_told.insert(name.clone(), now_ms);
                self.tell_group(group, &name, verb);
            }
        }
    }

    fn tell_group(&mut self, group: GroupId, name: &RoomName, verb: RoomVerb) {
        let place = Place::Room(name.clone());
        let command = RoomCommand { who: self.own_who(), number: 0, era: None, place, verb };
        self.submit(group, Asker::Own(Own::Whatever), encode(&command));
    }

    /// This node's last word in a room, once nothing it says there can come later or be lost.
    fn tail(&mut self, home: GroupId, name: &RoomName, epoch: u64) -> Option<RoomVerb> {
        let closing = self.rooms.get(&home)?.room(name.as_str())?.closing()?;
        if !self.config.chat || closing.tails.contains_key(&self.me) {
            return None;
        }
        let said_before = self.closing.get(name)?.said_before;
        let is_said = |(token, asker): (&u64, &Asker)| {
            let Asker::Conn { conn, .. } = asker else { return false };
            *token < said_before && self.conns.get(conn).is_none_or(|it| it.is_talking)
        };
        let own = self.engine.own_tail(self.groups.talk())?;
        let is_under_way = self.askers.iter().any(is_said);
        let it = self.closing.get_mut(name)?;
        if it.upto.is_none() && !is_under_way {
            it.upto = Some(own.index);
        }
        let index = it.upto.filter(|it| *it <= own.spread)?;
        // Of all that is known here: also of nodes that are away and cannot tell.
        let last = self.talk.last_said(name).unwrap_or_default();
        Some(RoomVerb::Tail { epoch, node: self.me, index, last })
    }

    fn may_open(&self, home: GroupId, name: &RoomName) -> bool {
        let room = self.rooms.get(&home).and_then(|it| it.room(name.as_str()));
        let Some(closing) = room.and_then(|it| it.closing()) else { return false };
        let is_up = |it: NodeId| it == self.me || self.up.contains(&it.0);
        let mut awaited = self.directory.members().filter(|it| it.roles.chat && is_up(it.id));
        let since_ms = self.closing.get(name).map_or(self.now_ms, |it| it.since_ms);
        let is_late = self.now_ms - since_ms >= CLOSING_MS;
        let have_all = awaited.all(|it| closing.tails.contains_key(&it.id));
        self.engine.is_serving(home) && (have_all || is_late)
    }

    /// A cut is over, and it is for this node to say so.
    pub(super) fn met(&mut self, peers: Vec<u64>, cut_ms: u64) {
        let until = Stamp::from_ms(self.wall_ms);
        let since = Stamp::from_ms(self.wall_ms.saturating_sub(cut_ms));
        let ends_ms = self.now_ms + MEETING_MS;
        self.meetings.push(Meeting {
            peers,
            cut_ms,
            cut: (since, until),
            ends_ms,
            told: BTreeSet::new(),
        });
    }

    /// A duty: in the rooms in which people went on on both sides of a cut, it is said that it is over.
    pub(super) fn tell_of_meetings(&mut self) {
        let mut meetings = std::mem::take(&mut self.meetings);
        for it in &mut meetings {
            for (name, epoch) in self.rooms_met(it) {
                let nodes = it.peers.iter().map(|it| self.name_of(*it)).collect();
                let verb = RoomVerb::Met { cut_ms: it.cut_ms, nodes };
                let place = Place::Room(name.clone());
                let command =
                    RoomCommand { who: self.own_who(), number: 0, era: None, place, verb };
                let talk = Talk { epoch, command };
                self.submit(self.groups.talk(), Asker::Own(Own::Whatever), encode(&talk));
                it.told.insert(name);
            }
        }
        meetings.retain(|it| self.now_ms < it.ends_ms);
        self.meetings = meetings;
    }

    fn rooms_met(&self, meeting: &Meeting) -> Vec<(RoomName, u64)> {
        let is_new = |name: &&RoomName| {
            let is_late = self.is_spoken_in(name, meeting.cut.0);
            is_late && !meeting.told.contains(*name) && self.is_said_on_both_sides(name, meeting)
        };
        let open = |name: &RoomName| {
            let room = self.rooms.get(&self.home_of(name))?.room(name.as_str())?;
            let is_open = room.replication() == Replication::Gossip && room.closing().is_none();
            is_open.then(|| (name.clone(), room.epoch()))
        };
        let room_count_max = MET_ROOMS_MAX.saturating_sub(meeting.told.len());
        self.talk.rooms().filter(is_new).filter_map(open).take(room_count_max).collect()
    }

    fn is_said_on_both_sides(&self, name: &RoomName, meeting: &Meeting) -> bool {
        let Meeting { peers, cut: (since, until), .. } = meeting;
        let (history, group) = (self.history.borrow(), self.groups.talk());
        let is_said = |origin: NodeId| {
            let key = stream_key(name, origin);
            let found = history.after(group, key.as_bytes(), since.0, 1).unwrap_or_default();
            found.first().is_some_and(|it| it.sort <= until.0)
        };
        let said = self.talk.said(name).filter(|it| is_said(it.0));
        let sides: (Vec<_>, Vec<_>) = said.partition(|it| peers.contains(&it.0.0));
        !sides.0.is_empty() && !sides.1.is_empty()
    }
}
