//! INVITE: ask somebody in, past `+i`.

use crate::room::{Refusal, Room};
use crate::{Limits, Nick, SessionId, What, Who};

pub(in crate::room) fn invite(
    room: &mut Room,
    who: &Who,
    limits: &Limits,
    session: SessionId,
    nick: Nick,
) -> Result<What, Refusal> {
    if room.occupant(who.session).is_none() {
        return Err(Refusal::NotInRoom);
    }
    if room.flags.invite_only && !room.has_power(who) {
        return Err(Refusal::NotOperator);
    }
    if room.occupant(session).is_some() {
        return Err(Refusal::TargetAlreadyInRoom(nick.as_str().into()));
    }
    room.invited.retain(|it| *it != session); // Asked again, it is the newest.
    room.invited.push_back(session);
    while room.invited.len() > limits.invites_max {
        room.invited.pop_front();
    }
    Ok(What::Invited { session, nick })
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::room::scene::{Scene, plays};

    #[test]
    fn occupants_invite_and_operators_alone_where_the_room_is_invite_only() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             bob> invite #rust carol
             < bob invited carol
             bob> invite #rust alice
             < refused TargetAlreadyInRoom(\"alice\")
             carol> invite #rust dave
             < refused NotInRoom
             alice> mode #rust +i
             < alice set +i
             bob> invite #rust dave
             < refused NotOperator
             alice> invite #rust dave
             < alice invited dave",
        );
    }

    #[test]
    fn the_oldest_invitation_goes_when_there_are_too_many() {
        let mut scene = Scene::with(Limits { invites_max: 2, ..Limits::default() });
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +i
             < alice set +i
             alice> invite #rust bob
             < alice invited bob
             alice> invite #rust carol
             < alice invited carol
             alice> invite #rust bob
             < alice invited bob
             alice> invite #rust dave
             < alice invited dave
             carol> join #rust
             < refused InviteOnly
             bob> join #rust
             < bob joined #rust
             dave> join #rust
             < dave joined #rust",
        );
    }
}
