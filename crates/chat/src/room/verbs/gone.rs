//! GONE: a room that left this group has expired where it lived. Its name is free and its history
//! here goes too.

use crate::RoomName;
use crate::room::{Outcome, Rooms};

pub(in crate::room) fn gone(rooms: &mut Rooms, name: RoomName, epoch: u64, out: &mut Outcome) {
    if rooms.moved.get(&name).is_none_or(|it| it.epoch > epoch) {
        return; // Of an earlier life, or heard already.
    }
    rooms.moved.remove(&name);
    rooms.gone.note(&name, epoch, rooms.limits.gone_max);
    out.expired.push(name);
}

#[cfg(test)]
mod tests {
    use crate::room::scene::Scene;
    use crate::{Limits, Replication};

    #[test]
    fn a_room_that_expired_away_from_home_can_be_made_anew() {
        let mut home = Scene::default();
        home.plays(
            "alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1
             oper> expire 9999
             oper> gone #rust 0
             alice> join #rust
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             oper> gone #rust 1
             < expired #rust
             oper> gone #rust 1
             alice> join #rust
             < alice joined #rust as operator
             oper> gone #rust 1",
        );
        assert_eq!(home.rooms.lives("#rust"), Some((Replication::Raft, 1)));
        assert_eq!(home.rooms.gone("#rust"), None);
    }

    #[test]
    fn a_room_that_expired_is_not_brought_back_by_what_comes_late() {
        let mut home = Scene::default();
        let mut backup = Scene::of(Replication::PrimaryBackup, Limits::default());
        home.plays("alice> fence #rust primary-backup\n< alice moved it from raft to primary-backup, epoch 1");
        let late = home.clone();
        backup.adopts(&home, "#rust");
        backup.plays("oper> expire 9999\n< expired #rust");
        assert_eq!(backup.rooms.gone("#rust"), Some(1));
        backup.adopts(&late, "#rust");
        backup.plays("alice> join #rust\n< refused NotHere { epoch: 1 }");

        // Its next life goes on counting, so that it can come again.
        home.plays(
            "oper> gone #rust 1
             < expired #rust
             alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 2",
        );
        backup.adopts(&home, "#rust");
        backup.plays("alice> join #rust\n< alice joined #rust as operator");
        assert_eq!(backup.rooms.gone("#rust"), None);
    }

    #[test]
    fn a_room_that_came_home_and_expired_is_gone_where_it_was() {
        let mut home = Scene::default();
        let mut backup = Scene::of(Replication::PrimaryBackup, Limits::default());
        home.plays("alice> fence #rust primary-backup\n< alice moved it from raft to primary-backup, epoch 1");
        backup.adopts(&home, "#rust");
        backup
            .plays("oper> fence #rust raft\n< oper moved it from primary-backup to raft, epoch 2");
        home.adopts(&backup, "#rust");
        home.plays("oper> expire 9999\n< expired #rust");
        assert_eq!(home.rooms.gone("#rust"), Some(2));
        backup.plays("oper> gone #rust 2\n< expired #rust");
        assert_eq!(backup.rooms.lives("#rust"), None);
    }
}
