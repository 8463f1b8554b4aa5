//! RELEASE: a room is nobody's again. Its owner says so, or a server operator.

use crate::room::{Refusal, Room};
use crate::{What, Who};

pub(in crate::room) fn release(room: &mut Room, who: &Who) -> Result<Option<What>, Refusal> {
    let Some(owned) = &room.owned else {
        return Err(Refusal::NotOwned);
    };
    if !owned.is_owner(who) && !who.is_operator {
        return Err(Refusal::NotOwner);
    }
    room.owned = None;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn an_owner_or_a_server_operator_gives_a_room_up() {
        plays(
            "alice@alice> join #rust
             < alice joined #rust as operator
             alice@alice> release #rust
             < refused NotOwned
             alice@alice> claim #rust
             alice@alice> access #rust bob admin
             bob@bob> release #rust
             < refused NotOwner
             alice> release #rust
             < refused NotOwner
             alice@ALICE> release #rust
             alice@alice> claim #rust
             oper> release #rust
             alice@alice> part #rust
             < alice parted
             bob> join #rust
             < bob joined #rust as operator",
        );
    }
}
