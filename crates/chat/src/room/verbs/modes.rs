//! MODE: change what holds in a room.
//!
//! Changes are tried in order, each by itself: one that is refused does not stop the others, and one
//! that changes nothing is not recorded. (A query of a list is no command.)

use crate::room::contents::Entry;
use crate::room::{Refusal, Room};
use crate::{Limits, ModeChange, Stamp, Who};
use std::sync::Arc;

/// What a mask may take, in bytes: the longest `nick!user@host` and then some. Bounds a ban check.
const MASK_BYTES_MAX: usize = 256;

/// Who asked, when, and within which limits.
struct Asked<'a> {
    who: &'a Who,
    now: Stamp,
    limits: &'a Limits,
}

/// One change: as recorded, nothing to change, or refused.
type Answer = Result<Option<ModeChange>, Refusal>;

pub(in crate::room) fn modes(
    room: &mut Room,
    who: &Who,
    now: Stamp,
    limits: &Limits,
    changes: Vec<ModeChange>,
    refused: &mut Vec<Refusal>,
) -> Vec<ModeChange> {
    if !room.has_power(who) {
        refused.push(Refusal::NotOperator);
        return Vec::new();
    }
    let asked = Asked { who, now, limits };
    let mut applied = Vec::new();
    for change in changes {
        match one(room, &asked, change) {
            Ok(Some(change)) => applied.push(change),
            Ok(None) => {}
            Err(why) => refused.push(why),
        }
    }
    applied
}

fn one(room: &mut Room, asked: &Asked<'_>, change: ModeChange) -> Answer {
    match change.letter {
        'b' | 'e' | 'I' => mask(room, asked, change),
        'k' => key(room, asked.limits, change),
        'l' => occupants_max(room, change),
        'o' | 'v' => rank(room, change),
        letter => match room.flags.of(letter) {
            Some(flag) => Ok(put(flag, change.is_set).then(|| plain(&change, None))),
            None => Err(Refusal::UnknownMode(letter)),
        },
    }
}

fn mask(room: &mut Room, asked: &Asked<'_>, change: ModeChange) -> Answer {
    let letter = change.letter;
    let Some(list) = room.lists.of_mut(letter) else {
        return Err(Refusal::UnknownMode(letter));
    };
    let mask = change.param.clone().unwrap_or_default();
    if mask.is_empty() || mask.len() > MASK_BYTES_MAX {
        return Err(Refusal::BadModeParam(letter, mask));
    }
    let known = list.iter().position(|it| it.mask.eq_ignore_ascii_case(&mask));
    match known {
        Some(at) if !change.is_set => {
            let entry = list.remove(at);
            Ok(Some(plain(&change, Some(entry.mask)))) // As its setter wrote it.
        }
        None if change.is_set => {
            if list.len() >= asked.limits.list_entries_max {
                return Err(Refusal::ListFull(letter, mask));
            }
            list.push(Entry { mask, set_by: asked.who.source().into(), set_at: asked.now });
            Ok(Some(change))
        }
        _ => Ok(None),
    }
}

/// A new key takes the place of the old, as on Solanum and Ergo.
fn key(room: &mut Room, limits: &Limits, change: ModeChange) -> Answer {
    if !change.is_set {
        // Any parameter does, and the key itself does not go into the record again.
        let had = room.key.take().is_some();
        return Ok(had.then(|| plain(&change, Some("*".into()))));
    }
    let key = change.param.clone().unwrap_or_default();
    let is_valid = !key.is_empty()
        && key.len() <= limits.key_bytes_max
        && !key.starts_with(':') // Could not be sent back as a parameter.
        && !key.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control());
    if !is_valid {
        return Err(Refusal::BadModeParam('k', key));
    }
    Ok(put(&mut room.key, Some(key)).then_some(change))
}

fn occupants_max(room: &mut Room, change: ModeChange) -> Answer {
    if !change.is_set {
        return Ok(put(&mut room.occupants_max, None).then(|| plain(&change, None)));
    }
    let raw = change.param.clone().unwrap_or_default();
    match raw.parse::<u32>() {
        Ok(max) if max > 0 => {
            let is_new = put(&mut room.occupants_max, Some(max));
            Ok(is_new.then(|| plain(&change, Some(max.to_string().into()))))
        }
        _ => Err(Refusal::BadModeParam('l', raw)),
    }
}

fn rank(room: &mut Room, change: ModeChange) -> Answer {
    let occupant = change.session.and_then(|session| room.occupants.get_mut(&session));
    let Some(occupant) = occupant else {
        return Err(Refusal::TargetNotInRoom(change.param.unwrap_or_default()));
    };
    let rank = match change.letter {
        'o' => &mut occupant.is_operator,
        _ => &mut occupant.is_voiced,
    };
    if !put(rank, change.is_set) {
        return Ok(None);
    }
    let named = || Arc::from(occupant.who.nick.as_str());
    Ok(Some(ModeChange { param: Some(change.param.unwrap_or_else(named)), ..change }))
}

/// Sets a place to a value; true when that changed it.
fn put<T: PartialEq>(place: &mut T, value: T) -> bool {
    let is_new = *place != value;
    *place = value;
    is_new
}

/// The change as recorded: with this parameter, and nobody meant.
fn plain(change: &ModeChange, param: Option<Arc<str>>) -> ModeChange {
    ModeChange { is_set: change.is_set, letter: change.letter, param, session: None }
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::room::scene::{Scene, plays};

    #[test]
    fn a_new_room_has_n_and_t() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator",
        );
        assert_eq!(scene.room("#rust").modes(), ("nt".into(), None, None));
    }

    #[test]
    fn only_operators_change_modes_and_the_others_hear_it_once() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             bob> mode #rust +imZ
             < refused NotOperator
             carol> mode #rust +i
             < refused NotOperator
             oper> mode #rust +i
             < oper set +i
             alice> mode #go +i
             < refused NoSuchRoom",
        );
    }

    #[test]
    fn only_what_changes_is_recorded() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +nt-ims
             alice> mode #rust +ns-i
             < alice set +s
             alice> mode #rust +s-s
             < alice set -s
             alice> mode #rust -l+l-k 5 old
             < alice set +l 5
             alice> mode #rust +l 005",
        );
        assert_eq!(scene.room("#rust").modes(), ("ntl".into(), None, Some(5)));
    }

    #[test]
    fn one_bad_change_does_not_stop_the_others() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +iZol bob none
             < alice set +i
             < refused UnknownMode('Z')
             < refused TargetNotInRoom(\"bob\")
             < refused BadModeParam('l', \"none\")
             alice> mode #rust +l 0
             < refused BadModeParam('l', \"0\")",
        );
    }

    #[test]
    fn a_key_is_one_word_and_a_new_one_replaces_it() {
        let mut scene = Scene::with(Limits { key_bytes_max: 4, ..Limits::default() });
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +k a,b
             < refused BadModeParam('k', \"a,b\")
             alice> mode #rust +k abcde
             < refused BadModeParam('k', \"abcde\")
             alice> mode #rust +k :ab
             < refused BadModeParam('k', \":ab\")
             alice> mode #rust +k abcd
             < alice set +k abcd
             alice> mode #rust +k abcd
             alice> mode #rust +k new
             < alice set +k new",
        );
        let modes = scene.room("#rust").modes();
        assert_eq!(modes, ("ntk".into(), Some("new"), None));
        for key in ["a\u{1}b", "a\u{a0}b", "a\tb"] {
            let refused = format!("< refused BadModeParam('k', {key:?})");
            scene.plays(&format!("alice> mode #rust +k {key}\n{refused}"));
        }
        scene.plays(
            "alice> mode #rust -k whatever
             < alice set -k *
             alice> mode #rust -k new",
        );
    }

    #[test]
    fn lists_know_masks_in_any_case_and_remember_who_set_them() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +b Bob!*@*
             < alice set +b Bob!*@*
             alice> mode #rust +b bob!*@*",
        );
        let set_at = scene.room("#rust").last_used();
        let bans: Vec<_> = scene.room("#rust").list('b').collect();
        assert_eq!(bans, [("Bob!*@*", "alice!alice@alice.host", set_at)]);
        scene.plays(
            "alice> mode #rust -b BOB!*@*
             < alice set -b Bob!*@*
             alice> mode #rust -b BOB!*@*",
        );
        assert_eq!(scene.room("#rust").list('b').count(), 0);
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let mut scene = Scene::with(Limits { list_entries_max: 1, ..Limits::default() });
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +bbe a!*@* b!*@* c!*@*
             < alice set +be a!*@* c!*@*
             < refused ListFull('b', \"b!*@*\")",
        );
        let longest = "x".repeat(super::MASK_BYTES_MAX);
        scene.plays(&format!("alice> mode #rust +I {longest}\n< alice set +I {longest}"));
        let endless = format!("{longest}x");
        scene.plays(&format!(
            "alice> mode #rust +I {endless}
             < refused BadModeParam('I', \"{endless}\")"
        ));
    }

    #[test]
    fn operator_and_voice_come_and_go() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             alice> mode #rust +ov bob bob
             < alice set +ov bob bob
             alice> mode #rust +o bob
             bob> mode #rust -o alice
             < bob set -o alice
             alice> mode #rust +o alice
             < refused NotOperator",
        );
    }
}
