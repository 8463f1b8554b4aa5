//! All rooms of one group, and what a command does to them.
//!
//! Promise: the same commands at the same times give the same rooms and the same outcomes, on every
//! replica and after every restore. A numbered command of a session is applied once, however often it
//! arrives, and in whichever group its room lives then. Every record has an id above all earlier ones
//! of the group and of its room.

use super::gone::Gone;
use super::journey::Moved;
use super::numbers::Numbers;
use super::verbs::{
    access, adopt, claim, close, expire, fence, forget, gone, invite, join, kick, lives, modes,
    open, part, release, say, tail, topic,
};
use super::{Outcome, Refusal, Room, RoomCommand, RoomVerb};
use crate::{Limits, MsgId, Place, Record, Replication, RoomName, SessionId, Stamp, What, Who};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All rooms of one group.
#[derive(Clone, Debug, Default)]
pub struct Rooms {
    pub(super) origin: u32,
    pub(super) limits: Limits,
    /// How this group replicates. New rooms are made in a group of Raft, each room's home.
    pub(super) replication: Replication,
    /// The stamp of the last record.
    pub(super) last: Stamp,
    /// The rooms by folded name.
    pub(super) rooms: BTreeMap<RoomName, Room>,
    /// Those that left, and live elsewhere.
    pub(super) moved: BTreeMap<RoomName, Moved>,
    pub(super) gone: Gone,
    /// Derived: the rooms of each session that is in any.
    pub(super) rooms_of: BTreeMap<SessionId, BTreeSet<RoomName>>,
    pub(super) numbers: Numbers,
}

impl Rooms {
    /// No rooms yet, in a home group. `origin` marks the ids made here (the group's number).
    #[must_use]
    pub fn new(origin: u32, limits: Limits) -> Rooms {
        Rooms::of(Replication::Raft, origin, limits)
    }

    /// No rooms yet, in a group that replicates so.
    #[must_use]
    pub fn of(replication: Replication, origin: u32, limits: Limits) -> Rooms {
        Rooms { origin, limits, replication, ..Rooms::default() }
    }

    /// Applies one command stamped not before `now`. Never fails, never panics.
    pub fn apply(&mut self, now: Stamp, command: RoomCommand) -> Outcome {
        let mut out = Outcome::default();
        if self.is_repeat(&command) {
            out.is_repeat = true;
            return out;
        }
        if let Some(why) = self.turns_away(&command) {
            out.refused.push(why); // Not answered: no number is used up.
            return out;
        }
        let RoomCommand { who, number, place, verb, .. } = command;
        let session = who.session;
        let of_group = match &place {
            Place::Room(name) if self.is_judged_by_room(name, &verb) => 0,
            _ => number,
        };
        match (place, verb) {
            (_, RoomVerb::Forget { reason }) => forget(self, now, &who, &reason, &mut out),
            (_, RoomVerb::Expire { before, spares }) => expire(self, before, &spares, &mut out),
            (Place::Room(name), RoomVerb::Adopt { carried }) => adopt(self, &name, *carried),
            (Place::Room(name), RoomVerb::AdoptOwned { carried, owned }) => {
                adopt(self, &name, carried.with_owner(owned));
            }
            (Place::Room(name), RoomVerb::Lives { to, epoch }) => lives(self, &name, to, epoch),
            (Place::Room(name), RoomVerb::Gone { epoch }) => gone(self, name, epoch, &mut out),
            (Place::Room(name), RoomVerb::Tail { epoch, node, index, last }) => {
                tail(self, &name, epoch, (node, index, last));
            }
            (Place::Room(name), RoomVerb::Open { epoch }) => {
                open(self, now, name, epoch, &mut out);
            }
            (Place::Room(name), verb) => self.in_room(now, who, number, name, verb, &mut out),
            (place, verb) => self.in_conversation(now, who, place, verb, &mut out),
        }
        // A refusal is an answer too: its number is used up. (Not when the room is elsewhere: it has
        // not been answered then.)
        let is_present = self.rooms_of.contains_key(&session);
        let remembered_max = self.limits.remembered_sessions_max;
        self.numbers.note(session, of_group, is_present, remembered_max);
        out
    }

    /// One room.
    #[must_use]
    pub fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.get(name)
    }

    /// All rooms in the order of their folded names.
    pub fn iter(&self) -> impl Iterator<Item = (&RoomName, &Room)> {
        self.rooms.iter()
    }

    /// The rooms this session is in.
    pub fn rooms_of(&self, session: SessionId) -> impl Iterator<Item = &RoomName> {
        self.rooms_of.get(&session).into_iter().flatten()
    }

    /// Every session that occupies some room here, for reconciliation with the directory.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.rooms_of.keys().copied()
    }

    /// True when a command of this number, or a later one, of `session` was applied in this group,
    /// in a conversation or a room that has never moved.
    #[must_use]
    pub fn has_applied(&self, session: SessionId, number: u64) -> bool {
        self.numbers.has(session, number)
    }

    fn in_room(
        &mut self,
        now: Stamp,
        who: Who,
        number: u64,
        name: RoomName,
        verb: RoomVerb,
        out: &mut Outcome,
    ) {
        let stamp = self.last.after(now);
        let is_new = self.make(&name, &verb, stamp);
        let Some(room) = self.rooms.get_mut(&name) else {
            out.refused.push(self.absent(&name));
            return;
        };
        if let Some(why) = room.is_said_elsewhere(&verb) {
            out.refused.push(why);
            return;
        }
        room.refresh(&who);
        let answer = answer(room, &who, stamp, &self.limits, verb, is_new, out);
        let is_inside = room.occupant(who.session).is_some();
        room.numbers.note(who.session, number, is_inside, self.limits.remembered_of_room_max);
        let what = match answer {
            Ok(Some(what)) => what,
            Ok(None) => return,
            Err(why) => return out.refused.push(why),
        };
        room.last_used = stamp;
        self.index(&name, who.session, &what);
        let goes_to = match &what {
            What::Replicated { to, .. } => Some(*to),
            _ => None,
        };
        let newcomer = matches!(what, What::Joined { .. }).then(|| who.clone());
        self.record(now, Place::Room(name.clone()), who, what, out);
        if let Some(who) = newcomer {
            self.promote(now, &name, &who, out);
        }
        if let Some(to) = goes_to {
            self.go_on(&name, to);
        }
    }

    /// Makes the room that somebody wants to come into, or have replicated in their way, if there is
    /// none. A new room refuses neither, so none is made in vain.
    fn make(&mut self, name: &RoomName, verb: &RoomVerb, stamp: Stamp) -> bool {
        let shown = match verb {
            RoomVerb::Join { shown, .. } => shown,
            RoomVerb::Fence { to, shown } if *to != self.replication => shown,
            _ => return false,
        };
        let is_known = self.rooms.contains_key(name) || self.moved.contains_key(name);
        if is_known || self.replication != Replication::Raft {
            return false;
        }
        let room = Room::new(name, shown, stamp, self.gone.next_life(name));
        self.take_in(name, room);
        true
    }

    /// Whatever is said between two is accepted; nothing else can be done there.
    fn in_conversation(
        &mut self,
        now: Stamp,
        who: Who,
        place: Place,
        verb: RoomVerb,
        out: &mut Outcome,
    ) {
        let RoomVerb::Say { kind, text, tags, status, to } = verb else {
            out.refused.push(Refusal::NoSuchRoom);
            return;
        };
        let what = What::Said { kind, text, tags, status, to };
        self.record(now, place, who, what, out);
    }

    /// Gives what happened its id.
    pub(super) fn record(
        &mut self,
        now: Stamp,
        place: Place,
        who: Who,
        what: What,
        out: &mut Outcome,
    ) {
        self.last = self.last.after(now);
        let id = MsgId { stamp: self.last, origin: self.origin };
        out.records.push(Arc::new(Record { id, place, who, what }));
    }

    /// Keeps `rooms_of` true to what happened.
    fn index(&mut self, name: &RoomName, who: SessionId, what: &What) {
        match what {
            What::Joined { .. } => {
                let names = self.rooms_of.entry(who).or_default();
                names.insert(name.clone());
            }
            What::Parted { .. } => self.left(name, who),
            What::Kicked { session, .. } => self.left(name, *session),
            _ => {}
        }
    }

    fn left(&mut self, name: &RoomName, session: SessionId) {
        if let Some(room) = self.rooms.get_mut(name) {
            room.numbers.rest(session, self.limits.remembered_of_room_max);
        }
        self.unlink(name, session);
    }

    /// The session is not in this room of the group any more.
    pub(super) fn unlink(&mut self, name: &RoomName, session: SessionId) {
        let Some(names) = self.rooms_of.get_mut(&session) else {
            return;
        };
        names.remove(name);
        if names.is_empty() {
            self.rooms_of.remove(&session);
            self.numbers.rest(session, self.limits.remembered_sessions_max);
        }
    }
}

/// What a verb of one room comes to: what happened, nothing to change, or why not.
fn answer(
    room: &mut Room,
    who: &Who,
    stamp: Stamp,
    limits: &Limits,
    verb: RoomVerb,
    is_new: bool,
    out: &mut Outcome,
) -> Result<Option<What>, Refusal> {
    let what = match verb {
        RoomVerb::Say { kind, text, tags, status, to } => {
            say(room, who).map(|()| What::Said { kind, text, tags, status, to })
        }
        RoomVerb::Join { key, realname, .. } => join(room, who, key.as_deref(), realname),
        RoomVerb::Part { reason } => part(room, who, reason),
        RoomVerb::Kick { session, nick, reason } => kick(room, who, session, nick, reason),
        RoomVerb::Topic { text } => topic(room, who, stamp, limits, text),
        RoomVerb::Invite { session, nick } => invite(room, who, limits, session, nick),
        RoomVerb::Modes { changes } => {
            let changes = modes(room, who, stamp, limits, changes, &mut out.refused);
            return Ok((!changes.is_empty()).then_some(What::Modes { changes }));
        }
        RoomVerb::Fence { to, .. } => {
            let what = fence(room, who, to, is_new)?;
            if room.replication() == Replication::Gossip {
                close(room, who, to);
                return Ok(None);
            }
            Ok(what)
        }
        RoomVerb::Claim => return claim(room, who, stamp),
        RoomVerb::Release => return release(room, who),
        RoomVerb::Access { account, level } => return access(room, who, &account, level),
        RoomVerb::Forget { .. }
        | RoomVerb::Expire { .. }
        | RoomVerb::Adopt { .. }
        | RoomVerb::AdoptOwned { .. }
        | RoomVerb::Lives { .. }
        | RoomVerb::Gone { .. }
        | RoomVerb::Tail { .. }
        | RoomVerb::Open { .. }
        | RoomVerb::Met { .. } => return Ok(None), // Not of somebody in one room.
    };
    what.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SayKind;
    use crate::room::scene::who;

    const GROUP: u32 = 3;

    fn rust() -> Place {
        Place::Room(RoomName::parse("#rust").expect("a room's name"))
    }

    fn ask(rooms: &mut Rooms, nick: &str, number: u64, verb: RoomVerb) -> Outcome {
        let command = RoomCommand { who: who(nick), number, era: None, place: rust(), verb };
        rooms.apply(Stamp::from_ms(1), command)
    }

    fn join() -> RoomVerb {
        RoomVerb::Join { shown: "#rust".into(), key: None, realname: "".into() }
    }

    fn say(text: &str) -> RoomVerb {
        RoomVerb::Say {
            kind: SayKind::Message,
            text: text.into(),
            tags: vec![("+typing".into(), "done".into())],
            status: Some('@'),
            to: None,
        }
    }

    #[test]
    fn a_repeat_has_no_effect_and_says_so() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        ask(&mut rooms, "alice", 1, join());
        assert_eq!(ask(&mut rooms, "alice", 2, say("hello")).records.len(), 1);
        let before = rooms.snapshot();
        let again = ask(&mut rooms, "alice", 2, say("hello"));
        assert_eq!(again, Outcome { is_repeat: true, ..Outcome::default() });
        assert!(ask(&mut rooms, "alice", 1, join()).is_repeat);
        assert_eq!(rooms.snapshot(), before);
        assert_eq!(ask(&mut rooms, "bob", 1, join()).records.len(), 1);
    }

    #[test]
    fn a_refusal_uses_up_its_number() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        let refused = ask(&mut rooms, "alice", 1, say("hello"));
        assert_eq!(refused.refused, [Refusal::NoSuchRoom]);
        assert!(rooms.has_applied(who("alice").session, 1));
        assert!(ask(&mut rooms, "alice", 1, say("hello")).is_repeat);
    }

    #[test]
    fn who_left_every_room_is_remembered_for_a_while() {
        let limits = Limits { remembered_sessions_max: 1, ..Limits::default() };
        let mut rooms = Rooms::new(GROUP, limits);
        ask(&mut rooms, "alice", 1, join());
        ask(&mut rooms, "bob", 1, join());
        let reason = || Arc::from("gone");
        ask(&mut rooms, "alice", 0, RoomVerb::Forget { reason: reason() });
        assert!(rooms.has_applied(who("alice").session, 1));
        ask(&mut rooms, "bob", 0, RoomVerb::Forget { reason: reason() });
        assert!(rooms.has_applied(who("bob").session, 1));
        assert!(!rooms.has_applied(who("alice").session, 1));
    }

    #[test]
    fn a_record_carries_what_was_said_under_an_id_of_the_group() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        let joined = ask(&mut rooms, "alice", 1, join());
        let said = ask(&mut rooms, "alice", 2, say("hello"));
        let (joined, said) = (&joined.records[0], &said.records[0]);
        assert_eq!(joined.id.stamp, Stamp::from_ms(1));
        assert_eq!(said.id.stamp, Stamp(Stamp::from_ms(1).0 + 1));
        assert_eq!(said.id.origin, GROUP);
        assert_eq!((&said.place, &said.who), (&rust(), &who("alice")));
        assert_eq!(
            said.what,
            What::Said {
                kind: SayKind::Message,
                text: "hello".into(),
                tags: vec![("+typing".into(), "done".into())],
                status: Some('@'),
                to: None,
            }
        );
    }

    #[test]
    fn an_occupant_is_known_as_they_last_were() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        ask(&mut rooms, "alice", 1, join());
        let mut renamed = who("alicia");
        renamed.session = who("alice").session;
        let command = RoomCommand {
            who: renamed.clone(),
            number: 2,
            era: None,
            place: rust(),
            verb: say("it is me"),
        };
        rooms.apply(Stamp::from_ms(2), command);
        let room = rooms.room("#rust").expect("it was made");
        let occupant = room.occupant(renamed.session).expect("still inside");
        assert_eq!(occupant.who, renamed);
    }

    #[test]
    fn a_session_is_known_by_the_rooms_it_is_in() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        ask(&mut rooms, "alice", 1, join());
        let of =
            |rooms: &Rooms, nick| rooms.rooms_of(who(nick).session).cloned().collect::<Vec<_>>();
        assert_eq!(of(&rooms, "alice"), [RoomName::parse("#rust").expect("a room's name")]);
        assert_eq!(of(&rooms, "bob"), []);
        ask(&mut rooms, "alice", 2, RoomVerb::Part { reason: "".into() });
        assert_eq!(of(&rooms, "alice"), []);
    }

    #[test]
    fn a_room_is_shown_by_no_name_but_its_own() {
        let mut rooms = Rooms::new(GROUP, Limits::default());
        let shown = "#something else".into();
        let join = RoomVerb::Join { shown, key: None, realname: "".into() };
        ask(&mut rooms, "alice", 1, join);
        assert_eq!(rooms.room("#rust").map(Room::shown), Some("#rust"));
    }
}
