//! LIVES: a room that moved between two groups away from home lives there now, the home group hears.

use crate::room::Rooms;
use crate::{Replication, RoomName};

pub(in crate::room) fn lives(rooms: &mut Rooms, name: &RoomName, to: Replication, epoch: u64) {
    let is_elsewhere = !rooms.keeps(to);
    // A room that is here, or unknown, left by no other way than through this group's own log.
    if let Some(moved) = rooms.moved.get_mut(name)
        && moved.epoch < epoch
        && is_elsewhere
    {
        moved.to = to;
        moved.epoch = epoch;
    }
}

#[cfg(test)]
mod tests {
    use crate::Replication;
    use crate::room::scene::Scene;

    #[test]
    fn home_hears_where_a_room_went_on_to() {
        let mut home = Scene::default();
        home.plays(
            "alice> join #rust
             < alice joined #rust as operator
             oper> lives #rust primary-backup 1
             oper> lives #go primary-backup 1
             alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1",
        );
        assert_eq!(home.rooms.lives("#go"), None);
        assert!(home.rooms.carried("#rust").is_some());
        home.plays(
            "oper> lives #rust raft 2
             oper> lives #rust gossip 2
             alice> say #rust hello
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             oper> lives #rust primary-backup 2
             oper> lives #rust primary-backup 1
             alice> say #rust hello
             < refused Moved { to: PrimaryBackup, epoch: 2 }",
        );
        assert_eq!(home.rooms.lives("#rust"), Some((Replication::PrimaryBackup, 2)));
        assert_eq!(home.rooms.carried("#rust"), None); // What home had is of the past.
    }
}
