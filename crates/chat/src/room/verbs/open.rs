//! OPEN: an era of gossip has ended, the next begins above everything that was said in it, as far as it was
//! waited for.
//!
//! Promise: of each epoch it begins once; an answer that comes late, or twice, changes nothing.

use crate::room::{Outcome, Rooms};
use crate::{Place, Replication, RoomName, Stamp, What};

pub(in crate::room) fn open(
    rooms: &mut Rooms,
    now: Stamp,
    name: RoomName,
    epoch: u64,
    out: &mut Outcome,
) {
    let room = rooms.rooms.get(&name).filter(|it| it.epoch() == epoch);
    let Some(closing) = room.and_then(|it| it.closing()) else {
        return; // It has begun already, or the room is gone.
    };
    let (to, by) = (closing.to, closing.by.clone());
    let last = closing.tails.values().map(|it| it.1).max().unwrap_or_default();
    rooms.last = rooms.last.max(last);
    let what = What::Replicated { from: Replication::Gossip, to, epoch: epoch.saturating_add(1) };
    rooms.record(now, Place::Room(name.clone()), by, what, out);
    if let Some(room) = rooms.rooms.get_mut(&name) {
        room.last_used = rooms.last;
    }
    rooms.go_on(&name, to);
}

#[cfg(test)]
mod tests {
    use crate::room::scene::Scene;
    use crate::{NodeId, Replication, Stamp};

    const CLOSING: &str = "alice> join #rust
         < alice joined #rust as operator
         alice> fence #rust gossip
         < alice moved it from raft to gossip, epoch 1
         alice> fence #rust raft
         oper> tail #rust 1 7 5 9000";

    #[test]
    fn the_new_era_is_above_all_tails_and_remembers_them() {
        let mut scene = Scene::default();
        scene.plays(CLOSING);
        scene.plays(
            "oper> open #rust 0
             oper> open #rust 1
             < alice moved it from gossip to raft, epoch 2
             oper> open #rust 1
             oper> open #rust 2
             alice> say #rust hello
             < alice said hello",
        );
        let room = scene.room("#rust");
        assert!(room.last_used() > Stamp::from_ms(9000));
        let era = room.eras().last().expect("it was gossip");
        assert_eq!((era.replication, era.last > Stamp::from_ms(9000)), (Replication::Gossip, true));
        assert_eq!(era.tails, [(NodeId(7), (5, Stamp::from_ms(9000)))].into());
        assert_eq!(
            (room.replication(), room.epoch(), room.closing()),
            (Replication::Raft, 2, None)
        );
    }

    #[test]
    fn a_room_that_shall_live_elsewhere_leaves_then() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 1
             alice> fence #rust primary-backup
             oper> open #rust 1
             < alice moved it from gossip to primary-backup, epoch 2
             alice> say #rust hello
             < refused Moved { to: PrimaryBackup, epoch: 2 }",
        );
        let carried = scene.rooms.carried("#rust").expect("it is on its way");
        assert_eq!((carried.to(), carried.room().closing()), (Replication::PrimaryBackup, None));
    }

    #[test]
    fn a_restored_room_goes_on_closing() {
        let mut scene = Scene::default();
        scene.plays(CLOSING);
        let bytes = scene.rooms.snapshot();
        let restored = crate::room::Rooms::restore(1, crate::Limits::default(), &bytes);
        scene.rooms = restored.expect("our own snapshot");
        scene.plays("oper> open #rust 1\n< alice moved it from gossip to raft, epoch 2");
    }
}
