//! A node alone on a disk in memory, and what its door hears.

mod accounts;
mod attaching;
mod claims;
mod gossip;
mod joining;
mod lookup;
mod moves;
mod moving;
mod order;
mod outside;
mod people;
mod standstill;
mod waiting;

use super::*;
use crate::Names;
use crate::door::{Ask, Query, Refused, Registration, RoomAsk};
use crate::identity::Phase;
use crate::lookup::Lookup;
use chat::{Nick, RoomName, SayKind, What};
use rand::SeedableRng;
use replica::PeerId;
use replica::store::SimDisk;
use replica::store::history::HistoryOptions;
use replica::store::log::LogOptions;
use std::sync::mpsc;

struct NoLinks;

impl Links for NoLinks {
    fn send(&mut self, _: PeerId, _: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        false
    }
}

/// The node and its one door.
struct Alone {
    core: Core,
    synced: mpsc::Receiver<u64>,
    deliveries: crossbeam_channel::Receiver<Vec<Delivery>>,
    lookup: Lookup,
    now_ms: u64,
}

impl Alone {
    /// Just started: sessions of an earlier life may not have ended yet.
    fn starting() -> Alone {
        Alone::as_founder_of(1)
    }

    fn starting_with(names: Names) -> Alone {
        Alone::as_any(Phase::Founding, 1, Vec::new(), names)
    }

    /// The same with so many groups of each strategy.
    fn as_founder_of(groups: u32) -> Alone {
        Alone::as_who(Phase::Founding, groups, Vec::new())
    }

    /// With an empty disk, on its way to become a member.
    fn as_who(phase: Phase, groups: u32, peers: Vec<(u64, String)>) -> Alone {
        Alone::as_any(phase, groups, peers, Names::Raft)
    }

    fn as_any(phase: Phase, groups: u32, peers: Vec<(u64, String)>, names: Names) -> Alone {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new());
        let name = "a".to_owned();
        let identity = Identity { id: 7, cluster: 1, phase, name, groups, boot: 1, peers, names };
        let options = LogOptions { segment_bytes: 1 << 18, inline: true, ..LogOptions::default() };
        let (tell, synced) = mpsc::channel();
        let on_synced =
            Box::new(move |it: Result<u64, _>| tell.send(it.expect("no faults")).unwrap_or(()));
        let options = (options, HistoryOptions::default());
        let found =
            restore(&disk, &identity, options, on_synced).unwrap_or_else(|it| panic!("{it}"));
        let (publisher, lookup) = Lookup::pair(1);
        let around = Surroundings {
            publisher,
            hasher: crate::accounts::Hasher::inline(),
            checkpoint_commands: 1_000,
            info: Arc::new(Info {
                name: "a".into(),
                id: NodeId(7),
                network: "net".into(),
                started_ms: 0,
            }),
            config: Config {
                name: "a".to_owned(),
                data_dir: "nowhere".into(),
                directory: true,
                chat: true,
                network: "net".to_owned(),
                address: "127.0.0.1:1".to_owned(),
                tls: None,
                join: Vec::new(),
                copies: 1,
                fanout: 3,
                priority: 0,
                replication: chat::Replication::Raft,
                groups,
                names,
                rebalance: crate::Rebalance::Members,
                rebalance_slack: 20,
                session_grace: Duration::from_secs(60),
                retention: None,
                empty_room_ttl: None,
                accounts: Default::default(),
            },
            identity,
            disk,
            random: SmallRng::seed_from_u64(1),
            secrets: StdRng::seed_from_u64(1),
        };
        let mut core = Core::new(around, found.engine, found.history, found.state);
        let (sink, deliveries) = crossbeam_channel::unbounded();
        let (number, _number) = crossbeam_channel::bounded(1);
        core.receive_inbound(Inbound::Attach { sink, wake: Box::new(|| ()), number });
        let mut alone = Alone { core, synced, deliveries, lookup, now_ms: 0 };
        alone.wait(10_000);
        alone
    }

    /// Serving, with these people in, each under the connection of that number.
    fn with(nicks: &[&str]) -> Alone {
        Alone::starting().take_in(nicks)
    }

    fn take_in(self, nicks: &[&str]) -> Alone {
        let mut alone = self;
        alone.become_ready();
        alone.said();
        for (conn, nick) in (1..).zip(nicks) {
            alone.ask(conn, 0, register(nick));
        }
        alone.commit();
        let come_in: Vec<String> =
            (1..).zip(nicks).map(|(conn, nick)| format!("{conn}.0 registered {nick}")).collect();
        assert_eq!(alone.answers(), come_in);
        alone
    }

    /// Does its duties until it serves; how many rounds of them it took.
    fn become_ready(&mut self) -> usize {
        for round in 1..100 {
            self.do_round();
            if self.core.is_fresh {
                return round;
            }
        }
        panic!("a node alone needs nobody");
    }

    fn do_round(&mut self) {
        self.wait(cluster::DUTY_MS);
        self.core.tick();
        self.commit();
    }

    fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.core.set_now(Duration::from_millis(self.now_ms), 1_000_000 + self.now_ms);
    }

    /// A request, taken in; what it needs of the log has yet to reach the disk.
    fn ask(&mut self, conn: u32, tag: u64, ask: Ask) {
        self.core.receive_inbound(Inbound::Requests(vec![Request {
            conn: conn_id(conn),
            tag,
            number: 0,
            ask,
        }]));
    }

    /// Everything reaches the disk and is applied.
    fn commit(&mut self) {
        self.core.settle(&mut NoLinks);
        while self.core.wants_sync() {
            self.core.sync_log();
            while let Ok(ticket) = self.synced.try_recv() {
                self.core.synced(ticket);
            }
            self.core.settle(&mut NoLinks);
        }
    }

    /// What the door heard since it was last asked, in words.
    fn said(&mut self) -> Vec<String> {
        self.core.flush();
        self.deliveries.try_iter().flatten().filter_map(in_words).collect()
    }

    /// The answers alone.
    fn answers(&mut self) -> Vec<String> {
        let is_answer = |it: &String| it.starts_with(|c: char| c.is_ascii_digit());
        self.said().into_iter().filter(is_answer).collect()
    }
}

fn conn_id(slot: u32) -> ConnId {
    ConnId { shard: ShardId(0), slot, generation: 0 }
}

fn nick(it: &str) -> Nick {
    Nick::parse(it, 30).expect("a valid nick")
}

fn room(it: &str) -> RoomName {
    RoomName::parse(it).expect("a valid name")
}

fn register(it: &str) -> Ask {
    Ask::Register(Registration {
        nick: nick(it),
        user: it.into(),
        host: "host".into(),
        realname: "Some Body".into(),
        account: None,
        is_secure: true,
    })
}

fn in_room(verb: RoomAsk) -> Ask {
    Ask::Room { room: room("#r"), verb }
}

fn join() -> Ask {
    in_room(RoomAsk::Join { shown: "#r".into(), key: None })
}

fn say(text: &str) -> Ask {
    let (kind, tags) = (SayKind::Message, Vec::new());
    in_room(RoomAsk::Say { kind, text: text.into(), tags, status: None })
}

fn gone(reason: &str) -> Ask {
    Ask::Gone { reason: reason.into() }
}

/// `conn.tag answer`, or what happened. `None`: not what these tests are about.
fn in_words(delivery: Delivery) -> Option<String> {
    Some(match delivery {
        Delivery::Answer { conn, tag, answer } => {
            let answer = match answer {
                Answer::Registered(it) => format!("registered {}", it.nick),
                Answer::Token { session, rooms, .. } => {
                    let rooms = rooms.iter().map(|it| it.room.as_str());
                    format!("goes on as {} in {:?}", session.nick, rooms.collect::<Vec<_>>())
                }
                Answer::Done => "done".to_owned(),
                Answer::Refused(why) => format!("refused: {:?}", why[0]),
                Answer::Unknown => "unknown".to_owned(),
                Answer::LoggedIn { account, .. } => format!("logged in as {account}"),
                Answer::Challenge(it) => format!("challenge for {}", it.account),
                Answer::View(_) => "view".to_owned(),
            };
            format!("{}.{tag} {answer}", conn.slot)
        }
        Delivery::Record { record, .. } => {
            let what = match &record.what {
                What::Said { text, to: None, .. } => format!("says {text}"),
                What::Said { text, to: Some((_, to)), .. } => format!("tells {to}: {text}"),
                What::Joined { realname, .. } => format!("joins as {realname}"),
                What::Parted { reason } => format!("parts: {reason}"),
                What::Kicked { nick, reason, .. } => format!("kicks {nick}: {reason}"),
                What::Invited { nick, .. } => format!("invites {nick}"),
                What::Topic { text, .. } => format!("sets the topic {text}"),
                What::Modes { changes } => {
                    let whose = |it: &chat::ModeChange| {
                        format!("{}{} {:?}", if it.is_set { '+' } else { '-' }, it.letter, it.param)
                    };
                    format!("sets {}", changes.iter().map(whose).collect::<String>())
                }
                other => format!("{other:?}"),
            };
            format!("{} {what}", record.who.nick)
        }
        Delivery::Began(it) => format!("{} began", it.nick),
        Delivery::Renamed { session, from, .. } => format!("{from} is {} now", session.nick),
        Delivery::Displaced { session, from, .. } => format!("{from} gave way as {}", session.nick),
        Delivery::Altered { session, .. } => {
            format!("{} is away: {:?}", session.nick, session.away)
        }
        Delivery::Ended { session, reason, by, .. } => match by {
            Some(by) => format!("{} ended: {reason} (by {by})", session.nick),
            None => format!("{} ended: {reason}", session.nick),
        },
        Delivery::Wallops { from, text } => format!("{from} calls {text}"),
        Delivery::Members(_) | Delivery::Drain { .. } => return None,
        Delivery::SendAway { .. } => "send away".to_owned(),
        Delivery::TakeIn => "take in".to_owned(),
        Delivery::Detached { .. } => "one is detached".to_owned(),
        Delivery::SendOn { to, .. } => format!("send on to {}", to.name),
    })
}
