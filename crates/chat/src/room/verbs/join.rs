//! JOIN: who may come in.
//!
//! An invitation passes `+i` and nothing else, which is all the Modern IRC document speaks of it for:
//! bans, the key and the limit still hold. Server operators pass nothing here: they can lift a mode
//! from outside, in the open. An empty room keeps its modes, because they also guard its history.

use crate::room::{Occupant, Refusal, Room};
use crate::{What, Who};
use std::sync::Arc;

pub(in crate::room) fn join(
    room: &mut Room,
    who: &Who,
    key: Option<&str>,
    realname: Arc<str>,
) -> Result<What, Refusal> {
    may_join(room, who, key)?;
    let is_operator = room.occupants.is_empty() && room.owned.is_none();
    let occupant = Occupant { who: who.clone(), is_operator, is_voiced: false };
    room.occupants.insert(who.session, occupant);
    room.invited.retain(|it| *it != who.session); // Good for coming in once.
    Ok(What::Joined { realname, is_operator, shown: room.shown.clone() })
}

fn may_join(room: &Room, who: &Who, key: Option<&str>) -> Result<(), Refusal> {
    if room.occupants.contains_key(&who.session) {
        return Err(Refusal::AlreadyInRoom);
    }
    if room.is_banned(who) {
        return Err(Refusal::Banned);
    }
    if room.flags.invite_only && !room.is_invited(who) {
        return Err(Refusal::InviteOnly);
    }
    if room.key.is_some() && room.key.as_deref() != key {
        return Err(Refusal::BadKey);
    }
    let is_full = |max| room.occupants.len() >= max as usize;
    if room.occupants_max.is_some_and(is_full) {
        return Err(Refusal::RoomFull);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn the_first_gets_operator_and_names_the_room() {
        plays(
            "alice> join #Rust
             < alice joined #Rust as operator
             bob> join #RUST
             < bob joined #Rust
             bob> join #rust
             < refused AlreadyInRoom
             carol> join #rust needless-key
             < carol joined #Rust",
        );
    }

    #[test]
    fn an_empty_room_gives_operator_to_the_next_but_keeps_its_modes() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +k sesame
             < alice set +k sesame
             alice> part #rust
             < alice parted
             bob> join #rust
             < refused BadKey
             bob> join #rust sesame
             < bob joined #rust as operator
             alice> join #rust sesame
             < alice joined #rust",
        );
    }

    #[test]
    fn the_banned_stay_out_unless_excepted() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +b *!*@bob.host
             < alice set +b *!*@bob.host
             bob> join #rust
             < refused Banned
             alice> invite #rust bob
             < alice invited bob
             bob> join #rust
             < refused Banned
             alice> mode #rust +e bob!*@*
             < alice set +e bob!*@*
             bob> join #rust
             < bob joined #rust",
        );
    }

    #[test]
    fn an_invitation_opens_an_invite_only_room_once() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +i
             < alice set +i
             bob> join #rust
             < refused InviteOnly
             alice> invite #rust bob
             < alice invited bob
             bob> join #rust
             < bob joined #rust
             bob> part #rust
             < bob parted
             bob> join #rust
             < refused InviteOnly
             alice> mode #rust +I bob!*@*
             < alice set +I bob!*@*
             bob> join #rust
             < bob joined #rust",
        );
    }

    #[test]
    fn the_key_must_be_right_even_for_the_invited() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +k sesame
             < alice set +k sesame
             alice> invite #rust bob
             < alice invited bob
             bob> join #rust
             < refused BadKey
             bob> join #rust Sesame
             < refused BadKey
             bob> join #rust sesame
             < bob joined #rust",
        );
    }

    #[test]
    fn a_full_room_takes_nobody_more() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +l 1
             < alice set +l 1
             bob> join #rust
             < refused RoomFull
             alice> mode #rust +l 2
             < alice set +l 2
             bob> join #rust
             < bob joined #rust",
        );
    }

    #[test]
    fn server_operators_pass_no_check_but_may_lift_the_mode() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +i
             < alice set +i
             oper> join #rust
             < refused InviteOnly
             oper> mode #rust -i
             < oper set -i
             oper> join #rust
             < oper joined #rust",
        );
    }
}
