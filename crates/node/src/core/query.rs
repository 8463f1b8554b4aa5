//! Look-ups, answered from what this node has applied.

use super::Core;
use crate::door::{
    Answer, ConnId, MaskLine, OccupantView, PersonView, Query, Refused, RoomLine, RoomView, View,
};
use chat::directory::Session;
use chat::room::Room;
use chat::{RoomName, SessionId};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Core {
    pub(super) fn look_up(&mut self, id: ConnId, tag: u64, asker: Option<&Session>, query: Query) {
        let view = match query {
            Query::Room(room) => View::Room(self.visible_room(&room, asker).map(Box::new)),
            Query::Rooms => View::Rooms(self.room_lines(asker)),
            Query::Person(nick) => {
                let found = self.directory.by_nick(&nick).cloned();
                View::Person(found.map(|it| Box::new(self.person(it, asker))))
            }
            Query::Sessions(nicks) => {
                let found = nicks.iter().filter_map(|nick| self.directory.by_nick(nick));
                View::Sessions(found.cloned().collect())
            }
            Query::Mine => {
                let account = asker.and_then(|it| it.account.as_ref());
                let is_mine =
                    |it: &&Arc<Session>| account.is_some() && it.account.as_ref() == account;
                View::Sessions(self.directory.sessions().filter(is_mine).cloned().collect())
            }
            Query::Account => {
                let account = asker.and_then(|it| it.account.as_ref());
                View::Account(account.and_then(|it| self.directory.account(it)).cloned())
            }
            Query::Match { mask, limit } => View::People(self.matching(&mask, limit, asker)),
            Query::Past { nick, limit } => {
                let key = chat::fold(&nick);
                let past = self.past.iter().rev().filter(|(it, _)| it.nick.key() == key);
                View::Past(past.take(limit).cloned().collect())
            }
            Query::Masks(room, letter) => match self.masks(&room, letter, asker) {
                Ok(masks) => View::Masks(masks),
                Err(refused) => return self.answer(id, tag, Answer::Refused(vec![refused])),
            },
            Query::Ownership(name) => {
                let is_visible = self.visible_room(&name, asker).is_some();
                let room = self.room(&name).filter(|_| is_visible);
                View::Ownership(room.and_then(|it| it.ownership().cloned()).map(Box::new))
            }
            Query::Status => View::Status(Box::new(self.status())),
            Query::History { target, select, limit } => {
                return self.look_up_history((id, tag), asker, &target, select, limit);
            }
            Query::Targets { after, before, limit } => {
                View::Targets(self.targets(asker, after, before, limit))
            }
        };
        self.answer(id, tag, Answer::View(view));
    }

    fn is_in(&self, room: &Room, asker: Option<&Session>) -> bool {
        asker.is_some_and(|it| room.occupant(it.id).is_some())
    }

    fn sees_all(asker: Option<&Session>) -> bool {
        super::deliver::is_operator(asker.map(Session::who).as_ref())
    }

    fn visible_room(&self, name: &RoomName, asker: Option<&Session>) -> Option<RoomView> {
        let room = self.room(name)?;
        let may_see = !room.is_secret() || self.is_in(&room, asker) || Self::sees_all(asker);
        may_see.then(|| self.room_view(name, asker.map(|it| it.id)))?
    }

    /// A room as one of its occupants sees it.
    pub(super) fn room_view(&self, name: &RoomName, asker: Option<SessionId>) -> Option<RoomView> {
        let room = self.room(name)?;
        let is_occupant = asker.is_some_and(|it| room.occupant(it).is_some());
        let (modes, key, limit) = room.modes();
        let occupants = room.occupants().filter_map(|it| {
            let session = self.directory.session(it.who.session)?.clone();
            Some(OccupantView { session, is_operator: it.is_operator, is_voiced: it.is_voiced })
        });
        Some(RoomView {
            room: name.clone(),
            shown: room.shown().into(),
            created_at: room.created_at(),
            topic: room.topic().map(|it| (it.text.clone(), it.set_by.clone(), it.set_at)),
            modes,
            key: key.filter(|_| is_occupant).map(Into::into),
            limit,
            replication: room.replication(),
            is_secret: room.is_secret(),
            is_occupant,
            occupants: occupants.collect(),
        })
    }

    fn room_lines(&self, asker: Option<&Session>) -> Vec<RoomLine> {
        let sees_all = Self::sees_all(asker);
        self.all_rooms()
            .filter(|(_, room)| room.occupant_count() > 0)
            .filter(|(_, room)| !room.is_secret() || sees_all || self.is_in(room, asker))
            .map(|(_, room)| RoomLine {
                shown: room.shown().into(),
                occupants: room.occupant_count(),
                topic: room.topic().map_or_else(|| "".into(), |it| it.text.clone()),
                topic_at: room.topic().map(|it| it.set_at),
                created_at: room.created_at(),
                replication: room.replication(),
            })
            .collect()
    }

    fn person(&self, session: Arc<Session>, asker: Option<&Session>) -> PersonView {
        let sees_all = Self::sees_all(asker) || asker.is_some_and(|it| it.id == session.id);
        let rooms = self
            .rooms_with(session.id)
            .map(|(_, room)| room)
            .filter(|room| {
                sees_all
                    || self.is_in(room, asker)
                    || (!room.is_secret() && !session.modes.invisible)
            })
            .filter_map(|room| {
                let occupant = room.occupant(session.id)?;
                Some((room.shown().into(), occupant.is_operator, occupant.is_voiced))
            })
            .collect();
        PersonView { node: self.name_of(session.node.0), rooms, session }
    }

    fn matching(&self, mask: &str, limit: usize, asker: Option<&Session>) -> Vec<PersonView> {
        let sees_all = Self::sees_all(asker);
        let near: BTreeSet<SessionId> = match asker {
            Some(asker) if !sees_all => {
                let rooms = self.rooms_with(asker.id).map(|(_, room)| room);
                let sessions = |room: Cow<'_, Room>| -> Vec<SessionId> {
                    room.occupants().map(|it| it.who.session).collect()
                };
                rooms.flat_map(sessions).collect()
            }
            _ => BTreeSet::new(),
        };
        self.directory
            .sessions()
            .filter(|it| {
                sees_all
                    || !it.modes.invisible
                    || near.contains(&it.id)
                    || asker.is_some_and(|asker| asker.id == it.id)
            })
            .filter(|it| {
                [it.nick.as_str(), &it.user, &it.host, &it.realname]
                    .iter()
                    .any(|text| chat::matches(mask, text))
            })
            .take(limit)
            .map(|it| self.person(it.clone(), asker))
            .collect()
    }

    fn masks(
        &self,
        name: &RoomName,
        letter: char,
        asker: Option<&Session>,
    ) -> Result<Vec<MaskLine>, Refused> {
        use chat::room::Refusal;
        let room = self.room(name).ok_or(Refused::Room(Refusal::NoSuchRoom))?;
        let is_in = self.is_in(&room, asker);
        if room.is_secret() && !is_in && !Self::sees_all(asker) {
            return Err(Refused::Room(Refusal::NoSuchRoom));
        }
        let is_operator = Self::sees_all(asker)
            || asker.and_then(|it| room.occupant(it.id)).is_some_and(|it| it.is_operator);
        if letter != 'b' && !is_operator {
            return Err(Refused::Room(Refusal::NotOperator)); // Who is excepted is the operators' affair.
        }
        Ok(room.list(letter).map(|(mask, by, at)| (mask.into(), by.into(), at)).collect())
    }
}
