//! FENCE: the room shall be replicated in another way. Its last record in this group says so; from
//! then on the group only knows where it went. For a room that does not exist it is the choice of
//! whoever makes it.

use crate::room::{Refusal, Room};
use crate::{Replication, What, Who};

pub(in crate::room) fn fence(
    room: &Room,
    who: &Who,
    to: Replication,
    is_new: bool,
) -> Result<What, Refusal> {
    if !is_new && !room.has_power(who) {
        return Err(match room.occupant(who.session) {
            Some(_) => Refusal::NotOperator,
            None => Refusal::NotInRoom,
        });
    }
    if room.closing().is_some() {
        return Err(Refusal::IsMoving);
    }
    let from = room.replication();
    if from == to {
        return Err(Refusal::SameReplication);
    }
    let epoch = room.epoch().saturating_add(1);
    Ok(What::Replicated { from, to, epoch })
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, plays};
    use crate::room::{Era, Room, Tails};
    use crate::{Replication, Stamp};

    #[test]
    fn a_fenced_room_is_only_a_memory_of_where_it_went() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1
             alice> say #rust hello
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             bob> part #rust
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             carol> join #rust
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             alice> fence #rust raft
             < refused Moved { to: PrimaryBackup, epoch: 1 }
             alice> quit",
        );
    }

    #[test]
    fn operators_move_a_room_and_server_operators_from_outside() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             bob> fence #rust primary-backup
             < refused NotOperator
             carol> fence #rust primary-backup
             < refused NotInRoom
             alice> fence #rust raft
             < refused SameReplication
             bob> fence #rust raft
             < refused NotOperator
             oper> fence #rust gossip
             < oper moved it from raft to gossip, epoch 1",
        );
    }

    #[test]
    fn whoever_makes_a_room_chooses_and_the_default_is_no_choice() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> fence #rust raft
             < refused NoSuchRoom
             alice> fence #Rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1
             bob> fence #rust gossip
             < refused Moved { to: PrimaryBackup, epoch: 1 }",
        );
        let carried = scene.rooms.carried("#rust").expect("it is on its way");
        assert_eq!((carried.room().shown(), carried.room().occupant_count()), ("#Rust", 0));
    }

    #[test]
    fn what_is_carried_is_the_room_as_it_was_and_goes_on_above_its_last_record() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> topic #rust ours
             < alice set topic ours",
        );
        assert_eq!(scene.rooms.carried("#rust"), None);
        assert_eq!(scene.rooms.lives("#rust"), Some((Replication::Raft, 0)));
        assert_eq!(scene.rooms.lives("#go"), None);
        scene.plays(
            "alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1",
        );
        let carried = scene.rooms.carried("#rust").expect("it is on its way");
        assert_eq!((carried.to(), carried.epoch()), (Replication::PrimaryBackup, 1));
        assert_eq!(carried.last(), Stamp::from_ms(1003));
        assert_eq!(carried.room().topic().map(|it| &*it.text), Some("ours"));
        assert_eq!(carried.room().occupant_count(), 1);
        let era = Era { replication: Replication::Raft, last: carried.last(), tails: Tails::new() };
        assert_eq!(carried.room().eras(), [era]);

        assert_eq!(scene.rooms.room("#rust"), None);
        assert_eq!(scene.rooms.sessions().count(), 0);
        assert_eq!(scene.rooms.lives("#rust"), Some((Replication::PrimaryBackup, 1)));
        let moved: Vec<_> =
            scene.rooms.moved().map(|(name, to, at)| (name.as_str(), to, at)).collect();
        assert_eq!(moved, [("#rust", Replication::PrimaryBackup, 1)]);
    }

    #[test]
    fn a_room_that_stays_is_known_by_its_group() {
        let mut scene = Scene::default();
        scene.plays("alice> join #rust\n< alice joined #rust as operator");
        let of = |room: &Room| (room.replication(), room.epoch(), room.eras().len());
        assert_eq!(of(scene.room("#rust")), (Replication::Raft, 0, 0));
    }
}
