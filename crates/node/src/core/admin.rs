//! What operators want of rooms: to see one, to make one, to have one replicated in another way.
//!
//! Promise: each question is answered once, and the answer says whether anything happened. What a room's
//! log refused because the room is elsewhere is asked again where it is; nothing else is asked twice.

use super::admit::json;
use super::lives::Lives;
use super::{Asker, Core, Own};
use crate::admin::{RoomAnswer, RoomQuestion};
use crate::door::{Answer, Refused};
use crate::status::{EraStatus, RoomStatus};
use chat::codec::encode;
use chat::room::{Refusal, Room, RoomCommand, RoomVerb};
use chat::{Place, Replication, RoomName, Who};
use replica::net::Responder;
use replica::store::GroupId;
use std::sync::Arc;

/// Asked at the same time: more than people do, and whoever reaches the port may ask.
const WISHES_MAX: usize = 64;
/// An answer comes by then: longer than a group needs to find a leader and a room to move.
const WISH_MS: u64 = 10_000;

/// Something that an operator waits for.
pub(super) struct Wish {
    responder: Responder,
    name: RoomName,
    shown: String,
    to: Replication,
    /// The room shall not be there before.
    makes: bool,
    since_ms: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked of any log.
    Seeking,
    /// It was.
    Asked,
    /// The log has it; the room may be on its way.
    Committed,
}

impl Core {
    pub(super) fn ask_of_room(&mut self, question: RoomQuestion, responder: Responder) {
        let (shown, to, makes) = match question {
            RoomQuestion::Show { name } => return responder.answer(json(&self.show_room(&name))),
            RoomQuestion::Create { name, replication } => (name, replication, true),
            RoomQuestion::Change { name, replication } => (name, replication, false),
        };
        let name = match self.may_wish(&shown) {
            Ok(name) => name,
            Err(why) => return responder.answer(json(&RoomAnswer::Refused(why))),
        };
        let since_ms = self.now_ms;
        let stage = Stage::Seeking;
        let wish = Wish { responder, name, shown, to, makes, since_ms, stage };
        let number = self.draw();
        self.wishes.insert(number, wish);
        self.advance_wish(number);
    }

    fn show_room(&self, shown: &str) -> RoomAnswer {
        let name = match room_name(shown) {
            Ok(name) => name,
            Err(why) => return RoomAnswer::Refused(why),
        };
        match self.room_status(&name) {
            Some(status) => RoomAnswer::Shown(Box::new(status)),
            None if self.knows_of(&name) => RoomAnswer::NoSuchRoom,
            None => RoomAnswer::Refused(self.knows_nothing()),
        }
    }

    /// Whether a room that is not here is nowhere.
    fn knows_of(&self, name: &RoomName) -> bool {
        self.is_fresh && self.engine.has_route(self.home_of(name))
    }

    fn knows_nothing(&self) -> String {
        let node = &self.config.name;
        format!(
            "{node} is not in touch with the room's group now, so it does not know; ask another node, or again"
        )
    }

    fn may_wish(&self, shown: &str) -> Result<RoomName, String> {
        let name = room_name(shown)?;
        if !self.is_fresh || self.is_leaving {
            return Err(format!("{} serves nobody now; ask another node", self.config.name));
        }
        if self.wishes.len() >= WISHES_MAX {
            return Err(format!("{} carries out {WISHES_MAX} others; ask again", self.config.name));
        }
        Ok(name)
    }

    /// A room's log, or nobody, has answered.
    pub(super) fn wish_resolved(&mut self, number: u64, answer: Answer) {
        let Some(wish) = self.wishes.get_mut(&number) else { return };
        let refused = match answer {
            Answer::Done => {
                wish.stage = Stage::Committed;
                return; // Looked at on the next tick.
            }
            Answer::Refused(why) => why,
            _ => {
                let why = "the room's group did not answer in time".to_owned();
                return self.grant(number, RoomAnswer::Unknown(why));
            }
        };
        match refused.first() {
            // Looked at again on the next tick: it is elsewhere, or somebody was faster.
            Some(Refused::Room(
                Refusal::Moved { .. }
                | Refusal::NotHere { .. }
                | Refusal::NotInRoom
                | Refusal::SameReplication,
            )) => wish.stage = Stage::Seeking,
            Some(Refused::Unavailable | Refused::Busy | Refused::Leaving) => {
                let why = "the room's group has no majority within reach; ask again later";
                self.grant(number, RoomAnswer::Refused(why.to_owned()));
            }
            why => self.grant(number, RoomAnswer::Refused(format!("the room says {why:?}"))),
        }
    }

    /// On every tick.
    pub(super) fn advance_wishes(&mut self) {
        let all: Vec<u64> = self.wishes.keys().copied().collect();
        for number in all {
            self.advance_wish(number);
        }
    }

    fn advance_wish(&mut self, number: u64) {
        let Some(wish) = self.wishes.get(&number) else { return };
        let answer = match wish.stage {
            Stage::Seeking => self.seek_room(number),
            Stage::Asked => None,
            Stage::Committed => self.has_come_true(wish),
        };
        let Some(wish) = self.wishes.get(&number) else { return };
        let is_late = self.now_ms - wish.since_ms > WISH_MS;
        if let Some(answer) = answer.or_else(|| is_late.then(|| too_late(wish))) {
            self.grant(number, answer);
        }
    }

    /// Asks the log of the group where the room lives, or where it shall be made.
    fn seek_room(&mut self, number: u64) -> Option<RoomAnswer> {
        let wish = self.wishes.get(&number)?;
        let group = match self.lives(&wish.name) {
            Lives::Here(_, room) if room.replication() == wish.to => {
                return self.status_of(&wish.name, RoomAnswer::Already);
            }
            Lives::Here(..) if wish.makes => {
                return self.status_of(&wish.name, RoomAnswer::Exists);
            }
            Lives::Here(group, _) => group,
            Lives::OnItsWay(_) => return None,
            Lives::Nowhere if !self.knows_of(&wish.name) => {
                return Some(RoomAnswer::Refused(self.knows_nothing()));
            }
            Lives::Nowhere if wish.makes => self.home_of(&wish.name),
            Lives::Nowhere => return Some(RoomAnswer::NoSuchRoom),
        };
        // Who only makes a room has no power over one that somebody else made first.
        let who = Who { is_operator: !wish.makes, ..self.own_who() };
        let (name, shown) = (wish.name.clone(), wish.shown.as_str().into());
        let verb = match (wish.makes, wish.to) {
            (true, Replication::Raft) => self.make_at_home(group, &name, shown),
            (_, to) => RoomVerb::Fence { to, shown },
        };
        let command = RoomCommand { who, number: 0, era: None, place: Place::Room(name), verb };
        self.wishes.get_mut(&number)?.stage = Stage::Asked;
        self.submit(group, Asker::Admin(number), encode(&command));
        None
    }

    /// A room begins with somebody who comes into it. This node does, unseen by anybody, and says goodbye
    /// with what is given back.
    fn make_at_home(&mut self, home: GroupId, name: &RoomName, shown: Arc<str>) -> RoomVerb {
        let verb = RoomVerb::Join { shown, key: None, realname: "".into() };
        let place = Place::Room(name.clone());
        let command = RoomCommand { who: self.own_who(), number: 0, era: None, place, verb };
        self.submit(home, Asker::Own(Own::Whatever), encode(&command));
        RoomVerb::Part { reason: "".into() }
    }

    fn has_come_true(&self, wish: &Wish) -> Option<RoomAnswer> {
        match self.lives(&wish.name) {
            Lives::Here(_, room) if room.replication() == wish.to => {
                self.status_of(&wish.name, RoomAnswer::Done)
            }
            _ => None,
        }
    }

    fn grant(&mut self, number: u64, answer: RoomAnswer) {
        let Some(wish) = self.wishes.remove(&number) else { return };
        tracing::info!(room = %wish.name, to = %wish.to, ?answer, "an operator asked on the cluster port");
        wish.responder.answer(json(&answer));
    }

    fn status_of(
        &self,
        name: &RoomName,
        answer: impl Fn(Box<RoomStatus>) -> RoomAnswer,
    ) -> Option<RoomAnswer> {
        Some(answer(Box::new(self.room_status(name)?)))
    }

    fn room_status(&self, name: &RoomName) -> Option<RoomStatus> {
        let room = self.room(name)?;
        let is_moving = matches!(self.lives(name), Lives::OnItsWay(_));
        let home = self.home_of(name);
        let mut groups = self.engine.status().into_iter();
        let group = match room.replication() {
            Replication::Gossip => groups.find(|it| it.strategy == "gossip"),
            other => {
                let number = self.groups.group_for(home, other);
                groups.find(|it| it.group == number.0)
            }
        };
        let group = group.map(|it| self.group_status(it, 0)).unwrap_or_default();
        Some(RoomStatus {
            name: room.shown().to_owned(),
            replication: room.replication().to_string(),
            epoch: room.epoch(),
            is_moving,
            eras: eras(&room),
            group: group.id,
            home: home.0,
            leader: group.leader,
            replicas: group.replicas,
            in_sync: group.in_sync,
            occupants: room.occupant_count(),
            topic: room.topic().map_or_else(String::new, |it| it.text.to_string()),
            messages: self.kept_of(name, home, group.id),
            created_ms: room.created_at().ms(),
            node: self.config.name.clone(),
        })
    }

    /// How many records the history here has of a room. What was said by gossip is kept by origin, under
    /// keys that begin with the room's.
    fn kept_of(&self, name: &RoomName, home: GroupId, group: u32) -> Option<u64> {
        let mut groups: Vec<GroupId> = self.groups.of_home(home).collect();
        if !groups.contains(&GroupId(group)) {
            groups.push(GroupId(group));
        }
        groups.retain(|it| self.engine.holds(*it) == Some(true));
        let (history, key) = (self.history.borrow(), name.as_str().as_bytes());
        let is_its = |it: &[u8]| it.strip_prefix(key).is_some_and(|it| matches!(it, [] | [0, ..]));
        let kept = groups.iter().map(|it| {
            let streams = history.streams(*it, key).filter(|(key, _)| is_its(key));
            streams.map(|(key, _)| history.count(*it, key)).sum::<u64>()
        });
        (!groups.is_empty()).then(|| kept.sum())
    }
}

fn room_name(shown: &str) -> Result<RoomName, String> {
    RoomName::parse(shown)
        .map_err(|_| format!("{shown:?} is no room's name; one looks like #starling"))
}

fn eras(room: &Room) -> Vec<EraStatus> {
    let era = |it: &chat::room::Era| EraStatus {
        replication: it.replication.to_string(),
        until_ms: it.last.ms(),
    };
    room.eras().iter().map(era).collect()
}

fn too_late(wish: &Wish) -> RoomAnswer {
    let seconds = WISH_MS / 1_000;
    match wish.stage {
        Stage::Seeking => RoomAnswer::Refused(format!(
            "the room is moving already, and did not arrive within {seconds} s; nothing was asked of it"
        )),
        Stage::Asked => {
            RoomAnswer::Unknown(format!("the room's group did not answer within {seconds} s"))
        }
        Stage::Committed => RoomAnswer::Unknown(format!(
            "the room's log has it, and the room goes on by {} as soon as its groups can; that took longer than {seconds} s",
            wish.to
        )),
    }
}
