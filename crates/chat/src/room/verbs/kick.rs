//! KICK: an operator puts somebody out.

use crate::room::{Refusal, Room};
use crate::{Nick, SessionId, What, Who};
use std::sync::Arc;

pub(in crate::room) fn kick(
    room: &mut Room,
    who: &Who,
    session: SessionId,
    nick: Nick,
    reason: Arc<str>,
) -> Result<What, Refusal> {
    if !room.has_power(who) {
        return Err(match room.occupant(who.session) {
            Some(_) => Refusal::NotOperator,
            None => Refusal::NotInRoom,
        });
    }
    match room.occupants.remove(&session) {
        Some(_) => Ok(What::Kicked { session, nick, reason }),
        None => Err(Refusal::TargetNotInRoom(nick.as_str().into())),
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn only_operators_put_people_out() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             bob> kick #rust alice
             < refused NotOperator
             carol> kick #rust alice
             < refused NotInRoom
             alice> kick #rust carol
             < refused TargetNotInRoom(\"carol\")
             alice> kick #rust bob
             < alice kicked bob
             bob> say #rust hello
             < refused CannotSend",
        );
    }

    #[test]
    fn a_server_operator_kicks_from_outside() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             oper> kick #rust alice
             < oper kicked alice",
        );
    }
}
