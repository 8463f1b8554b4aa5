//! TAIL: a node has said its last in an era of gossip that ends. Told twice, the later counts.

use crate::room::Rooms;
use crate::{NodeId, RoomName, Stamp};

pub(in crate::room) fn tail(
    rooms: &mut Rooms,
    name: &RoomName,
    epoch: u64,
    (node, index, last): (NodeId, u64, Stamp),
) {
    let max = rooms.limits.tails_max;
    let room = rooms.rooms.get_mut(name).filter(|it| it.epoch() == epoch);
    let Some(closing) = room.and_then(|it| it.journey.closing.as_mut()) else {
        return; // That era has ended without it.
    };
    if closing.tails.len() < max || closing.tails.contains_key(&node) {
        let tail = closing.tails.entry(node).or_default();
        *tail = (*tail).max((index, last));
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
