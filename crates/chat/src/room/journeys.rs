//! Properties of rooms that move between groups while people talk in them.
//!
//! Everything that is sent may arrive late, again, and out of turn; replicas are restored at any
//! moment. One machine that never moves a room is given each command when some group first answers
//! it: what happened must be the same.

use super::{Outcome, Refusal, Room, RoomCommand, RoomVerb, Rooms};
use crate::{Limits, ModeChange, MsgId, Nick, Place, Record, Replication, RoomName, SayKind};
use crate::{SessionId, Stamp, What, Who};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const ROOMS: [&str; 2] = ["#a", "#b"];
/// What is a group of its own.
const LIVES: [Replication; 2] = [Replication::Raft, Replication::PrimaryBackup];
const SESSIONS: u64 = 4;
const FOUNDER: u64 = 9;

/// What happens next. An index picks among whatever there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody asks something.
    Ask { session: u64, is_operator: bool, room: usize, verb: RoomVerb },
    /// Somebody's oldest unanswered command in some room goes where they believe the room to be.
    Send(Index),
    /// An earlier copy of some command arrives, in any group.
    Copy(Index, Replication),
    /// Something between groups arrives, for the first time or again.
    Carry(Index),
    /// A replica is restored from its snapshot.
    Restore(Replication),
}

fn verb() -> impl Strategy<Value = RoomVerb> {
    let text = || select(vec!["one", "two"]).prop_map(Arc::<str>::from);
    let session = || (1..=SESSIONS).prop_map(SessionId);
    let nick = || Nick::parse("x", 32).expect("a nick");
    let say = |text| RoomVerb::Say {
        kind: SayKind::Message,
        text,
        tags: Vec::new(),
        status: None,
        to: None,
    };
    let join = || RoomVerb::Join { shown: "".into(), key: None, realname: "r".into() };
    let mode = (any::<bool>(), select(vec!['n', 'm', 'i', 'b', 'o', 'v', 'l']), session());
    let modes = mode.prop_map(|(is_set, letter, session)| {
        let (param, session) = match letter {
            'b' => (Some("*!*@h2".into()), None),
            'l' => (Some("2".into()), None),
            'o' | 'v' => (Some("x".into()), Some(session)),
            _ => (None, None),
        };
        RoomVerb::Modes { changes: vec![ModeChange { is_set, letter, param, session }] }
    });
    let fence = select(LIVES.to_vec());
    prop_oneof![
        6 => text().prop_map(say),
        4 => (0..1u8).prop_map(move |_| join()),
        1 => text().prop_map(|reason| RoomVerb::Part { reason }),
        1 => text().prop_map(|text| RoomVerb::Topic { text }),
        1 => session().prop_map(move |it| RoomVerb::Kick { session: it, nick: nick(), reason: "".into() }),
        1 => session().prop_map(move |it| RoomVerb::Invite { session: it, nick: nick() }),
        3 => modes,
        4 => fence.prop_map(|to| RoomVerb::Fence { to, shown: "".into() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let ask = (1..=SESSIONS, prop::bool::weighted(0.3), 0..ROOMS.len(), verb());
    let replication = || select(LIVES.to_vec());
    prop_oneof![
        6 => ask.prop_map(|(session, is_operator, room, verb)| {
            Step::Ask { session, is_operator, room, verb }
        }),
        10 => any::<Index>().prop_map(Step::Send),
        3 => (any::<Index>(), replication()).prop_map(|(it, to)| Step::Copy(it, to)),
        4 => any::<Index>().prop_map(Step::Carry),
        1 => replication().prop_map(Step::Restore),
    ]
}

fn name(room: usize) -> RoomName {
    RoomName::parse(ROOMS[room]).expect("a room's name")
}

fn who(session: u64, is_operator: bool) -> Who {
    Who {
        session: SessionId(session),
        nick: Nick::parse("x", 32).expect("a nick"),
        user: "u".into(),
        host: format!("h{session}").into(),
        account: None,
        is_operator,
        is_bot: false,
    }
}

fn of_nodes(room: &RoomName, verb: RoomVerb) -> RoomCommand {
    RoomCommand { who: who(0, true), number: 0, era: None, place: Place::Room(room.clone()), verb }
}

/// What happened, apart from when.
fn told(records: &[Arc<Record>]) -> Vec<(&Who, &What)> {
    records.iter().map(|it| (&it.who, &it.what)).collect()
}

/// What a room is, apart from when it became so and where it lives.
fn shape(room: &Room) -> impl PartialEq + std::fmt::Debug {
    let occupants = room.occupants().map(|it| (it.who.session, it.is_operator, it.is_voiced));
    let masks = room.list('b').map(|it| it.0.to_owned());
    (
        occupants.collect::<Vec<_>>(),
        room.topic().map(|it| it.text.clone()),
        room.invited.clone(),
        masks.collect::<Vec<_>>(),
        (room.modes().0, room.modes().2),
    )
}

/// The groups, what is under way to them, and the one machine that they must equal.
struct World {
    groups: BTreeMap<Replication, Rooms>,
    model: Rooms,
    now: Stamp,
    numbers: BTreeMap<u64, u64>,
    /// Of each session in each room, what no group has answered yet, the oldest first.
    unanswered: BTreeMap<(u64, RoomName), VecDeque<RoomCommand>>,
    /// Where each session believes a room to be, and since which move.
    routes: BTreeMap<(u64, RoomName), (Replication, u64)>,
    sent: Vec<RoomCommand>,
    /// Between groups; none is ever lost, any may come again.
    carried: Vec<(Replication, RoomCommand)>,
    /// The last number answered, by session and room.
    answered: BTreeMap<(SessionId, RoomName), u64>,
    answered_count: usize,
    asked_count: usize,
    last_ids: BTreeMap<RoomName, MsgId>,
}

impl World {
    fn new() -> World {
        let limits = Limits { remembered_sessions_max: 10, ..Limits::default() };
        let group = |(at, it)| (it, Rooms::of(it, at as u32 + 1, limits));
        let numbered = (0..).zip(LIVES);
        let mut world = World {
            groups: numbered.map(|(at, it): (usize, _)| group((at, it))).collect(),
            model: Rooms::new(9, limits),
            now: Stamp::default(),
            numbers: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            routes: BTreeMap::new(),
            sent: Vec::new(),
            carried: Vec::new(),
            answered: BTreeMap::new(),
            answered_count: 0,
            asked_count: 0,
            last_ids: BTreeMap::new(),
        };
        for (room, shown) in ROOMS.into_iter().enumerate() {
            let join = RoomVerb::Join { shown: shown.into(), key: None, realname: "r".into() };
            world.ask(FOUNDER, true, room, join);
            world.send(FOUNDER, &name(room));
        }
        world
    }

    fn ask(&mut self, session: u64, is_operator: bool, room: usize, verb: RoomVerb) {
        let number = self.numbers.entry(session).or_default();
        *number += 1;
        let place = Place::Room(name(room));
        let command =
            RoomCommand { who: who(session, is_operator), number: *number, era: None, place, verb };
        self.unanswered.entry((session, name(room))).or_default().push_back(command);
        self.asked_count += 1;
    }

    fn run(&mut self, step: Step) {
        self.now = Stamp(self.now.0 + 1);
        match step {
            Step::Ask { session, is_operator, room, verb } => {
                self.ask(session, is_operator, room, verb);
            }
            Step::Send(it) => {
                let waiting: Vec<_> = self.unanswered.keys().cloned().collect();
                if let Some((session, room)) = pick(&waiting, it) {
                    self.send(session, &room);
                }
            }
            Step::Copy(it, to) => {
                if let Some(command) = pick(&self.sent, it) {
                    let _ = self.deliver(to, &command); // Nobody waits for a copy's answer.
                }
            }
            Step::Carry(it) => {
                if let Some((to, command)) = pick(&self.carried, it) {
                    self.carry(to, command);
                }
            }
            Step::Restore(which) => self.restore(which),
        }
    }

    /// As a node would: one after the other in each room, after whichever group answers.
    fn send(&mut self, session: u64, room: &RoomName) {
        let key = (session, room.clone());
        let Some(command) = self.unanswered.get(&key).and_then(|it| it.front()).cloned() else {
            return;
        };
        let (to, since) = self.route(session, room);
        let is_first = |(other, queue): (&(u64, RoomName), &VecDeque<RoomCommand>)| {
            let is_alike = other.0 == session && self.route(session, &other.1).1 == 0;
            !is_alike || queue.front().is_none_or(|it| command.number <= it.number)
        };
        if since == 0 && !self.unanswered.iter().all(is_first) {
            return; // What was never sent elsewhere comes to a group in its order.
        }
        self.sent.push(command.clone());
        match self.deliver(to, &command) {
            Ok(()) => {
                let queue = self.unanswered.entry(key.clone()).or_default();
                queue.pop_front();
                if queue.is_empty() {
                    self.unanswered.remove(&key);
                }
            }
            Err(Refusal::Moved { to, epoch }) if epoch > since => {
                self.routes.insert(key, (to, epoch));
            }
            Err(_) => {} // Under way: asked again later.
        }
    }

    fn route(&self, session: u64, room: &RoomName) -> (Replication, u64) {
        self.routes.get(&(session, room.clone())).copied().unwrap_or_default()
    }

    /// An error: not that group's to answer.
    fn deliver(&mut self, to: Replication, command: &RoomCommand) -> Result<(), Refusal> {
        let Place::Room(room) = &command.place else {
            return Ok(());
        };
        let now = self.now;
        let outcome = self.group(to).apply(now, command.clone());
        if outcome.is_repeat {
            return Ok(());
        }
        if let [why @ (Refusal::Moved { .. } | Refusal::NotHere { .. })] = &*outcome.refused {
            assert!(outcome.records.is_empty());
            return Err(why.clone());
        }
        self.check_answer(room, command, &outcome);
        if let RoomVerb::Fence { .. } = &command.verb {
            self.check_fenced(to, room, &outcome);
        } else {
            let unnumbered = RoomCommand { number: 0, ..command.clone() };
            let alike = self.model.apply(self.now, unnumbered);
            assert_eq!(told(&alike.records), told(&outcome.records));
            assert_eq!(alike.refused, outcome.refused);
        }
        Ok(())
    }

    /// Each command is answered once, in the order of its session in that room; ids rise.
    fn check_answer(&mut self, room: &RoomName, command: &RoomCommand, outcome: &Outcome) {
        let key = (command.who.session, room.clone());
        let before = self.answered.insert(key, command.number).unwrap_or_default();
        assert!(before < command.number, "{command:?} after {before}");
        self.answered_count += 1;
        for record in &outcome.records {
            let last = self.last_ids.insert(room.clone(), record.id);
            assert!(last < Some(record.id));
        }
    }

    fn check_fenced(&mut self, from: Replication, room: &RoomName, outcome: &Outcome) {
        let [record] = &*outcome.records else {
            return assert_eq!(outcome.refused.len(), 1);
        };
        let What::Replicated { to, epoch, .. } = record.what else {
            panic!("a fence is recorded as what it is: {record:?}");
        };
        let left = self.group(from);
        assert!(left.room(room.as_str()).is_none());
        assert_eq!(left.lives(room.as_str()), Some((to, epoch)));
        let carried = left.carried(room.as_str()).expect("it is on its way");
        assert_eq!(carried.last(), record.id.stamp);
        let verb = RoomVerb::Adopt { carried: Box::new(carried) };
        self.carried.push((to, of_nodes(room, verb)));
        if to != Replication::Raft && from != Replication::Raft {
            let verb = RoomVerb::Lives { to, epoch };
            self.carried.push((Replication::Raft, of_nodes(room, verb)));
        }
    }

    fn carry(&mut self, to: Replication, command: RoomCommand) {
        let now = self.now;
        assert_eq!(self.group(to).apply(now, command), Outcome::default());
    }

    /// A restored replica is as it was.
    fn restore(&mut self, which: Replication) {
        let rooms = self.group(which);
        let bytes = rooms.snapshot();
        *rooms = Rooms::restore(rooms.origin, rooms.limits, &bytes).expect("our own snapshot");
        assert_eq!(rooms.snapshot(), bytes);
    }

    fn group(&mut self, which: Replication) -> &mut Rooms {
        self.groups.get_mut(&which).expect("there are two")
    }

    /// No room is in two groups at once, and nobody is in a room that is not there.
    fn check(&self) {
        for room in ROOMS {
            let here = self.groups.iter().filter_map(|(at, it)| Some((at, it.room(room)?)));
            let here: Vec<_> = here.collect();
            assert!(here.len() <= 1);
            for (at, room) in here {
                assert_eq!(room.replication(), *at);
            }
        }
        for rooms in self.groups.values() {
            let present = rooms.iter().flat_map(|(_, it)| it.occupants()).map(|it| it.who.session);
            assert!(
                present.collect::<std::collections::BTreeSet<_>>().into_iter().eq(rooms.sessions())
            );
        }
    }

    /// Everything arrives at last: each command was answered, and all is as if no room had moved.
    fn settle(&mut self) {
        // Each round answers at least the oldest command or tells its session where the room went.
        let rounds_max = 10 * (self.asked_count + self.carried.len() + 1);
        for _ in 0..rounds_max {
            for (to, command) in self.carried.split_off(0) {
                self.carry(to, command);
            }
            for (session, room) in self.unanswered.keys().cloned().collect::<Vec<_>>() {
                self.send(session, &room);
            }
            if self.unanswered.is_empty() {
                break;
            }
        }
        for (to, command) in self.carried.split_off(0) {
            self.carry(to, command);
        }
        assert_eq!(self.answered_count, self.asked_count);
        for name in ROOMS {
            let (at, epoch) = self.groups[&Replication::Raft].lives(name).expect("home knows");
            let room = self.groups[&at].room(name).expect("it lives where home says");
            assert_eq!((room.replication(), room.epoch()), (at, epoch));
            let model = self.model.room(name).expect("it was made");
            assert_eq!(format!("{:?}", shape(room)), format!("{:?}", shape(model)));
        }
    }
}

fn pick<T: Clone>(of: &[T], index: Index) -> Option<T> {
    (!of.is_empty()).then(|| index.get(of).clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rooms_that_move_lose_double_and_reorder_nothing(steps in vec(step(), 0..150)) {
        let mut world = World::new();
        for step in steps {
            world.run(step);
            world.check();
        }
        world.settle();
    }
}
