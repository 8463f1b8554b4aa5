//! CLAIM: an operator of a room registers it to the account they are logged in to.

use crate::room::{Ownership, Refusal, Room};
use crate::{Stamp, What, Who};
use std::collections::BTreeMap;

pub(in crate::room) fn claim(
    room: &mut Room,
    who: &Who,
    now: Stamp,
) -> Result<Option<What>, Refusal> {
    let Some(account) = &who.account else {
        return Err(Refusal::NotLoggedIn);
    };
    if room.owned.is_some() {
        return Err(Refusal::Owned);
    }
    if !room.occupant(who.session).is_some_and(|it| it.is_operator) {
        return Err(Refusal::NotOperator);
    }
    let (owner, access) = (account.clone(), BTreeMap::new());
    room.owned = Some(Box::new(Ownership { owner, since: now, access }));
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, plays};

    #[test]
    fn an_operator_with_an_account_registers_a_room_once() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> claim #rust
             < refused NotLoggedIn
             bob@bob> claim #rust
             < refused NotOperator
             bob@bob> join #rust
             < bob joined #rust
             bob@bob> claim #rust
             < refused NotOperator
             alice@alice> claim #rust
             alice@alice> claim #rust
             < refused Owned
             carol@carol> claim #go
             < refused NoSuchRoom",
        );
    }

    #[test]
    fn an_owned_room_knows_its_own_and_makes_nobody_operator_for_coming_first() {
        plays(
            "alice@Alice> join #rust
             < alice joined #rust as operator
             alice@Alice> claim #rust
             alice@Alice> part #rust
             < alice parted
             bob> join #rust
             < bob joined #rust
             bob> mode #rust +m
             < refused NotOperator
             al@alice> join #rust
             < al joined #rust
             < ChanServ set +o al
             al@alice> mode #rust -o al
             < al set -o al
             al@alice> mode #rust +o al
             < al set +o al",
        );
    }

    #[test]
    fn an_owned_room_never_expires_and_moves_as_it_is() {
        let mut scene = Scene::default();
        scene.plays(
            "alice@alice> join #rust
             < alice joined #rust as operator
             alice@alice> claim #rust
             alice@alice> access #rust Bob operator
             alice@alice> part #rust
             < alice parted
             alice> expire 99999999
             oper> fence #rust primary-backup
             < oper moved it from raft to primary-backup, epoch 1",
        );
        scene.rooms = scene.rooms.restored();
        let mut away = Scene::of(crate::Replication::PrimaryBackup, crate::Limits::default());
        away.adopts(&scene, "#rust");
        away.rooms = away.rooms.restored();
        away.plays(
            "bob@BOB> join #rust
             < bob joined #rust
             < ChanServ set +o bob",
        );
        let owned = away.room("#rust").ownership().expect("it went along");
        assert_eq!((&*owned.owner, owned.since.ms()), ("alice", 1002));
    }
}
