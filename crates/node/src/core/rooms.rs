//! Entries of room groups, applied: state, history, deliveries.

use super::held::{Ahead, Telling};
use super::{Asker, Core, Own};
use crate::door::{Answer, Delivery, Refused};
use bytes::Bytes;
use chat::codec::{decode, encode, encode_into};
use chat::room::{Outcome, Refusal, RoomCommand, RoomVerb, Rooms};
use chat::{Place, Record, RoomName, SessionId, Stamp, What, Who};
use fail::fail_point;
use replica::engine::{Applied, Soundness};
use replica::planted;
use replica::store::{GroupId, history};
use std::sync::Arc;

impl Core {
    /// Which group a room or conversation belongs to.
    pub(super) fn group_of(&self, place: &Place) -> GroupId {
        GroupId(self.ring.group_of(&place.key()))
    }

    pub(super) fn apply_rooms(&mut self, applied: Applied) {
        let Applied { group, index, stamp, commands, tokens, .. } = applied;
        self.count_applied(commands.len());
        let mut tokens = tokens.into_iter();
        for command in commands {
            let token = tokens.next();
            let Ok(decoded) = decode::<RoomCommand>(&command) else {
                tracing::error!(%group, index, "a command that cannot be read is skipped");
                if let Some(token) = token {
                    self.resolve(token, Answer::Unknown);
                }
                continue;
            };
            let ahead = self.is_ahead(group, &decoded);
            let is_adopted =
                matches!(decoded.verb, RoomVerb::Adopt { .. } | RoomVerb::AdoptOwned { .. });
            if let (true, Place::Room(room)) = (is_adopted, &decoded.place) {
                self.track(room);
            }
            let replication = self.groups.replication(group);
            let new = || Rooms::of(replication, group.0, self.limits);
            let rooms = self.rooms.entry(group).or_insert_with(new);
            let moves = is_of_moves(&decoded.verb);
            let closes = is_of_closing(&decoded);
            let outcome = rooms.apply(Stamp(stamp), decoded);
            if is_elsewhere(&outcome) && self.seek(token, &command) {
                continue;
            }
            self.room_outcome(group, index, token, ahead, outcome);
            if let Some(name) = closes {
                self.note_closing(group, &name);
            }
            if moves {
                self.moves_seen += 1;
                self.release_held(); // Before anything of the next era, which may follow at once.
            }
        }
        self.see_stamps_of(group);
    }

    /// A room may come from this group to gossip, whose ids are this node's own stamps: they have to be
    /// above those of all that was in the group, which may be above the stamps of its entries.
    pub(super) fn see_stamps_of(&mut self, group: GroupId) {
        let last = self.rooms.get(&group).map_or(Stamp::default(), Rooms::last);
        self.engine.see_stamp(last.0);
    }

    /// The room is elsewhere, which is no answer: the same command goes there, if its sender waits.
    fn seek(&mut self, token: Option<u64>, command: &Bytes) -> bool {
        let asker = token.and_then(|it| self.askers.get(&it));
        let Some(Asker::Conn { conn, tag }) = asker else {
            return false;
        };
        let is_sought = self.park(*conn, *tag, command.clone());
        if let (Some(token), true) = (token, is_sought) {
            self.askers.remove(&token);
        }
        is_sought
    }

    fn room_outcome(
        &mut self,
        group: GroupId,
        index: u64,
        token: Option<u64>,
        ahead: Option<Ahead>,
        outcome: Outcome,
    ) {
        let asked = token.and_then(|token| self.askers.get(&token)).and_then(|asker| match asker {
            Asker::Conn { conn, tag } => Some((*conn, *tag)),
            _ => None,
        });
        let Outcome { records, refused, expired, .. } = outcome;
        for record in &records {
            self.measures.said += u64::from(matches!(record.what, What::Said { .. }));
            if record.what.is_kept() && self.engine.holds(group) == Some(true) {
                self.keep(group, index, &record.place.key(), record);
            }
            if let (What::Replicated { .. }, Place::Room(room)) = (&record.what, &record.place) {
                self.note_move(group, room);
            }
        }
        for room in expired {
            let dropped = self.history.borrow_mut().drop_room(group, room.as_str().as_bytes());
            if let Err(why) = dropped {
                self.history_failed(&why);
            }
            self.note_expired(group, &room);
            self.drop_talk(&room);
        }
        let answer = token.map(|token| match refused.is_empty() {
            true => (token, Answer::Done),
            false => (token, Answer::Refused(refused.into_iter().map(Refused::Room).collect())),
        });
        let telling = Telling { records, asked, answer };
        match ahead {
            Some((room, until)) => self.hold(group, &room, until, telling),
            None => self.tell(telling),
        }
    }

    /// Those who see it, then who asked.
    pub(super) fn tell(&mut self, telling: Telling) {
        for record in telling.records {
            if self.is_too_late(&record) {
                continue;
            }
            self.follow_told(&record);
            self.deliver_record(record, telling.asked);
        }
        if let Some((token, answer)) = telling.answer {
            self.resolve(token, answer);
        }
    }

    pub(super) fn keep(&mut self, group: GroupId, index: u64, key: &str, record: &Record) {
        if self.engine.soundness() == Soundness::Gaps {
            return; // Nothing that follows mends it.
        }
        fail_point!("node.before-keep");
        encode_into(record, &mut self.kept);
        let record = history::Record { index, sort: record.id.stamp.0, body: &self.kept };
        let kept = self.history.borrow_mut().append(group, key.as_bytes(), record);
        if let Err(why) = kept {
            self.history_failed(&why);
        }
    }

    /// A command's answer is known.
    pub(super) fn resolve(&mut self, token: u64, answer: Answer) {
        fail_point!("node.before-answer");
        let is_done = matches!(answer, Answer::Done);
        self.measures.resolved(token, is_done, self.now_us);
        match self.askers.remove(&token) {
            Some(Asker::Conn { conn, tag }) => {
                let was_directory = self.conns.get(&conn).is_some_and(|it| it.is_directory_busy);
                self.finish(conn, tag, answer, was_directory);
            }
            Some(Asker::Registering { conn, tag, .. } | Asker::Token { conn, tag, .. }) => {
                self.finish(conn, tag, answer, true);
            }
            Some(Asker::Confirm { conn, key }) => self.confirmed(conn, key, is_done),
            Some(Asker::Joiner(joiner)) => self.join_resolved(joiner, &answer),
            Some(Asker::Admin(wish)) => self.wish_resolved(wish, answer),
            Some(Asker::Operator(order)) => self.order_resolved(order, &answer),
            Some(Asker::Own(Own::FreshStart)) => match answer {
                Answer::Done => {
                    self.let_go_of_all();
                    self.open_up();
                }
                _ => self.fresh_asked_ms = None, // Asked again.
            },
            Some(Asker::Own(Own::Restate(session))) => {
                if !matches!(answer, Answer::Unknown) {
                    self.is_claimed(session); // Otherwise it is said again.
                }
            }
            Some(Asker::Own(Own::Read(since))) if is_done => {
                self.directory_read_ms = self.directory_read_ms.max(since);
            }
            Some(Asker::Own(Own::Whatever | Own::Read(_))) | None => {}
        }
    }

    /// A record goes to every shard that has somebody in its room; a direct message to the two.
    pub(super) fn deliver_record(
        &mut self,
        record: Arc<Record>,
        asked: Option<(crate::ConnId, u64)>,
    ) {
        match (&record.what, &record.place) {
            (What::Quit { .. }, _) => {} // Live clients heard of it from the directory.
            (What::Invited { session, .. }, _) => {
                let target = *session;
                self.deliver_to_shards(&record, asked, |shard, core| {
                    core.shard_of(target) == Some(shard) || core.is_followed(shard, &record.place)
                });
            }
            (What::Said { to: Some((to, _)), .. }, _) => {
                let to = *to;
                self.deliver_to_shards(&record, asked, |shard, core| {
                    core.shard_of(to) == Some(shard)
                });
            }
            (what, Place::Room(room)) => {
                let mover = match what {
                    What::Joined { .. } | What::Parted { .. } => Some(record.who.session),
                    What::Kicked { session, .. } => Some(*session),
                    _ => None,
                };
                let mover_shard = mover.and_then(|it| self.shard_of(it));
                let room = room.clone();
                if let (What::Joined { .. }, Some(shard)) = (what, mover_shard) {
                    self.follow(&room, shard, 1);
                }
                self.deliver_to_shards(&record, asked, |shard, core| {
                    mover_shard == Some(shard) || core.is_followed(shard, &record.place)
                });
                if let (What::Parted { .. } | What::Kicked { .. }, Some(shard)) =
                    (what, mover_shard)
                {
                    self.follow(&room, shard, -1);
                }
            }
            (_, Place::Direct(..)) => {}
        }
    }

    fn deliver_to_shards(
        &mut self,
        record: &Arc<Record>,
        asked: Option<(crate::ConnId, u64)>,
        is_for: impl Fn(u16, &Core) -> bool,
    ) {
        for shard in 0..self.shards.len() as u16 {
            let asked = asked.filter(|(conn, _)| conn.shard.0 == shard);
            if asked.is_none() && !is_for(shard, self) {
                continue;
            }
            let is_own_join = matches!(record.what, What::Joined { .. })
                && self.shard_of(record.who.session) == Some(shard);
            let view = match (&record.place, is_own_join) {
                (Place::Room(room), true) => {
                    self.room_view(room, Some(record.who.session)).map(Box::new)
                }
                _ => None,
            };
            let delivery = Delivery::Record { record: record.clone(), asked, view };
            self.shards[usize::from(shard)].out.push(delivery);
        }
    }

    pub(super) fn shard_of(&self, session: SessionId) -> Option<u16> {
        self.conn_of.get(&session).map(|conn| conn.shard.0)
    }

    fn is_followed(&self, shard: u16, place: &Place) -> bool {
        let Place::Room(room) = place else {
            return false;
        };
        self.followed
            .get(room)
            .and_then(|counts| counts.get(usize::from(shard)))
            .is_some_and(|n| *n > 0)
    }

    /// Counts a shard's sessions in a room, so that shards hear only of rooms they have somebody in.
    pub(super) fn follow(&mut self, room: &chat::RoomName, shard: u16, by: i32) {
        let counts = self.followed.entry(room.clone()).or_default();
        counts.resize(counts.len().max(usize::from(shard) + 1), 0);
        let count = &mut counts[usize::from(shard)];
        *count = count.saturating_add_signed(by);
        if counts.iter().all(|n| *n == 0) {
            self.followed.remove(room);
        }
    }

    /// The session has ended: the groups that this node leads forget it.
    pub(super) fn forget(&mut self, who: &Who, reason: &Arc<str>) {
        if planted!("ghosts-stay") {
            return;
        }
        let groups: Vec<GroupId> = self
            .rooms
            .iter()
            .filter(|(group, rooms)| {
                let is_known = rooms.has_applied(who.session, 1)
                    || rooms.rooms_of(who.session).next().is_some();
                is_known && self.engine.is_serving(**group)
            })
            .map(|(group, _)| *group)
            .collect();
        for group in groups {
            let command = RoomCommand {
                who: who.clone(),
                number: 0,
                era: None,
                place: Place::direct("", ""),
                verb: RoomVerb::Forget { reason: reason.clone() },
            };
            self.submit(group, Asker::Own(Own::Whatever), encode(&command));
        }
    }
}

/// Of those that may change where a room lives.
fn is_of_moves(verb: &RoomVerb) -> bool {
    matches!(
        verb,
        RoomVerb::Fence { .. }
            | RoomVerb::Adopt { .. }
            | RoomVerb::AdoptOwned { .. }
            | RoomVerb::Lives { .. }
            | RoomVerb::Gone { .. }
            | RoomVerb::Expire { .. }
            | RoomVerb::Tail { .. }
            | RoomVerb::Open { .. }
    )
}

/// The room that may begin or end to close by this.
fn is_of_closing(command: &RoomCommand) -> Option<RoomName> {
    match (&command.place, &command.verb) {
        (Place::Room(name), RoomVerb::Fence { .. } | RoomVerb::Open { .. }) => Some(name.clone()),
        _ => None,
    }
}

/// The group has not answered the command, and no number is used up.
fn is_elsewhere(outcome: &Outcome) -> bool {
    matches!(&*outcome.refused, [Refusal::Moved { .. } | Refusal::NotHere { .. }])
}
