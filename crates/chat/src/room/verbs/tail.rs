//! TAIL: a node has said its last in an era of gossip that ends. Told twice, the later counts.
//!
//! Told late, when the era has ended without it: all that happens in the room from here on happens after that,
//! and has a higher id.

use crate::room::Rooms;
use crate::{NodeId, RoomName, Stamp};

pub(in crate::room) fn tail(
    rooms: &mut Rooms,
    name: &RoomName,
    epoch: u64,
    (node, index, last): (NodeId, u64, Stamp),
) {
    let max = rooms.limits.tails_max;
    let Some(room) = rooms.rooms.get_mut(name) else { return };
    let is_late = epoch < room.epoch();
    let Some(tails) = room.journey.tails(epoch) else {
        return; // No gossip, not about to end, or forgotten.
    };
    if tails.len() >= max && !tails.contains_key(&node) {
        return;
    }
    let tail = tails.entry(node).or_default();
    *tail = (*tail).max((index, last));
    if is_late {
        rooms.last = rooms.last.max(last);
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::Scene;
    use crate::{Limits, NodeId, Replication, Stamp};

    const CLOSING: &str = "alice> join #rust
         < alice joined #rust as operator
         alice> fence #rust gossip
         < alice moved it from raft to gossip, epoch 1
         alice> fence #rust raft";

    #[test]
    fn each_node_has_one_tail_and_only_while_its_era_ends() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             oper> tail #rust 0 1 2 3
             oper> tail #go 0 1 2 3",
        );
        assert_eq!(scene.room("#rust").closing(), None);
        let mut scene = Scene::default();
        scene.plays(CLOSING);
        scene.plays(
            "oper> tail #rust 1 7 5 100
             oper> tail #rust 1 8 1 90
             oper> tail #rust 1 7 4 99
             oper> tail #rust 0 9 9 9
             oper> tail #rust 2 9 9 9",
        );
        let tails = [(7, 5, 100), (8, 1, 90)];
        let tails = tails.map(|(node, index, ms)| (NodeId(node), (index, Stamp::from_ms(ms))));
        let closing = scene.room("#rust").closing().expect("it closes");
        assert_eq!(closing.tails, tails.into());
    }

    #[test]
    fn a_tail_that_is_told_late_is_before_all_that_follows() {
        let mut scene = Scene::default();
        scene.plays(CLOSING);
        scene.plays(
            "oper> tail #rust 1 7 5 100
             oper> open #rust 1
             < alice moved it from gossip to raft, epoch 2
             oper> tail #rust 1 8 3 9000
             oper> tail #rust 0 8 9 9100
             oper> tail #rust 2 8 9 9200
             alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 3
             oper> tail #rust 1 8 4 9000",
        );
        let room = scene.room("#rust");
        let tails = [(7, 5, 100), (8, 4, 9000)];
        let tails = tails.map(|(node, index, ms)| (NodeId(node), (index, Stamp::from_ms(ms))));
        assert_eq!(room.eras()[1].tails, tails.into());
        assert_eq!((room.eras()[0].tails.len(), room.eras()[2].tails.len()), (0, 0));
        assert!(room.last_used() > Stamp::from_ms(9000), "what follows has a higher id");
        assert!(room.last_used() < Stamp::from_ms(9100));
    }

    #[test]
    fn of_too_many_nodes_the_first_are_waited_for() {
        let limits = Limits { tails_max: 1, ..Limits::default() };
        let mut scene = Scene::of(Replication::Raft, limits);
        scene.plays(CLOSING);
        scene.plays(
            "oper> tail #rust 1 7 5 100\noper> tail #rust 1 8 1 90\noper> tail #rust 1 7 6 101",
        );
        let closing = scene.room("#rust").closing().expect("it closes");
        assert_eq!(closing.tails, [(NodeId(7), (6, Stamp::from_ms(101)))].into());
    }
}
