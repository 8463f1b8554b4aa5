//! Test helper: a conversation with the machine as text.
//!
//! `alice> mode #rust +o bob` asks; the `<` lines below it are what came of it, all of it, in order.
//! A nick is its session; `oper` is a server operator; `@bob` is the conversation with bob.

use super::{Access, Outcome, Refusal, Room, RoomCommand, RoomVerb, Rooms};
use crate::{Limits, ModeChange, Nick, NodeId, Place, Record, Replication, RoomName, SayKind};
use crate::{SessionId, Stamp, What, Who};
use std::sync::Arc;

/// Plays a script against new rooms.
#[track_caller]
pub(super) fn plays(script: &str) {
    Scene::default().plays(script);
}

#[derive(Clone)]
pub(super) struct Scene {
    pub(super) rooms: Rooms,
    ms: u64,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene::with(Limits::default())
    }
}

impl Scene {
    pub(super) fn with(limits: Limits) -> Scene {
        Scene::of(Replication::Raft, limits)
    }

    /// A group of another strategy.
    pub(super) fn of(replication: Replication, limits: Limits) -> Scene {
        Scene { rooms: Rooms::of(replication, 1, limits), ms: 1000 }
    }

    /// Its clock stands there now.
    pub(super) fn at(&mut self, ms: u64) {
        self.ms = ms;
    }

    /// Gets a room that left another group.
    #[track_caller]
    pub(super) fn adopts(&mut self, from: &Scene, name: &str) {
        let carried = from.rooms.carried(name).expect("it was fenced there");
        let verb = carried.into_verb();
        let place = Place::Room(RoomName::parse(name).expect("a room's name"));
        self.ms += 1;
        let command = RoomCommand { who: who("oper"), number: 0, era: None, place, verb };
        let outcome = self.rooms.apply(Stamp::from_ms(self.ms), command);
        assert_eq!(outcome, Outcome::default()); // Nobody parts or joins.
    }

    pub(super) fn room(&self, name: &str) -> &Room {
        self.rooms.room(name).expect("the script made the room")
    }

    #[track_caller]
    pub(super) fn plays(&mut self, script: &str) {
        let mut played = String::new();
        for line in script.lines().map(str::trim) {
            let Some((nick, asked)) = line.split_once("> ") else {
                continue;
            };
            played += &format!("{line}\n");
            for seen in self.ask(nick, asked) {
                played += &format!("< {seen}\n");
            }
        }
        let script: String = script.lines().map(|it| it.trim().to_owned() + "\n").collect();
        assert_eq!(script, played, "\nexpected:\n{script}\nplayed:\n{played}");
    }

    fn ask(&mut self, nick: &str, asked: &str) -> Vec<String> {
        self.ms += 1;
        let (place, verb) = parse(nick, asked);
        let (nick, account) =
            nick.split_once('@').map_or((nick, None), |it| (it.0, Some(it.1.into())));
        let who = Who { account, ..who(nick) };
        let command = RoomCommand { who, number: 0, era: None, place, verb };
        shown(&self.rooms.apply(Stamp::from_ms(self.ms), command))
    }
}

pub(super) fn who(nick: &str) -> Who {
    Who {
        session: session(nick),
        nick: Nick::parse(nick, 32).expect("scripts use valid nicks"),
        user: nick.into(),
        host: format!("{nick}.host").into(),
        account: None,
        is_operator: nick == "oper",
        is_bot: false,
    }
}

pub(super) fn session(nick: &str) -> SessionId {
    let digits = nick.bytes().take(8);
    SessionId(digits.fold(0, |id, byte| id << 8 | u64::from(byte)))
}

fn parse(asker: &str, asked: &str) -> (Place, RoomVerb) {
    let (verb, rest) = asked.split_once(' ').unwrap_or((asked, ""));
    let (target, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let nick = |raw: &str| Nick::parse(raw, 32).expect("scripts use valid nicks");
    let text: Arc<str> = rest.into();
    let parsed = match verb {
        "say" => RoomVerb::Say {
            kind: SayKind::Message,
            text,
            tags: Vec::new(),
            status: None,
            to: target.strip_prefix('@').map(|it| (session(it), nick(it))),
        },
        "join" => RoomVerb::Join {
            shown: target.into(),
            key: (!rest.is_empty()).then_some(text),
            realname: asker.into(),
        },
        "part" => RoomVerb::Part { reason: text },
        "kick" => RoomVerb::Kick { session: session(rest), nick: nick(rest), reason: "".into() },
        "topic" => RoomVerb::Topic { text },
        "mode" => RoomVerb::Modes { changes: parse_modes(rest) },
        "invite" => RoomVerb::Invite { session: session(rest), nick: nick(rest) },
        "quit" => RoomVerb::Forget { reason: text },
        "expire" => RoomVerb::Expire {
            before: Stamp::from_ms(number(target)),
            spares: rest.split_whitespace().filter_map(|it| RoomName::parse(it).ok()).collect(),
        },
        "tail" => {
            let numbers: Vec<u64> = rest.split(' ').map(number).collect();
            let [epoch, node, index, ms] = numbers[..] else {
                panic!("scripts say which epoch and node, how far, and when");
            };
            let last = Stamp::from_ms(ms);
            RoomVerb::Tail { epoch, node: NodeId(node), index, last }
        }
        "open" => RoomVerb::Open { epoch: number(rest) },
        "fence" => RoomVerb::Fence { to: replication(rest), shown: target.into() },
        "lives" => {
            let (to, epoch) = rest.split_once(' ').expect("scripts say where and since when");
            RoomVerb::Lives { to: replication(to), epoch: number(epoch) }
        }
        "claim" => RoomVerb::Claim,
        "release" => RoomVerb::Release,
        "access" => {
            let (account, level) = rest.split_once(' ').expect("scripts say whose, and which");
            let level = match level {
                "voice" => Some(Access::Voice),
                "operator" => Some(Access::Operator),
                "admin" => Some(Access::Admin),
                _ => None,
            };
            RoomVerb::Access { account: account.into(), level }
        }
        "gone" => RoomVerb::Gone { epoch: number(rest) },
        other => panic!("scripts do not know {other}"),
    };
    let place = match RoomName::parse(target) {
        Ok(name) => Place::Room(name),
        Err(_) => Place::direct(asker, target),
    };
    (place, parsed)
}

fn replication(raw: &str) -> Replication {
    raw.parse().expect("scripts name one of the three")
}

fn number(raw: &str) -> u64 {
    raw.parse().expect("scripts use numbers")
}

fn parse_modes(raw: &str) -> Vec<ModeChange> {
    let mut words = raw.split(' ');
    let mut changes = Vec::new();
    let mut is_set = true;
    for letter in words.next().unwrap_or_default().chars() {
        if "+-".contains(letter) {
            is_set = letter == '+';
            continue;
        }
        let takes_param = "beIkov".contains(letter) || (letter == 'l' && is_set);
        let param = takes_param.then(|| words.next()).flatten();
        let is_rank = "ov".contains(letter);
        changes.push(ModeChange {
            is_set,
            letter,
            param: param.map(Arc::from),
            session: param.filter(|_| is_rank).map(session),
        });
    }
    changes
}

fn shown(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<String> = outcome.records.iter().map(|it| shown_record(it)).collect();
    let refused = |why: &Refusal| format!("refused {why:?}");
    lines.extend(outcome.refused.iter().map(refused));
    lines.extend(outcome.expired.iter().map(|it| format!("expired {it}")));
    lines
}

fn shown_record(record: &Record) -> String {
    let what = match &record.what {
        What::Said { text, to, .. } => match to {
            Some((_, nick)) => format!("said {text} to {nick}"),
            None => format!("said {text}"),
        },
        What::Joined { is_operator, shown, .. } => {
            format!("joined {shown}{}", if *is_operator { " as operator" } else { "" })
        }
        What::Parted { .. } => "parted".to_owned(),
        What::Quit { .. } => format!("quit {}", record.place.key()),
        What::Kicked { nick, .. } => format!("kicked {nick}"),
        What::Topic { text } => format!("set topic {text}").trim().to_owned(),
        What::Modes { changes } => format!("set {}", shown_modes(changes)),
        What::Invited { nick, .. } => format!("invited {nick}"),
        What::Replicated { from, to, epoch } => {
            format!("moved it from {from} to {to}, epoch {epoch}")
        }
        What::Met { cut_ms, .. } => format!("met after {cut_ms}"),
    };
    format!("{} {what}", record.who.nick)
}

fn shown_modes(changes: &[ModeChange]) -> String {
    let mut letters = String::new();
    let mut params = String::new();
    let mut last = None;
    for change in changes {
        if last != Some(change.is_set) {
            letters.push(if change.is_set { '+' } else { '-' });
            last = Some(change.is_set);
        }
        letters.push(change.letter);
        if let Some(param) = &change.param {
            params += &format!(" {param}");
        }
    }
    letters + &params
}
