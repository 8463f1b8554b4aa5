//! CLOSE: a gossip room shall be replicated in another way. Its era ends in three steps, of which this is the
//! first: from here on nobody says anything in it, and every node tells how far it has come
//! ([`super::tail`]); then the next era begins ([`super::open`]).

use crate::room::{Closing, Room, Tails};
use crate::{Replication, Who};

pub(in crate::room) fn close(room: &mut Room, by: &Who, to: Replication) {
    room.journey.closing = Some(Closing { to, by: by.clone(), tails: Tails::new() });
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn a_gossip_room_stays_at_home_and_is_spoken_in_elsewhere() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 1
             alice> say #rust hello
             < refused Moved { to: Gossip, epoch: 1 }
             bob> join #rust
             < bob joined #rust
             alice> topic #rust ours
             < alice set topic ours",
        );
    }

    #[test]
    fn while_it_closes_nobody_speaks_and_the_rest_goes_on() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 1
             alice> fence #rust raft
             alice> say #rust hello
             < refused NotHere { epoch: 1 }
             alice> fence #rust primary-backup
             < refused IsMoving
             alice> fence #rust gossip
             < refused IsMoving
             bob> join #rust
             < bob joined #rust
             bob> fence #rust raft
             < refused NotOperator",
        );
    }

    #[test]
    fn a_room_that_expires_while_it_closes_is_gone() {
        plays(
            "alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 1
             oper> fence #rust raft
             oper> expire 9999
             < expired #rust
             oper> tail #rust 1 7 3 1
             oper> open #rust 1
             alice> join #rust
             < alice joined #rust as operator
             alice> fence #rust gossip
             < alice moved it from raft to gossip, epoch 2",
        );
    }
}
