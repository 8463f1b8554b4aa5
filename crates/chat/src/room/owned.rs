//! Rooms that belong to an account: who may do what there, whoever happens to be in.
//!
//! Promise: an owned room never expires, gives operator to nobody only because they come first, and keeps its
//! owner and access list wherever it moves. Accounts are known by name alone: a dropped one's is never given
//! away again.

use super::{Carried, Room, RoomVerb, Rooms};
use crate::{ModeChange, Nick, Place, RoomName, SessionId, Stamp, What, Who, fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an account may do in a room that it does not own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Access {
    /// Comes in with voice.
    Voice,
    /// Has the powers of an operator, and comes in as one.
    Operator,
    /// Also decides who has access.
    Admin,
}

/// Whose a room is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ownership {
    /// The account that registered it.
    pub owner: Arc<str>,
    /// When.
    pub since: Stamp,
    /// By folded name of an account.
    pub access: BTreeMap<Arc<str>, Access>,
}

impl Ownership {
    pub(super) fn is_owner(&self, who: &Who) -> bool {
        who.account.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(&self.owner))
    }

    /// What whoever is logged in to that account may do; an owner everything.
    pub(super) fn access_of(&self, who: &Who) -> Option<Access> {
        if self.is_owner(who) {
            return Some(Access::Admin);
        }
        self.access.get(&*fold(who.account.as_ref()?)).copied()
    }
}

impl Room {
    /// Whose it is, if it was registered.
    #[must_use]
    pub fn ownership(&self) -> Option<&Ownership> {
        self.owned.as_deref()
    }

    /// What the asker may do by their account.
    pub(super) fn access_of(&self, who: &Who) -> Option<Access> {
        self.owned.as_ref()?.access_of(who)
    }

    /// The mode that somebody who has come in is given, if they have not got it.
    fn due(&mut self, who: &Who) -> Option<char> {
        let access = self.access_of(who)?;
        let occupant = self.occupants.get_mut(&who.session)?;
        let (letter, rank) = match access {
            Access::Voice => ('v', &mut occupant.is_voiced),
            Access::Operator | Access::Admin => ('o', &mut occupant.is_operator),
        };
        (!std::mem::replace(rank, true)).then_some(letter)
    }
}

impl Rooms {
    /// Somebody came in: gives them what their account may have, for all to see.
    pub(super) fn promote(
        &mut self,
        now: Stamp,
        name: &RoomName,
        who: &Who,
        out: &mut super::Outcome,
    ) {
        let Some(letter) = self.rooms.get_mut(name).and_then(|room| room.due(who)) else {
            return;
        };
        let param = Some(who.nick.as_str().into());
        let change = ModeChange { is_set: true, letter, param, session: Some(who.session) };
        let what = What::Modes { changes: vec![change] };
        self.record(now, Place::Room(name.clone()), service(), what, out);
    }
}

/// Who gives modes by access: nobody can be called so.
fn service() -> Who {
    Who {
        session: SessionId(0),
        nick: Nick::parse("ChanServ", 32).expect("a valid nick"),
        user: "ChanServ".into(),
        host: "services".into(),
        account: None,
        is_operator: false,
        is_bot: false,
    }
}

impl Carried {
    /// What the group that the room comes to is told.
    #[must_use]
    pub fn into_verb(mut self) -> RoomVerb {
        let owned = self.room.owned.take();
        let carried = Box::new(self);
        match owned {
            Some(owned) => RoomVerb::AdoptOwned { carried, owned },
            None => RoomVerb::Adopt { carried },
        }
    }

    pub(super) fn with_owner(mut self, owned: Box<Ownership>) -> Carried {
        self.room.owned = Some(owned);
        self
    }
}
