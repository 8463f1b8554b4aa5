//! EXPIRE: rooms that nobody owns, nobody is in and nobody used for long are gone, with their history. What a group
//! knows of rooms that left it stays until `Gone` says that they expired where they live.

use crate::room::{Outcome, Room, Rooms};
use crate::{RoomName, Stamp};

pub(in crate::room) fn expire(
    rooms: &mut Rooms,
    before: Stamp,
    spares: &[RoomName],
    out: &mut Outcome,
) {
    let is_unused =
        |room: &Room| room.occupants.is_empty() && room.last_used < before && room.owned.is_none();
    for (name, room) in
        rooms.rooms.extract_if(.., |name, room| is_unused(room) && !spares.contains(name))
    {
        rooms.gone.note(&name, room.epoch(), rooms.limits.gone_max);
        out.expired.push(name);
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::Scene;

    #[test]
    fn only_rooms_that_are_empty_and_long_unused_go() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #stays
             < alice joined #stays as operator
             alice> join #rust
             < alice joined #rust as operator
             alice> part #rust
             < alice parted",
        );
        let left = scene.room("#rust").last_used().ms();
        scene.plays(&format!(
            "alice> expire {left}
             alice> expire {}
             < expired #rust
             alice> say #rust hello
             < refused NoSuchRoom
             alice> join #rust
             < alice joined #rust as operator",
            left + 1
        ));
    }

    #[test]
    fn a_message_from_outside_keeps_an_empty_room() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust -n
             < alice set -n
             alice> part #rust
             < alice parted",
        );
        let left = scene.room("#rust").last_used().ms();
        scene.plays(&format!(
            "bob> say #rust hello
             < bob said hello
             bob> expire {}",
            left + 1
        ));
    }
}
