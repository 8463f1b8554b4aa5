//! What is said in gossip rooms, and what the network's gossip log comes to.
//!
//! Promise: whoever has taken in the same of each origin's log has the same [`Fold`], in whatever order that
//! came, how often, or as part of a joined state. Of each origin it comes in the order of its log; of two
//! states the one that has more of an origin's log contains the other.

use crate::codec::{self, Unreadable};
use crate::room::{RoomCommand, RoomVerb};
use crate::{MsgId, NodeId, Place, Record, RoomName, Stamp, What};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Ids of gossip begin with this bit in their origin: they never meet those of a group.
const GOSSIP_BIT: u32 = 1 << 31;

/// One command as it stands in an entry of gossip. It was judged where it was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Talk {
    /// The era of the room in which it was said.
    pub epoch: u64,
    /// What was asked; only what is order-free.
    pub command: RoomCommand,
}

/// What an id says of the node that gave it.
#[must_use]
pub fn origin_mark(node: NodeId) -> u32 {
    node.0 as u32 | GOSSIP_BIT
}

/// The id was given by a node in a gossip room, not by a group.
#[must_use]
pub fn is_gossip(id: MsgId) -> bool {
    id.origin & GOSSIP_BIT != 0
}

impl Talk {
    /// What happened. `None`: nothing that gossip is for.
    #[must_use]
    pub fn record(self, origin: NodeId, stamp: Stamp) -> Option<Record> {
        let RoomCommand { who, place, verb, .. } = self.command;
        let what = match (&place, verb) {
            (Place::Room(_), RoomVerb::Say { kind, text, tags, status, to }) => {
                What::Said { kind, text, tags, status, to }
            }
            (Place::Room(_), RoomVerb::Met { cut_ms, nodes }) => What::Met { cut_ms, nodes },
            _ => return None,
        };
        Some(Record { id: MsgId { stamp, origin: origin_mark(origin) }, place, who, what })
    }
}

/// Of one origin's log, in one room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    /// The newest entry of it that speaks of the room, and its newest stamp there.
    pub last: (u64, Stamp),
    /// The newest era that it spoke in.
    pub epoch: u64,
    /// How often.
    pub count: u64,
}

/// What the log of gossip comes to: by room and origin.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Fold {
    rooms: BTreeMap<RoomName, BTreeMap<NodeId, Said>>,
}

impl Fold {
    /// Something of an origin's log; what was taken in before changes nothing.
    pub fn note(&mut self, room: &RoomName, origin: NodeId, at: (u64, Stamp), epoch: u64) {
        let origins = match self.rooms.get_mut(room) {
            Some(origins) => origins, // The usual case: no name is copied.
            None => self.rooms.entry(room.clone()).or_default(),
        };
        let said = origins.entry(origin).or_default();
        if at > said.last {
            said.last = at;
            said.epoch = said.epoch.max(epoch);
            said.count += 1;
        }
    }

    /// Takes in all that the other has.
    pub fn join(&mut self, other: &Fold) {
        for (room, theirs) in &other.rooms {
            let ours = self.rooms.entry(room.clone()).or_default();
            for (origin, said) in theirs {
                let it = ours.entry(*origin).or_default();
                *it = (*it).max(*said);
            }
        }
    }

    /// The room is no more.
    pub fn forget(&mut self, room: &RoomName) {
        self.rooms.remove(room);
    }

    /// When something was last said in a room.
    #[must_use]
    pub fn last_said(&self, room: &RoomName) -> Option<Stamp> {
        self.rooms.get(room)?.values().map(|it| it.last.1).max()
    }

    /// What each origin said in a room.
    pub fn said(&self, room: &RoomName) -> impl Iterator<Item = (NodeId, Said)> {
        self.rooms.get(room).into_iter().flatten().map(|(origin, it)| (*origin, *it))
    }

    /// The rooms that somebody has spoken in.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.keys()
    }

    /// As bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// What [`Fold::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Fold, Unreadable> {
        codec::decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{RoomCommand, RoomVerb};
    use crate::{Nick, SayKind, SessionId, Who};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).expect("a room's name")
    }

    fn command(place: Place, verb: RoomVerb) -> RoomCommand {
        let who = Who {
            session: SessionId(1),
            nick: Nick::parse("alice", 32).expect("a nick"),
            user: "a".into(),
            host: "h".into(),
            account: None,
            is_operator: false,
            is_bot: false,
        };
        RoomCommand { who, number: 1, era: None, place, verb }
    }

    #[test]
    fn only_what_is_order_free_and_in_a_room_comes_to_anything() {
        let say = |to| RoomVerb::Say {
            kind: SayKind::Message,
            text: "hello".into(),
            tags: Vec::new(),
            status: None,
            to,
        };
        let in_room = Place::Room(room("#rust"));
        let of = |place, verb| {
            let talk = Talk { epoch: 1, command: command(place, verb) };
            talk.record(NodeId(u64::MAX), Stamp(7))
        };
        let said = of(in_room.clone(), say(None)).expect("it was said");
        assert_eq!(said.id, MsgId { stamp: Stamp(7), origin: u32::MAX });
        let met = RoomVerb::Met { cut_ms: 5, nodes: vec!["b".into()] };
        assert!(of(in_room.clone(), met).is_some());
        assert_eq!(of(in_room, RoomVerb::Part { reason: "".into() }), None);
        assert_eq!(of(Place::direct("a", "b"), say(None)), None);
        assert_eq!(origin_mark(NodeId(1 << 40 | 5)), 1 << 31 | 5);
    }

    #[test]
    fn a_room_that_is_no_more_is_forgotten() {
        let mut fold = Fold::default();
        fold.note(&room("#a"), NodeId(1), (1, Stamp(5)), 1);
        fold.note(&room("#a"), NodeId(2), (1, Stamp(3)), 1);
        assert_eq!(fold.last_said(&room("#a")), Some(Stamp(5)));
        assert_eq!(fold.rooms().count(), 1);
        fold.forget(&room("#a"));
        assert_eq!(fold, Fold::default());
        assert_eq!(fold.last_said(&room("#a")), None);
    }

    /// What a node does next: takes in the next of an origin's log, something again, or another's state.
    #[derive(Clone, Debug)]
    enum Step {
        Next { node: usize, origin: usize },
        Again { node: usize, origin: usize, back: usize },
        Join { node: usize, from: usize },
        Restore(usize),
    }

    const NODES: usize = 3;

    fn step() -> impl Strategy<Value = Step> {
        let node = || 0..NODES;
        prop_oneof![
            8 => (node(), node()).prop_map(|(node, origin)| Step::Next { node, origin }),
            2 => (node(), node(), 0..4usize)
                .prop_map(|(node, origin, back)| Step::Again { node, origin, back }),
            2 => (node(), node()).prop_map(|(node, from)| Step::Join { node, from }),
            1 => node().prop_map(Step::Restore),
        ]
    }

    /// A node's fold, and how much it has of each origin's log.
    #[derive(Clone, Default)]
    struct Node {
        fold: Fold,
        has: [usize; NODES],
    }

    /// In which of two rooms each entry of an origin speaks, and in which era.
    type Log = Vec<(bool, u64)>;

    fn take_in(fold: &mut Fold, logs: &[Log], origin: usize, at: usize) {
        let Some((is_other, epoch)) = logs[origin].get(at) else { return };
        let name = room(if *is_other { "#b" } else { "#a" });
        let index = at as u64 + 1;
        fold.note(&name, NodeId(origin as u64), (index, Stamp(index * 10)), *epoch);
    }

    proptest! {
        #[test]
        fn whatever_the_order_all_who_have_the_same_know_the_same(
            logs in vec(vec((any::<bool>(), 1..4u64), 0..20), NODES),
            steps in vec(step(), 0..120),
        ) {
            let mut nodes = vec![Node::default(); NODES];
            for step in steps {
                match step {
                    Step::Next { node, origin } => {
                        let it = &mut nodes[node];
                        take_in(&mut it.fold, &logs, origin, it.has[origin]);
                        it.has[origin] = (it.has[origin] + 1).min(logs[origin].len());
                    }
                    Step::Again { node, origin, back } => {
                        let it = &mut nodes[node];
                        if let Some(at) = it.has[origin].checked_sub(back + 1) {
                            take_in(&mut it.fold, &logs, origin, at);
                        }
                    }
                    Step::Join { node, from } => {
                        let other = nodes[from].clone();
                        let it = &mut nodes[node];
                        it.fold.join(&other.fold);
                        for origin in 0..NODES {
                            it.has[origin] = it.has[origin].max(other.has[origin]);
                        }
                    }
                    Step::Restore(node) => {
                        let bytes = nodes[node].fold.snapshot();
                        nodes[node].fold = Fold::restore(&bytes).expect("our own snapshot");
                    }
                }
            }
            for node in &nodes {
                let mut model = Fold::default();
                for origin in 0..NODES {
                    (0..node.has[origin]).for_each(|at| take_in(&mut model, &logs, origin, at));
                }
                prop_assert_eq!(&node.fold, &model);
            }
        }
    }
}
