//! FORGET: the directory says that a session has ended; it leaves every room of the group.

use crate::room::{Outcome, Rooms};
use crate::{Place, Stamp, What, Who};
use std::sync::Arc;

pub(in crate::room) fn forget(
    rooms: &mut Rooms,
    now: Stamp,
    who: &Who,
    reason: &Arc<str>,
    out: &mut Outcome,
) {
    let names = rooms.rooms_of.remove(&who.session).unwrap_or_default();
    for name in names {
        let stamp = rooms.last.after(now);
        if let Some(room) = rooms.rooms.get_mut(&name) {
            room.occupants.remove(&who.session);
            room.numbers.rest(who.session, rooms.limits.remembered_of_room_max);
            room.last_used = stamp;
        }
        let reason = reason.clone();
        rooms.record(now, Place::Room(name), who.clone(), What::Quit { reason }, out);
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn an_ended_session_leaves_every_room_it_was_in() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> join #go
             < alice joined #go as operator
             bob> join #rust
             < bob joined #rust
             alice> quit
             < alice quit #go
             < alice quit #rust
             alice> quit
             bob> kick #rust alice
             < refused NotOperator",
        );
    }
}
