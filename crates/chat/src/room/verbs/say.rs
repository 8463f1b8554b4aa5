//! SAY: who may be heard in a room. The hot path: no allocation unless the room has bans.

use crate::Who;
use crate::room::{Refusal, Room};

pub(in crate::room) fn say(room: &Room, who: &Who) -> Result<(), Refusal> {
    let occupant = room.occupant(who.session);
    if occupant.is_none() && room.flags.no_outside {
        return Err(Refusal::CannotSend);
    }
    if occupant.is_some_and(|it| it.is_operator || it.is_voiced) {
        return Ok(()); // Heard under `+m`, and even when a ban matches.
    }
    if room.flags.moderated || room.is_banned(who) {
        return Err(Refusal::CannotSend);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn an_occupant_is_heard() {
        plays(
            "alice> join #Rust
             < alice joined #Rust as operator
             alice> say #rust hello
             < alice said hello",
        );
    }

    #[test]
    fn nobody_is_heard_where_no_room_was_ever_made() {
        plays(
            "alice> say #rust hello
             < refused NoSuchRoom",
        );
    }

    #[test]
    fn outsiders_are_heard_only_without_n() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> say #rust hello
             < refused CannotSend
             alice> mode #rust -n
             < alice set -n
             bob> say #rust hello
             < bob said hello
             alice> mode #rust +b bob!*@*
             < alice set +b bob!*@*
             bob> say #rust hello
             < refused CannotSend",
        );
    }

    #[test]
    fn a_moderated_room_hears_operators_and_voices() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             alice> mode #rust +m
             < alice set +m
             alice> say #rust hello
             < alice said hello
             bob> say #rust hello
             < refused CannotSend
             alice> mode #rust +v bob
             < alice set +v bob
             bob> say #rust hello
             < bob said hello",
        );
    }

    #[test]
    fn the_banned_are_not_heard_unless_excepted_or_voiced() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             alice> mode #rust +b BOB!*@*
             < alice set +b BOB!*@*
             bob> say #rust hello
             < refused CannotSend
             alice> mode #rust +e *!*@bob.host
             < alice set +e *!*@bob.host
             bob> say #rust hello
             < bob said hello
             alice> mode #rust -e+v *!*@bob.host bob
             < alice set -e+v *!*@bob.host bob
             bob> say #rust hello
             < bob said hello",
        );
    }

    #[test]
    fn a_conversation_hears_anybody_and_knows_nothing_else() {
        plays(
            "alice> say @bob hello
             < alice said hello to bob
             alice> part @bob
             < refused NoSuchRoom",
        );
    }
}
