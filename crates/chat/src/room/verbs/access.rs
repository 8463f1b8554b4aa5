//! ACCESS: what an account may do in a room, whenever it comes in.

use crate::room::{Access, Refusal, Room};
use crate::{What, Who, fold};
use std::sync::Arc;

/// Accounts on the list of one room.
const ACCESS_MAX: usize = 128;

pub(in crate::room) fn access(
    room: &mut Room,
    who: &Who,
    account: &Arc<str>,
    level: Option<Access>,
) -> Result<Option<What>, Refusal> {
    let is_admin = room.access_of(who) == Some(Access::Admin) || who.is_operator;
    let Some(owned) = &mut room.owned else {
        return Err(Refusal::NotOwned);
    };
    let key: Arc<str> = fold(account).into();
    let is_own = who.account.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(account));
    let may_leave = is_own && level.is_none();
    if !is_admin && !may_leave {
        return Err(Refusal::NotOwner);
    }
    // Of admins, an owner alone makes more, and unmakes any; each may leave.
    let is_about_admin =
        level == Some(Access::Admin) || owned.access.get(&key) == Some(&Access::Admin);
    if is_about_admin && !owned.is_owner(who) && !who.is_operator && !is_own {
        return Err(Refusal::NotOwner);
    }
    match level {
        None => _ = owned.access.remove(&key),
        Some(_) if owned.access.len() >= ACCESS_MAX && !owned.access.contains_key(&key) => {
            return Err(Refusal::AccessFull);
        }
        Some(level) => _ = owned.access.insert(key, level),
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, plays};

    #[test]
    fn what_accounts_may_do_holds_whenever_they_come_in() {
        plays(
            "alice@alice> join #rust
             < alice joined #rust as operator
             alice@alice> access #rust bob voice
             < refused NotOwned
             alice@alice> claim #rust
             alice@alice> access #rust bob voice
             alice@alice> access #rust carol operator
             bob> join #rust
             < bob joined #rust
             bob> part #rust
             < bob parted
             bob@Bob> join #rust
             < bob joined #rust
             < ChanServ set +v bob
             bob@Bob> mode #rust +i
             < refused NotOperator
             carol@carol> mode #rust +i
             < carol set +i
             carol@carol> mode #rust -i
             < carol set -i
             carol@carol> join #rust
             < carol joined #rust
             < ChanServ set +o carol
             alice@alice> access #rust carol none
             carol@carol> part #rust
             < carol parted
             carol@carol> join #rust
             < carol joined #rust",
        );
    }

    #[test]
    fn admins_decide_on_access_but_not_on_admins() {
        plays(
            "alice@alice> join #rust
             < alice joined #rust as operator
             alice@alice> claim #rust
             alice@alice> access #rust bob admin
             alice@alice> access #rust dave admin
             bob@bob> access #rust carol operator
             bob@bob> access #rust carol admin
             < refused NotOwner
             bob@bob> access #rust dave none
             < refused NotOwner
             carol@carol> access #rust eve voice
             < refused NotOwner
             carol@carol> access #rust carol none
             bob@bob> access #rust bob none
             bob@bob> access #rust carol voice
             < refused NotOwner
             oper> access #rust dave none
             dave@dave> access #rust eve voice
             < refused NotOwner",
        );
    }

    #[test]
    fn a_list_has_an_end() {
        let mut scene = Scene::default();
        scene.plays(
            "alice@alice> join #rust\n< alice joined #rust as operator\nalice@alice> claim #rust",
        );
        for number in 0..super::ACCESS_MAX {
            scene.plays(&format!("alice@alice> access #rust bob{number} voice"));
        }
        scene.plays(
            "alice@alice> access #rust carol voice
             < refused AccessFull
             alice@alice> access #rust bob0 operator
             alice@alice> access #rust bob1 none
             alice@alice> access #rust carol voice",
        );
    }
}
