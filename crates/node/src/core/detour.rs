//! Commands of connections that cannot go where their room was believed to be.
//!
//! Promise: a session's commands take effect in their order, each once, wherever their room goes
//! meanwhile. While one of a connection's commands is on a detour, all that is behind it waits; those on a
//! detour go one after the other, once nothing else of the connection is under way, under the numbers they
//! had. What finds no way in time is refused: nobody has applied it.

use super::lives::Lives;
use super::{Asker, Conn, Core, Own};
use crate::door::{Answer, Ask, ConnId, Refused, RoomAsk};
use bytes::Bytes;
use chat::codec::{decode, encode};
use chat::room::{Refusal, Room, RoomCommand, RoomVerb};
use chat::{Place, Replication, RoomName, Who};
use replica::store::GroupId;

/// How long a command looks for its room: longer than a group needs to find another leader.
const DETOUR_MS: u64 = 3_000;
/// A room that somebody waits to come into is asked for again after this long.
const AGAIN_MS: u64 = 1_000;

/// A command on a detour.
#[derive(Debug)]
pub(super) struct Parked {
    tag: u64,
    room: RoomName,
    command: Bytes,
    since_ms: u64,
    /// It is on its way to a group.
    is_sent: bool,
    /// Would make the room, and asked for it then.
    makes: Option<Making>,
}

impl Parked {
    /// The tag of one that is not on its way: nobody else will answer it.
    pub(super) fn unsent(&self) -> Option<u64> {
        (!self.is_sent).then_some(self.tag)
    }
}

/// Somebody comes into a room that is not there yet.
#[derive(Debug)]
struct Making {
    who: Who,
    shown: std::sync::Arc<str>,
    asked_ms: Option<u64>,
}

/// Where a command goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// To a group that judges it in its order.
    Group(GroupId),
    /// It was judged, and is said in this era of a room's gossip.
    Talk(u64),
}

/// A command that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// `None`: nowhere yet.
    pub(super) way: Option<Way>,
    /// The era of its room that it is for when it is sent now.
    pub(super) era: Option<u64>,
}

impl Conn {
    /// Commands under way to groups, apart from those on a detour.
    fn on_the_wire(&self) -> usize {
        self.rooms_in_flight - self.detour.len().min(self.rooms_in_flight)
    }
}

impl Core {
    /// Whether a connection's next command in a room could overtake an earlier one that went elsewhere.
    pub(super) fn may_overtake(&self, conn: &Conn, ask: &Ask) -> bool {
        let Ask::Room { room, .. } = ask else { return false };
        if conn.rooms_in_flight == 0 || conn.moves_seen == self.moves_seen {
            return false; // Nothing has moved since nothing was under way.
        }
        self.known_move(self.home_of(room), room) > 0
    }

    /// Whether a connection's next command would go by another way than those before it, which have not
    /// been answered.
    pub(super) fn goes_another_way(&self, conn: &Conn, ask: &Ask) -> bool {
        let talks = |room| matches!(self.lives(room), Lives::Here(_, it) if is_gossip(it));
        let is_said = match ask {
            Ask::Room { room, verb: RoomAsk::Say { .. } } if conn.rooms_in_flight > 0 => {
                talks(room)
            }
            _ => false,
        };
        conn.rooms_in_flight > 0 && conn.is_talking != is_said
    }

    /// Where a command goes, or why it goes nowhere: in a gossip room it is judged here who may be heard.
    pub(super) fn course(
        &self,
        place: &Place,
        who: &Who,
        verb: &RoomVerb,
    ) -> Result<Course, Refusal> {
        let Place::Room(name) = place else {
            return Ok(Course { way: Some(Way::Group(self.group_of(place))), era: None });
        };
        let lives = self.lives(name);
        let makes = matches!(verb, RoomVerb::Join { .. });
        let way = match lives {
            Lives::Here(_, room) if is_gossip(room) && verb.is_order_free() => {
                let is_open = room.closing().is_none();
                if is_open {
                    room.may_say(who)?;
                }
                is_open.then(|| Way::Talk(room.epoch()))
            }
            Lives::Here(_, room) if verb.is_order_free() && self.owes_talk(name, room) => None,
            Lives::Here(group, _) => Some(Way::Group(group)),
            Lives::OnItsWay(_) => None,
            Lives::Nowhere if makes && self.makes_away() => None,
            Lives::Nowhere => Some(Way::Group(self.home_of(name))),
        };
        let era = match lives {
            Lives::Here(_, room) => room.epoch(),
            Lives::OnItsWay(_) | Lives::Nowhere => 0,
        };
        Ok(Course { way, era: Some(era) })
    }

    /// New rooms do not stay in their home group.
    fn makes_away(&self) -> bool {
        self.config.replication != Replication::Raft
    }

    /// A command that no group has answered waits for its way. (Again: `Moved` and `NotHere` are no answers.)
    pub(super) fn park(&mut self, id: ConnId, tag: u64, command: Bytes) -> bool {
        let Ok(RoomCommand { who, number, place: Place::Room(room), verb, .. }) = decode(&command)
        else {
            return false;
        };
        let Some(conn) = self.conns.get_mut(&id) else { return false };
        let makes = match verb {
            RoomVerb::Join { shown, .. } => Some(Making { who, shown, asked_ms: None }),
            _ => None,
        };
        let since_ms = self.now_ms;
        let parked = Parked { tag, room, command, since_ms, is_sent: false, makes };
        conn.detour.entry(number).or_insert(parked).is_sent = false;
        self.detoured.insert(id);
        self.moves_seen += 1; // Looked at soon.
        true
    }

    /// An answer came to what was on a detour.
    pub(super) fn leave_detour(conn: &mut Conn, tag: u64) {
        if let Some(first) = conn.detour.first_entry()
            && first.get().is_sent
            && first.get().tag == tag
        {
            first.remove();
        }
    }

    /// Sends on what has a way now, and gives up what has had none for too long.
    pub(super) fn advance_detours(&mut self) {
        self.hurry_talk();
        let all: Vec<ConnId> = self.detoured.iter().copied().collect();
        let parked = |id| self.conns.get(id)?.detour.first_key_value().map(|it| it.1.room.clone());
        let rooms = all.iter().filter_map(parked).collect();
        self.tell_late_tails(rooms);
        for id in all {
            while self.advance_detour(id) {}
        }
    }

    /// True when there may be more to do for this connection.
    fn advance_detour(&mut self, id: ConnId) -> bool {
        let Some(conn) = self.conns.get_mut(&id) else {
            self.detoured.remove(&id);
            return false;
        };
        if conn.detour.is_empty() {
            self.detoured.remove(&id);
            self.advance(id);
            return false;
        }
        let is_clear = conn.on_the_wire() == 0;
        let Some(mut first) = conn.detour.first_entry() else { return false };
        let (tag, room, command) =
            (first.get().tag, first.get().room.clone(), first.get().command.clone());
        if !is_clear || first.get().is_sent {
            return false;
        }
        if self.now_ms - first.get().since_ms > DETOUR_MS {
            first.get_mut().is_sent = true; // As good as answered.
            let epoch = self.known_move(self.home_of(&room), &room);
            let why = match epoch {
                0 => self.unavailable(),
                _ => Refused::Room(Refusal::NotHere { epoch }),
            };
            self.finish(id, tag, Answer::Refused(vec![why]), false);
            return true;
        }
        let makes = first.get().makes.is_some();
        let Ok(command) = decode::<RoomCommand>(&command) else { return false };
        match self.course(&command.place, &command.who, &command.verb) {
            Ok(Course { way: None, .. }) if makes => self.make_room(id, room),
            Ok(Course { way: None, .. }) => {}
            // Nothing is under way now that it could overtake.
            Ok(Course { way: Some(way), era }) => {
                if let Some(conn) = self.conns.get_mut(&id) {
                    conn.is_talking = matches!(way, Way::Talk(..));
                    conn.detour.entry(command.number).and_modify(|it| it.is_sent = true);
                }
                let command = RoomCommand { era, ..command };
                self.send_by(way, (id, tag), command);
            }
            Err(why) => {
                if let Some(conn) = self.conns.get_mut(&id) {
                    conn.detour.entry(command.number).and_modify(|it| it.is_sent = true);
                }
                self.finish(id, tag, Answer::Refused(vec![Refused::Room(why)]), false);
                return true;
            }
        }
        false
    }

    /// Nobody has made the room: it begins where new rooms shall live, and who asked comes in there. If
    /// somebody else is faster, this changes nothing: it is no occupant's wish, and no operator's.
    fn make_room(&mut self, id: ConnId, room: RoomName) {
        let home = self.home_of(&room);
        if !matches!(self.lives(&room), Lives::Nowhere) {
            return;
        }
        let (to, now_ms) = (self.config.replication, self.now_ms);
        let first = self.conns.get_mut(&id).and_then(|it| it.detour.first_entry());
        let Some(making) = first.and_then(|it| it.into_mut().makes.as_mut()) else { return };
        if making.asked_ms.is_some_and(|it| now_ms - it < AGAIN_MS) {
            return;
        }
        making.asked_ms = Some(now_ms);
        let who = Who { is_operator: false, ..making.who.clone() };
        let verb = RoomVerb::Fence { to, shown: making.shown.clone() };
        let command = RoomCommand { who, number: 0, era: None, place: Place::Room(room), verb };
        self.submit(home, Asker::Own(Own::Whatever), encode(&command));
    }
}

/// What is said in it needs no order.
fn is_gossip(room: &Room) -> bool {
    room.replication() == Replication::Gossip
}
