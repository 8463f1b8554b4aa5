//! ADOPT: a room that was fenced elsewhere goes on here, with everybody in it: nobody parts or joins.
//!
//! Promise: of each epoch a room is adopted once. One that comes late, or for another group, changes
//! nothing.

use crate::RoomName;
use crate::planted::planted;
use crate::room::numbers::Numbers;
use crate::room::{Carried, Rooms};

pub(in crate::room) fn adopt(rooms: &mut Rooms, name: &RoomName, carried: Carried) {
    if !rooms.keeps(carried.to()) || carried.epoch() <= rooms.known_epoch(name) {
        return;
    }
    let Carried { mut room, last } = carried;
    if planted!("move-forgets-numbers") {
        room.numbers = Numbers::default();
    }
    rooms.last = rooms.last.max(last); // Every id of this era is above all earlier ones.
    let earlier = rooms.take_in(name, room);
    if let (Some(earlier), Some(room)) = (earlier, rooms.rooms.get_mut(name)) {
        let max = rooms.limits.remembered_of_room_max;
        room.numbers.merge(&earlier, max);
        for session in room.occupants.keys() {
            room.numbers.note(*session, 0, true, max); // Here by chance unnumbered, yet not forgotten.
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, session};
    use crate::{Limits, Replication, Stamp};

    fn away(replication: Replication) -> Scene {
        Scene::of(replication, Limits::default())
    }

    /// A room with alice as operator and bob, on its way to primary-backup.
    fn on_its_way() -> Scene {
        let mut home = Scene::default();
        home.plays(
            "alice> join #Rust
             < alice joined #Rust as operator
             bob> join #rust
             < bob joined #Rust
             alice> mode #rust +mv bob
             < alice set +mv bob
             alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1",
        );
        home
    }

    #[test]
    fn until_it_has_come_a_group_knows_nothing_of_it() {
        let mut backup = away(Replication::PrimaryBackup);
        backup.plays(
            "alice> say #rust hello
             < refused NotHere { epoch: 0 }
             alice> join #rust
             < refused NotHere { epoch: 0 }
             alice> fence #rust raft
             < refused NotHere { epoch: 0 }",
        );
        assert_eq!(backup.rooms.lives("#rust"), None);
    }

    #[test]
    fn everybody_is_in_as_they_were_and_goes_on() {
        let (home, mut backup) = (on_its_way(), away(Replication::PrimaryBackup));
        backup.adopts(&home, "#rust");
        assert_eq!(backup.rooms.rooms_of(session("bob")).count(), 1);
        assert_eq!(backup.rooms.lives("#rust"), Some((Replication::PrimaryBackup, 1)));
        assert_eq!(backup.room("#rust").shown(), "#Rust");
        backup.plays(
            "bob> say #rust voiced
             < bob said voiced
             carol> join #rust
             < carol joined #Rust
             carol> say #rust hush
             < refused CannotSend
             alice> fence #rust primary-backup
             < refused SameReplication",
        );
    }

    #[test]
    fn an_id_of_the_new_era_is_above_the_last_of_the_old() {
        let (home, mut backup) = (on_its_way(), away(Replication::PrimaryBackup));
        let last = home.rooms.carried("#rust").expect("it is on its way").last();
        backup.adopts(&home, "#rust");
        backup.at(0);
        backup.plays("alice> say #rust hello\n< alice said hello");
        assert_eq!(backup.room("#rust").last_used(), Stamp(last.0 + 1));
    }

    #[test]
    fn a_room_that_comes_twice_comes_once() {
        let (home, mut backup) = (on_its_way(), away(Replication::PrimaryBackup));
        backup.adopts(&home, "#rust");
        backup.plays("bob> part #rust\n< bob parted");
        let before = backup.rooms.snapshot();
        backup.adopts(&home, "#rust");
        assert_eq!(backup.rooms.snapshot(), before);
    }

    #[test]
    fn a_room_that_went_on_is_not_called_back_by_the_past() {
        let (mut home, mut backup) = (on_its_way(), away(Replication::PrimaryBackup));
        let late = home.clone();
        backup.adopts(&home, "#rust");
        backup.plays(
            "alice> fence #rust raft\n< alice moved it from primary-backup to raft, epoch 2",
        );
        home.adopts(&backup, "#rust");
        home.plays("alice> say #rust home again\n< alice said home again");
        backup.adopts(&late, "#rust");
        assert_eq!(backup.rooms.lives("#rust"), Some((Replication::Raft, 2)));
        assert_eq!(home.rooms.lives("#rust"), Some((Replication::Raft, 2)));
        let eras = home.room("#rust").eras().iter().map(|it| it.replication);
        assert!(eras.eq([Replication::Raft, Replication::PrimaryBackup]));
    }

    #[test]
    fn a_room_for_another_group_is_none_of_ours() {
        let (home, mut other) = (on_its_way(), away(Replication::Gossip));
        other.adopts(&home, "#rust");
        assert_eq!(other.rooms.lives("#rust"), None);
    }
}
