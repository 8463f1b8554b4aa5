//! PART: leave a room.

use crate::room::{Refusal, Room};
use crate::{What, Who};
use std::sync::Arc;

pub(in crate::room) fn part(room: &mut Room, who: &Who, reason: Arc<str>) -> Result<What, Refusal> {
    match room.occupants.remove(&who.session) {
        Some(_) => Ok(What::Parted { reason }),
        None => Err(Refusal::NotInRoom),
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::plays;

    #[test]
    fn who_leaves_is_out() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> part #rust
             < alice parted
             alice> part #rust
             < refused NotInRoom
             alice> say #rust hello
             < refused CannotSend
             alice> part #go
             < refused NoSuchRoom",
        );
    }
}
