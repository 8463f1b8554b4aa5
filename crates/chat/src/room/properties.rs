//! Properties of the rooms under random commands from a universe so small that everything collides.

use super::journey::{Carried, Journey};
use super::{Era, Occupant, Outcome, Refusal, Room, RoomCommand, RoomVerb, Rooms, Tails};
use crate::{Limits, ModeChange, Nick, NodeId, Place, Record, Replication, RoomName, SayKind};
use crate::{SessionId, Stamp, What, Who, codec};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const TINY: Limits = Limits {
    list_entries_max: 2,
    invites_max: 2,
    topic_bytes_max: 3,
    key_bytes_max: 3,
    remembered_sessions_max: 2,
    remembered_of_room_max: 2,
    eras_max: 2,
    tails_max: 2,
    gone_max: 2,
};

type Step = (Stamp, RoomCommand);

fn session() -> impl Strategy<Value = SessionId> {
    (1..=5u64).prop_map(SessionId)
}

fn nick() -> impl Strategy<Value = Nick> {
    select(vec!["a", "B", "c"]).prop_map(|raw| Nick::parse(raw, 32).expect("a nick"))
}

fn text(choices: &[&'static str]) -> impl Strategy<Value = Arc<str>> + use<> {
    select(choices.to_vec()).prop_map(Arc::from)
}

fn who() -> impl Strategy<Value = Who> {
    (session(), nick(), text(&["x", "y"]), prop::bool::weighted(0.3)).prop_map(
        |(session, nick, host, is_operator)| Who {
            session,
            nick,
            user: "u".into(),
            host,
            account: None,
            is_operator,
            is_bot: false,
        },
    )
}

fn mode_change() -> impl Strategy<Value = ModeChange> {
    let params = ["a!*@*", "B!*@x", "*!*@Y", "c!*@*", "*!u@y", "k", "1", "2", "bad key", ""];
    let letters = "bbbbbeeeIIIkkllimnstoovvZ".chars().collect::<Vec<_>>();
    (
        prop::bool::weighted(0.7),
        select(letters),
        option::weighted(0.9, text(&params)),
        option::weighted(0.9, session()),
    )
        .prop_map(|(is_set, letter, param, session)| ModeChange {
            is_set,
            letter,
            param,
            session: session.filter(|_| "ov".contains(letter)),
        })
}

fn verb() -> impl Strategy<Value = RoomVerb> {
    let words = || text(&["", "one", "éé", "more words"]);
    let kind = select(vec![SayKind::Message, SayKind::Notice, SayKind::Tags]);
    let say = (kind, words(), option::of((session(), nick()))).prop_map(|(kind, text, to)| {
        RoomVerb::Say { kind, text, tags: Vec::new(), status: None, to }
    });
    let join = (text(&["#a", "#A", "#b"]), option::of(text(&["k", "1"])))
        .prop_map(|(shown, key)| RoomVerb::Join { shown, key, realname: "r".into() });
    let kick = (session(), nick(), words()).prop_map(|(session, nick, reason)| RoomVerb::Kick {
        session,
        nick,
        reason,
    });
    let before = (0..80u64).prop_map(Stamp);
    prop_oneof![
        3 => say,
        8 => join,
        2 => words().prop_map(|reason| RoomVerb::Part { reason }),
        2 => kick,
        1 => words().prop_map(|text| RoomVerb::Topic { text }),
        6 => vec(mode_change(), 0..4).prop_map(|changes| RoomVerb::Modes { changes }),
        2 => (session(), nick()).prop_map(|(session, nick)| RoomVerb::Invite { session, nick }),
        1 => words().prop_map(|reason| RoomVerb::Forget { reason }),
        1 => before.prop_map(|before| RoomVerb::Expire { before, spares: Vec::new() }),
        1 => leaving(),
    ]
}

fn replication() -> impl Strategy<Value = Replication> {
    select(Replication::ALL.to_vec())
}

/// A room leaves, and what is heard of it later.
fn leaving() -> impl Strategy<Value = RoomVerb> {
    let fence = (replication(), text(&["#a", "#A"]));
    prop_oneof![
        fence.prop_map(|(to, shown)| RoomVerb::Fence { to, shown }),
        (replication(), 0..5u64).prop_map(|(to, epoch)| RoomVerb::Lives { to, epoch }),
        (0..5u64).prop_map(|epoch| RoomVerb::Gone { epoch }),
        (0..5u64).prop_map(|epoch| RoomVerb::Open { epoch }),
        (0..5u64, 0..4u64, 0..5u64, 0..60u64).prop_map(|(epoch, node, index, last)| {
            RoomVerb::Tail { epoch, node: NodeId(node), index, last: Stamp(last) }
        }),
    ]
}

/// A room comes from elsewhere.
fn adopt() -> impl Strategy<Value = RoomVerb> {
    let inside = vec((who(), any::<bool>(), 0..30u64), 0..3);
    let outside = vec((session(), 1..30u64), 0..3);
    let journey = (replication(), 0..5u64, vec((replication(), 0..60u64), 0..3));
    (inside, outside, journey, 0..60u64).prop_map(|(inside, outside, journey, last)| {
        let last = Stamp(last);
        let mut room = Room { shown: "#a".into(), last_used: last, ..Room::default() };
        for (session, number) in outside {
            room.numbers.note(session, number, false, TINY.remembered_of_room_max);
        }
        for (who, is_operator, number) in inside {
            let session = who.session;
            room.numbers.note(session, number, true, TINY.remembered_of_room_max);
            room.occupants.insert(session, Occupant { who, is_operator, is_voiced: false });
        }
        let (replication, epoch, eras) = journey;
        let era = |(replication, last)| Era { replication, last: Stamp(last), tails: Tails::new() };
        let eras = eras.into_iter().take(TINY.eras_max).map(era).collect();
        room.journey = Journey { replication, epoch, eras, closing: None };
        RoomVerb::Adopt { carried: Box::new(Carried { room, last }) }
    })
}

fn place() -> impl Strategy<Value = Place> {
    let room = |raw| Place::Room(RoomName::parse(raw).expect("a room's name"));
    prop_oneof![
        9 => select(vec!["#a", "#a", "#a", "#b", "#c"]).prop_map(room),
        1 => Just(Place::direct("a", "b")),
    ]
}

fn command(verb: impl Strategy<Value = RoomVerb>) -> impl Strategy<Value = RoomCommand> {
    let number = prop_oneof![Just(0), 1..30u64];
    (who(), number, place(), verb).prop_map(|(who, number, place, verb)| RoomCommand {
        who,
        number,
        era: None,
        place,
        verb,
    })
}

/// Clocks jump in both directions.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(((0..60u64).prop_map(Stamp), command(verb())), 0..120)
}

/// With rooms that come from elsewhere: of those no record tells.
fn steps_between() -> impl Strategy<Value = Vec<Step>> {
    let verb = prop_oneof![20 => verb(), 2 => leaving(), 2 => adopt()];
    vec(((0..60u64).prop_map(Stamp), command(verb)), 0..120)
}

fn check(rooms: &Rooms) {
    let mut rooms_of: BTreeMap<SessionId, BTreeSet<RoomName>> = BTreeMap::new();
    for (name, room) in rooms.iter() {
        assert_eq!(room.occupants().count(), room.occupant_count());
        for occupant in room.occupants() {
            let session = occupant.who.session;
            assert_eq!(room.occupant(session), Some(occupant));
            rooms_of.entry(session).or_default().insert(name.clone());
        }
        check_limits(room);
        for (session, is_resting) in room.numbers.sessions() {
            assert_eq!(is_resting, room.occupant(session).is_none(), "{session:?}");
        }
        assert!(!rooms.moved.contains_key(name));
        assert_eq!((rooms.gone(name.as_str()), rooms.carried(name.as_str())), (None, None));
    }
    for (name, to, epoch) in rooms.moved() {
        assert!(to != Replication::Raft && epoch > 0, "{name} {to} {epoch}");
        assert_eq!(rooms.lives(name.as_str()), Some((to, epoch)));
    }
    assert_eq!(rooms_of, rooms.rooms_of);
    assert!(rooms.sessions().eq(rooms_of.keys().copied()));
    assert!(rooms.numbers.resting_count() <= TINY.remembered_sessions_max);
    for (session, is_resting) in rooms.numbers.sessions() {
        assert_eq!(is_resting, !rooms_of.contains_key(&session), "{session:?}");
    }
}

fn check_limits(room: &Room) {
    for letter in "beI".chars() {
        assert!(room.list(letter).count() <= TINY.list_entries_max);
    }
    assert!(room.invited.len() <= TINY.invites_max);
    assert!(room.eras().len() <= TINY.eras_max);
    assert!(room.numbers.resting_count() <= TINY.remembered_of_room_max);
    let topic_bytes = room.topic().map_or(0, |it| it.text.len());
    assert!(topic_bytes <= TINY.topic_bytes_max);
    let (_, key, max) = room.modes();
    assert!(key.map_or(0, str::len) <= TINY.key_bytes_max);
    assert_ne!(max, Some(0));
}

/// Ids rise above everything before them.
fn check_ids(last: &mut Stamp, now: Stamp, outcome: &Outcome) {
    for record in &outcome.records {
        assert!(record.id.stamp > *last && record.id.stamp >= now);
        assert_eq!(record.id.origin, 7);
        *last = record.id.stamp;
    }
}

/// What somebody who only reads records knows of a room.
#[derive(Default)]
struct Told {
    occupants: BTreeMap<SessionId, (bool, bool)>,
    modes: BTreeMap<char, Option<Arc<str>>>,
    lists: BTreeMap<char, Vec<Arc<str>>>,
    topic: Arc<str>,
    last: Stamp,
}

impl Told {
    fn hear(&mut self, record: &Record) {
        self.last = record.id.stamp;
        let session = record.who.session;
        match &record.what {
            What::Joined { is_operator, .. } => {
                let known = self.occupants.insert(session, (*is_operator, false));
                assert_eq!(known, None);
            }
            What::Parted { .. } | What::Quit { .. } => {
                assert!(self.occupants.remove(&session).is_some());
            }
            What::Kicked { session, .. } => {
                assert!(self.occupants.remove(session).is_some());
            }
            What::Topic { text } => self.topic = text.clone(),
            What::Modes { changes } => changes.iter().for_each(|it| self.hear_mode(it)),
            What::Said { .. }
            | What::Invited { .. }
            | What::Replicated { .. }
            | What::Met { .. } => {}
        }
    }

    fn hear_mode(&mut self, change: &ModeChange) {
        let param = change.param.clone();
        match (change.letter, change.is_set) {
            ('o' | 'v', is_set) => {
                let session = change.session.expect("a rank is somebody's");
                let ranks = self.occupants.get_mut(&session).expect("they are inside");
                let rank = match change.letter {
                    'o' => &mut ranks.0,
                    _ => &mut ranks.1,
                };
                assert_ne!(*rank, is_set);
                *rank = is_set;
            }
            ('b' | 'e' | 'I', is_set) => {
                let mask = param.expect("a mask is written out");
                let list = self.lists.entry(change.letter).or_default();
                assert_eq!(list.contains(&mask), !is_set);
                list.retain(|it| *it != mask);
                list.extend(is_set.then_some(mask));
            }
            (letter, true) => {
                let before = self.modes.insert(letter, param.clone());
                assert_ne!(before, Some(param));
            }
            (letter, false) => assert!(self.modes.remove(&letter).is_some()),
        }
    }

    fn check(&self, room: &Room) {
        let is_told = |session, ranks: &(bool, bool)| {
            let occupant = room.occupant(session);
            occupant.is_some_and(|it| (it.is_operator, it.is_voiced) == *ranks)
        };
        assert_eq!(self.occupants.len(), room.occupant_count());
        assert!(self.occupants.iter().all(|(id, it)| is_told(*id, it)));

        let (letters, key, max) = room.modes();
        let param = |letter| self.modes.get(&letter).cloned().flatten();
        assert_eq!(letters.chars().collect::<BTreeSet<_>>(), self.modes.keys().copied().collect());
        assert_eq!(key, param('k').as_deref());
        assert_eq!(max.map(|it| it.to_string()).as_deref(), param('l').as_deref());
        for letter in "beI".chars() {
            let told = self.lists.get(&letter).into_iter().flatten();
            assert!(told.map(|it| &**it).eq(room.list(letter).map(|it| it.0)));
        }
        assert_eq!(room.topic().map_or("", |it| &*it.text), &*self.topic);
        assert_eq!(room.last_used(), self.last);
    }
}

/// A listener for each room, and the rooms that left.
#[derive(Default)]
struct Listeners(BTreeMap<RoomName, Told>, BTreeSet<RoomName>);

impl Listeners {
    fn hear(&mut self, outcome: &Outcome) {
        for record in &outcome.records {
            let Place::Room(name) = &record.place else {
                continue;
            };
            let told = self.0.entry(name.clone()).or_insert_with(|| Told {
                modes: "nt".chars().map(|letter| (letter, None)).collect(),
                ..Told::default()
            });
            told.hear(record);
            if let What::Replicated { from, to, .. } = record.what {
                assert!(from != Replication::PrimaryBackup && from != to);
                if to == Replication::PrimaryBackup {
                    self.0.remove(name);
                    assert!(self.1.insert(name.clone()));
                }
            }
        }
        for name in &outcome.expired {
            match self.0.remove(name) {
                Some(told) => assert!(told.occupants.is_empty()),
                None => assert!(self.1.remove(name), "an expired room was heard of"),
            }
        }
    }

    fn check(&self, rooms: &Rooms) {
        assert!(self.0.keys().eq(rooms.iter().map(|(name, _)| name)));
        assert!(self.1.iter().eq(rooms.moved().map(|(name, ..)| name)));
        for (name, told) in &self.0 {
            let room = rooms.room(name.as_str()).expect("the keys are equal");
            assert_eq!(crate::fold(room.shown()), name.as_str());
            told.check(room);
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_the_rooms_stay_whole(steps in steps_between()) {
        let mut rooms = Rooms::new(7, TINY);
        let mut last = Stamp::default();
        for (now, command) in steps {
            let outcome = rooms.apply(now, command);
            check_ids(&mut last, now, &outcome);
            check(&rooms);
        }
    }

    #[test]
    fn records_alone_tell_the_whole_state(steps in steps()) {
        let mut rooms = Rooms::new(7, TINY);
        let mut listeners = Listeners::default();
        for (now, command) in steps {
            listeners.hear(&rooms.apply(now, command));
            listeners.check(&rooms);
        }
    }

    #[test]
    fn a_restored_replica_goes_on_as_the_others_do(steps in steps_between(), at in any::<prop::sample::Index>()) {
        let mut rooms = Rooms::new(7, TINY);
        let mut other = Rooms::new(7, TINY);
        let at = at.index(steps.len() + 1);
        for (i, (now, command)) in steps.into_iter().enumerate() {
            if i == at {
                other = Rooms::restore(7, TINY, &other.snapshot()).expect("our own snapshot");
                check(&other);
            }
            prop_assert_eq!(rooms.apply(now, command.clone()), other.apply(now, command));
            prop_assert_eq!(rooms.snapshot(), other.snapshot());
        }
    }

    #[test]
    fn a_repeat_changes_nothing(steps in steps_between()) {
        let mut rooms = Rooms::new(7, TINY);
        for (now, command) in steps {
            let was_applied = rooms.is_repeat(&command);
            let outcome = rooms.apply(now, command.clone());
            prop_assert_eq!(outcome.is_repeat, was_applied);
            // A number is used up, unless the answer is that the room is elsewhere.
            let is_elsewhere = |it: &Refusal| {
                matches!(it, Refusal::Moved { .. } | Refusal::NotHere { .. } | Refusal::NoSuchRoom)
            };
            let is_answered = command.number > 0 && !outcome.refused.iter().any(is_elsewhere);
            prop_assert!(!is_answered || rooms.is_repeat(&command));
            if rooms.is_repeat(&command) {
                let before = rooms.snapshot();
                let repeat = Outcome { is_repeat: true, ..Outcome::default() };
                prop_assert_eq!(rooms.apply(now, command), repeat);
                prop_assert_eq!(rooms.snapshot(), before);
            }
        }
    }

    #[test]
    fn commands_and_records_survive_bytes(steps in steps_between()) {
        let mut rooms = Rooms::new(7, TINY);
        for (now, command) in steps {
            prop_assert_eq!(codec::decode(&codec::encode(&command)), Ok(command.clone()));
            for record in rooms.apply(now, command).records {
                prop_assert_eq!(codec::decode::<Record>(&codec::encode(&*record)), Ok((*record).clone()));
            }
        }
    }

    #[test]
    fn no_bytes_panic(mut bytes in vec(any::<u8>(), 0..200), is_ours in any::<bool>()) {
        if is_ours && let Some(first) = bytes.first_mut() {
            *first = codec::VERSION;
        }
        let _ = codec::decode::<RoomCommand>(&bytes);
        let _ = codec::decode::<Record>(&bytes);
        let _ = Rooms::restore(7, TINY, &bytes);
    }

    /// Damage that still reads as a snapshot gives wrong rooms, but rooms that go on.
    #[test]
    fn a_damaged_snapshot_is_refused_or_goes_on(
        before in steps_between(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        after in steps_between(),
    ) {
        let mut rooms = Rooms::new(7, TINY);
        for (now, command) in before {
            rooms.apply(now, command);
        }
        let mut bytes = rooms.snapshot();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut rooms) = Rooms::restore(7, TINY, &bytes) {
            for (now, command) in after {
                rooms.apply(now, command);
            }
        }
    }
}
