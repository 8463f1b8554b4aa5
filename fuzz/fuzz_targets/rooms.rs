//! Rooms under any commands: nothing panics, ids rise, limits hold, a repeat changes nothing, and a
//! replica restored from a snapshot in the middle goes on as the others do.
#![no_main]

use arbitrary::{Result, Unstructured};
use chat::room::{RoomCommand, RoomVerb, Rooms};
use chat::{Limits, ModeChange, Nick, Place, RoomName, SayKind, SessionId, Stamp, Who, codec};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

const TINY: Limits = Limits {
    tails_max: 2,
    list_entries_max: 2,
    invites_max: 2,
    topic_bytes_max: 8,
    key_bytes_max: 4,
    remembered_sessions_max: 2,
    remembered_of_room_max: 2,
    eras_max: 2,
    gone_max: 2,
};
const COMMANDS_MAX: usize = 100;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let mut rooms = Rooms::new(7, TINY);
    let mut other = Rooms::new(7, TINY);
    let mut last = Stamp::default();
    for _ in 0..COMMANDS_MAX {
        if input.is_empty() {
            break;
        }
        if input.ratio(1, 8)? {
            other = Rooms::restore(7, TINY, &other.snapshot()).expect("our own snapshot");
        }
        let now = stamp(input)?;
        let command = command(input)?;
        let again = codec::decode(&codec::encode(&command));
        assert_eq!(again.as_ref(), Ok(&command));
        let outcome = rooms.apply(now, command.clone());
        for record in &outcome.records {
            assert!(record.id.stamp > last || last == Stamp(u64::MAX));
            last = record.id.stamp;
            assert_eq!(codec::decode(&codec::encode(&**record)).as_ref(), Ok(&**record));
        }
        assert_eq!(other.apply(now, command.clone()), outcome);
        assert_eq!(other.snapshot(), rooms.snapshot());
        if rooms.has_applied(command.who.session, command.number) {
            assert!(rooms.apply(now, command).is_repeat);
            assert_eq!(other.snapshot(), rooms.snapshot());
        }
        check_limits(&rooms);
    }
    Ok(())
}

fn check_limits(rooms: &Rooms) {
    for (name, room) in rooms.iter() {
        assert_eq!(RoomName::parse(room.shown()).as_ref(), Ok(name), "as it is shown");
        assert_eq!(room.occupants().count(), room.occupant_count());
        for letter in "beI".chars() {
            assert!(room.list(letter).count() <= TINY.list_entries_max);
        }
        assert!(room.topic().map_or(0, |it| it.text.len()) <= TINY.topic_bytes_max);
        let (_, key, max) = room.modes();
        assert!(key.map_or(0, str::len) <= TINY.key_bytes_max && max != Some(0));
    }
}

fn command(input: &mut Unstructured<'_>) -> Result<RoomCommand> {
    let number = if input.ratio(1, 4)? { 0 } else { input.int_in_range(1..=40)? };
    let place = match input.ratio(1, 12)? {
        true => Place::direct("a", "b"),
        false => {
            let name = input.choose(&["#a", "#b"])?;
            Place::Room(RoomName::parse(name).expect("a room's name"))
        }
    };
    Ok(RoomCommand { who: who(input)?, number, era: None, place, verb: verb(input)? })
}

fn who(input: &mut Unstructured<'_>) -> Result<Who> {
    Ok(Who {
        session: session(input)?,
        nick: nick(input)?,
        user: "u".into(),
        host: (*input.choose(&["x", "y"])?).into(),
        account: input.ratio(1, 8)?.then(|| "acc".into()),
        is_operator: input.ratio(1, 8)?,
        is_bot: input.arbitrary()?,
    })
}

fn verb(input: &mut Unstructured<'_>) -> Result<RoomVerb> {
    Ok(match input.int_in_range(0..=12)? {
        0..=3 => RoomVerb::Join {
            shown: (*input.choose(&["#a", "#A", "#b"])?).into(),
            key: optional(input)?,
            realname: text(input)?,
        },
        4 => RoomVerb::Part { reason: text(input)? },
        5 => RoomVerb::Kick { session: session(input)?, nick: nick(input)?, reason: text(input)? },
        6 => RoomVerb::Topic { text: text(input)? },
        7 | 8 => RoomVerb::Modes { changes: changes(input)? },
        9 => RoomVerb::Invite { session: session(input)?, nick: nick(input)? },
        10 => RoomVerb::Forget { reason: text(input)? },
        11 => RoomVerb::Expire { before: stamp(input)?, spares: Vec::new() },
        _ => RoomVerb::Say {
            kind: *input.choose(&[SayKind::Message, SayKind::Notice, SayKind::Tags])?,
            text: text(input)?,
            tags: if input.ratio(1, 4)? { vec![("+a".into(), text(input)?)] } else { vec![] },
            status: *input.choose(&[None, Some('@'), Some('+'), Some('!')])?,
            to: if input.ratio(1, 4)? { Some((session(input)?, nick(input)?)) } else { None },
        },
    })
}

fn changes(input: &mut Unstructured<'_>) -> Result<Vec<ModeChange>> {
    let count = input.int_in_range(0..=4)?;
    (0..count)
        .map(|_| {
            Ok(ModeChange {
                is_set: input.arbitrary()?,
                letter: *input
                    .choose(&['b', 'e', 'I', 'k', 'l', 'i', 'm', 'n', 's', 't', 'o', 'v', 'Z'])?,
                param: optional(input)?,
                session: if input.ratio(1, 2)? { Some(session(input)?) } else { None },
            })
        })
        .collect()
}

fn session(input: &mut Unstructured<'_>) -> Result<SessionId> {
    Ok(SessionId(input.int_in_range(1..=4)?))
}

fn nick(input: &mut Unstructured<'_>) -> Result<Nick> {
    Ok(Nick::parse(input.choose(&["a", "A", "b", "c"])?, 32).expect("a nick"))
}

fn stamp(input: &mut Unstructured<'_>) -> Result<Stamp> {
    Ok(Stamp(if input.ratio(1, 30)? { input.arbitrary()? } else { input.int_in_range(0..=255)? }))
}

fn optional(input: &mut Unstructured<'_>) -> Result<Option<Arc<str>>> {
    Ok(if input.ratio(1, 4)? { None } else { Some(text(input)?) })
}

/// Mostly words that mean something to somebody, now and then anything.
fn text(input: &mut Unstructured<'_>) -> Result<Arc<str>> {
    if input.ratio(1, 4)? {
        return Ok(input.arbitrary::<&str>()?.into());
    }
    let words = ["", "k", "1", "2", "0", "a!*@*", "*!*@x", "*", "éé", "#a", "99999999999999999999"];
    Ok((*input.choose(&words)?).into())
}
