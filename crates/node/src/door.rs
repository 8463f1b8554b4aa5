//! What doors and the node say to each other.
//!
//! A door owns connections, in shards of one thread each. A shard sends requests in batches and
//! receives deliveries in batches, in one order: what a session sees is the order of its deliveries.
//! Every request gets exactly one [`Delivery::Answer`], after the records it caused.

use crate::Status;
use crate::accounts::{AccountAsk, AccountRefused, Exchange, Hashed};
use crate::lookup::{Doors, Lookup, Member, Members, Publisher};
use bytes::Bytes;
use chat::directory::{Account, Change, Session};
use chat::room::{Access, Ownership, Refusal};
use chat::{MsgId, Nick, NodeId, Record, Replication, RoomName, SayKind, SessionId, Stamp};
use crossbeam_channel::{Receiver, Sender};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A shard of a door.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShardId(pub u16);

/// A connection: the shard chooses slot and generation; a slot used again has another generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId {
    /// Which shard owns it.
    pub shard: ShardId,
    /// The shard's own number for it.
    pub slot: u32,
    /// Tells users of one slot apart.
    pub generation: u32,
}

/// One request of one connection.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks; also who is answered.
    pub conn: ConnId,
    /// The door's own number, given back with the answer.
    pub tag: u64,
    /// The session's own number for what is said or done in a room or conversation, below [`NUMBER_MAX`]: at most one
    /// with a number takes effect, wherever it is sent and however often, and none below one that has. 0: it has none.
    pub number: u64,
    /// What.
    pub ask: Ask,
}

/// Numbers of requests are below this.
pub const NUMBER_MAX: u64 = 1 << 40;

/// What can be asked. Requests of one connection take effect in the order they were sent.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Begin a session; its connection must have none. Answered with `Registered` or `Refused`.
    Register(Registration),
    /// Let the session outlive its connection: it ends when told `End`, or some time after it was left without one.
    /// Answered with `Token`.
    Keep,
    /// Go on with a session; its connection must have none. Answered with `Token` or `Refused`.
    Attach(Attachment),
    /// Take another nick.
    Rename(Nick),
    /// Change what others see of this session.
    Alter(Change),
    /// End the session. The node ends it too when told `Gone`.
    End {
        /// Shown in QUIT.
        reason: Arc<str>,
    },
    /// The socket is gone: like `End`, unanswered.
    Gone {
        /// Shown in QUIT.
        reason: Arc<str>,
    },
    /// End somebody else's session. The door has checked that the asker is an operator.
    Kill {
        /// Who.
        nick: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Something in a room.
    Room {
        /// Which.
        room: RoomName,
        /// What.
        verb: RoomAsk,
    },
    /// A direct message. Durable like a room's: answered `Done` when committed.
    Direct {
        /// For whom.
        nick: Arc<str>,
        /// How.
        kind: SayKind,
        /// What.
        text: Arc<str>,
        /// Client-only tags.
        tags: Vec<(Arc<str>, Arc<str>)>,
    },
    /// To all operators and `+w` users of the network (WALLOPS). Not durable.
    Wallops {
        /// What.
        text: Arc<str>,
    },
    /// Logging in, and what an account's owner may do to it.
    Account(AccountAsk),
    /// Something to look up.
    Query(Query),
}

/// A person who comes in.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Claimed nick.
    pub nick: Nick,
    /// User name, as shown (with `~` if the door marks it so).
    pub user: Arc<str>,
    /// Host as shown.
    pub host: Arc<str>,
    /// Free text.
    pub realname: Arc<str>,
    /// Account, when logged in.
    pub account: Option<Arc<str>>,
    /// Came over TLS.
    pub is_secure: bool,
}

/// Who wants to go on with a session.
#[derive(Clone)]
pub struct Attachment {
    /// The newest token of the session that they were given.
    pub token: Arc<str>,
    /// A number like [`Request::number`], higher than all that the session has used.
    pub number: u64,
    /// They come over TLS.
    pub is_secure: bool,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attachment") // Its token is a secret.
    }
}

/// What can be asked of a room; nicks are resolved by the node.
#[derive(Clone, Debug)]
pub enum RoomAsk {
    /// Say something.
    Say {
        /// How.
        kind: SayKind,
        /// What.
        text: Arc<str>,
        /// Client-only tags.
        tags: Vec<(Arc<str>, Arc<str>)>,
        /// `@` or `+`: only for those occupants.
        status: Option<char>,
    },
    /// Come in.
    Join {
        /// As written.
        shown: Arc<str>,
        /// Key.
        key: Option<Arc<str>>,
    },
    /// Leave.
    Part {
        /// May be empty.
        reason: Arc<str>,
    },
    /// Put somebody out.
    Kick {
        /// Whom.
        nick: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Set or clear the topic.
    Topic {
        /// Empty: clear.
        text: Arc<str>,
    },
    /// Change modes: (set?, letter, parameter).
    Modes(Vec<(bool, char, Option<Arc<str>>)>),
    /// Invite somebody.
    Invite {
        /// Whom.
        nick: Arc<str>,
    },
    /// Replicate the room in another way.
    Replicate(Replication),
    /// Register it to the asker's account.
    Claim,
    /// It shall be nobody's again.
    Release,
    /// What an account may do there whenever it comes in; `None`: nothing more than anybody.
    Access {
        /// Which.
        account: Arc<str>,
        /// What.
        level: Option<Access>,
    },
}

/// Look-ups. Answered from what this node has applied.
#[derive(Clone, Debug)]
pub enum Query {
    /// One room as the asker may see it: `View::Room`.
    Room(RoomName),
    /// Rooms for LIST; secret ones only where the asker is in: `View::Rooms`.
    Rooms,
    /// One session by nick, with the rooms the asker may see: `View::Person`.
    Person(Arc<str>),
    /// The sessions that are logged in to the asker's account: `View::Sessions`.
    Mine,
    /// The asker's account: `View::Account`.
    Account,
    /// Sessions by nick, missing ones left out: `View::Sessions` (ISON, USERHOST, MONITOR).
    Sessions(Vec<Arc<str>>),
    /// Sessions whose nick, user, host or realname match a folded glob, those the asker shares a room
    /// with or that are not invisible (all, for operators), at most `limit`: `View::People`.
    Match {
        /// Glob with `*` and `?`.
        mask: Arc<str>,
        /// Most answers.
        limit: usize,
    },
    /// Sessions that had this nick lately, newest first: `View::Past`.
    Past {
        /// Nick.
        nick: Arc<str>,
        /// Most answers.
        limit: usize,
    },
    /// The asker's own mask lists of a room (`b`, `e`, `I`): `View::Masks`.
    Masks(RoomName, char),
    /// Whose a room is, as the asker may see it: `View::Ownership`.
    Ownership(RoomName),
    /// `View::Status`.
    Status,
    /// History of a room or of the conversation with a nick: `View::History`.
    History {
        /// `#room` or nick, as written.
        target: Arc<str>,
        /// Which part.
        select: HistorySelect,
        /// Most records.
        limit: usize,
    },
    /// Conversations and rooms with records between two times, newest activity: `View::Targets`.
    Targets {
        /// After this.
        after: Stamp,
        /// Before this.
        before: Stamp,
        /// Most answers.
        limit: usize,
    },
}

/// A place in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryPoint {
    /// At this message.
    Message(MsgId),
    /// At this time.
    Time(Stamp),
}

/// Which part of a history (CHATHISTORY's subcommands).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistorySelect {
    /// The newest, and newer than the point if one is given.
    Latest(Option<HistoryPoint>),
    /// The newest before the point.
    Before(HistoryPoint),
    /// The oldest after the point.
    After(HistoryPoint),
    /// Around the point, which is included.
    Around(HistoryPoint),
    /// Between two points, both excluded, beginning at the first; in either direction.
    Between(HistoryPoint, HistoryPoint),
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub enum View {
    /// A room; `None`: no such room, or not for the asker's eyes.
    Room(Option<Box<RoomView>>),
    /// LIST.
    Rooms(Vec<RoomLine>),
    /// A person; `None`: nobody has the nick.
    Person(Option<Box<PersonView>>),
    /// The account that the asker is logged in to, if any.
    Account(Option<Arc<Account>>),
    /// Those found.
    Sessions(Vec<Arc<Session>>),
    /// WHO.
    People(Vec<PersonView>),
    /// WHOWAS: session as it last was, and when it ended.
    Past(Vec<(Arc<Session>, Stamp)>),
    /// Masks: mask, who set it, when.
    Masks(Vec<MaskLine>),
    /// Whose a room is; `None`: nobody's, no such room, or not for the asker's eyes.
    Ownership(Option<Box<Ownership>>),
    /// The cluster.
    Status(Box<Status>),
    /// Encoded [`Record`]s, oldest first; decode with `chat::codec`.
    History(Vec<Bytes>),
    /// Targets as the client names them (room or nick), with their newest record's time, oldest first.
    Targets(Vec<(Arc<str>, Stamp)>),
}

/// An entry of a mask list: mask, who set it, when.
pub type MaskLine = (Arc<str>, Arc<str>, Stamp);

/// A room, for NAMES, WHO, TOPIC, MODE.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// Folded name.
    pub room: RoomName,
    /// As its creator wrote it.
    pub shown: Arc<str>,
    /// When it was made.
    pub created_at: Stamp,
    /// Text, who set it, when.
    pub topic: Option<(Arc<str>, Arc<str>, Stamp)>,
    /// Letters of the simple modes that are set.
    pub modes: String,
    /// `k`, for occupants and operators.
    pub key: Option<Arc<str>>,
    /// `l`.
    pub limit: Option<u32>,
    /// How it is replicated.
    pub replication: Replication,
    /// `s`.
    pub is_secret: bool,
    /// The asker is in.
    pub is_occupant: bool,
    /// Who is in, as the directory has them now.
    pub occupants: Vec<OccupantView>,
}

/// Somebody in a room.
#[derive(Clone, Debug)]
pub struct OccupantView {
    /// As they are now.
    pub session: Arc<Session>,
    /// `@`
    pub is_operator: bool,
    /// `+`
    pub is_voiced: bool,
}

/// A line of LIST.
#[derive(Clone, Debug)]
pub struct RoomLine {
    /// Shown name.
    pub shown: Arc<str>,
    /// How many are in.
    pub occupants: usize,
    /// Topic text, may be empty.
    pub topic: Arc<str>,
    /// When the topic was set.
    pub topic_at: Option<Stamp>,
    /// When the room was made.
    pub created_at: Stamp,
    /// How it is replicated.
    pub replication: Replication,
}

/// A session, for WHOIS and WHO.
#[derive(Clone, Debug)]
pub struct PersonView {
    /// Who.
    pub session: Arc<Session>,
    /// Name of the node it is attached to.
    pub node: Arc<str>,
    /// Rooms the asker may see, with operator and voice.
    pub rooms: Vec<(Arc<str>, bool, bool)>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The session exists. Its nick is the claimed one.
    Registered(Arc<Session>),
    /// The session outlives its connection, and whoever has the token goes on with it, once.
    Token {
        /// As it is now.
        session: Arc<Session>,
        /// For the next time.
        token: Arc<str>,
        /// The rooms it is in.
        rooms: Vec<RoomView>,
    },
    /// It happened; what happened was delivered before this.
    Done,
    /// It did not happen and will not.
    Refused(Vec<Refused>),
    /// It may have happened, or may yet; the client must not send it again blindly.
    Unknown,
    /// They are who they say.
    LoggedIn {
        /// The account's name, as its owner wrote it.
        account: Arc<str>,
        /// What proves to a client of SCRAM that this server knows the account.
        proof: Option<Arc<str>>,
    },
    /// SCRAM goes on: its `answer` is for the client, and all of it comes back with the client's last message.
    Challenge(Arc<Exchange>),
    /// A look-up's result.
    View(View),
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The room's machine said so.
    Room(Refusal),
    /// Somebody has the nick.
    NickInUse(Nick),
    /// The nick is the name of somebody else's account, or of a service.
    NickReserved(Nick),
    /// About an account.
    Account(AccountRefused),
    /// Nobody has the nick.
    NoSuchNick(Arc<str>),
    /// The node that the target is on, or the room's majority, cannot be reached now: it was not sent
    /// and will not be. Try again later.
    Unavailable,
    /// The node takes no more at this moment (a limit); it was not sent.
    Busy,
    /// The node is draining or stopping: connect elsewhere.
    Leaving,
    /// The session has ended.
    NoSession,
    /// History: not allowed, or no such target.
    NoHistory,
}

/// What a shard receives.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// To one request.
    Answer {
        /// Who asked.
        conn: ConnId,
        /// Its number for it.
        tag: u64,
        /// The answer.
        answer: Answer,
    },
    /// Something happened in a room or conversation. For a room: to all of the shard's sessions in
    /// it (a shard learns who that is from `Joined`, `Parted`, `Kicked` of its own sessions).
    Record {
        /// What.
        record: Arc<Record>,
        /// The request of this very shard that caused it (for echo and label).
        asked: Option<(ConnId, u64)>,
        /// With `Joined` of one of this shard's sessions: the room right after it.
        view: Option<Box<RoomView>>,
    },
    /// A session of this shard has its connection elsewhere now, or none: what it has here is closed.
    Detached {
        /// Which.
        session: SessionId,
    },
    /// A session began anywhere in the network (MONITOR).
    Began(Arc<Session>),
    /// A session changed its nick. For those who share one of `rooms`, the session itself, MONITOR.
    Renamed {
        /// As it is now.
        session: Arc<Session>,
        /// What it was called.
        from: Nick,
        /// The rooms it is in.
        rooms: Arc<[RoomName]>,
        /// When.
        at: Stamp,
        /// Whose request it was, if this shard's.
        asked: Option<(ConnId, u64)>,
    },
    /// As `Renamed`, because somebody else had registered the nick earlier, where nobody here could see it.
    Displaced {
        /// As it is now.
        session: Arc<Session>,
        /// What it was called.
        from: Nick,
        /// The rooms it is in.
        rooms: Arc<[RoomName]>,
        /// When.
        at: Stamp,
    },
    /// Something else of a session changed.
    Altered {
        /// As it is now.
        session: Arc<Session>,
        /// As it was.
        before: Arc<Session>,
        /// What.
        change: Change,
        /// The rooms it is in.
        rooms: Arc<[RoomName]>,
        /// When.
        at: Stamp,
        /// Whose request it was, if this shard's.
        asked: Option<(ConnId, u64)>,
    },
    /// A session is over. If it is this shard's own, the door closes its connection.
    Ended {
        /// As it last was.
        session: Arc<Session>,
        /// Why.
        reason: Arc<str>,
        /// Who killed it.
        by: Option<Nick>,
        /// The rooms it was in.
        rooms: Arc<[RoomName]>,
        /// When.
        at: Stamp,
    },
    /// To all operators and `+w` sessions of this shard.
    Wallops {
        /// Who wrote it, as `nick!user@host`.
        from: Arc<str>,
        /// What.
        text: Arc<str>,
    },
    /// A member came, went or changed in more than its load: all of them.
    Members(Arc<Members>),
    /// The node is leaving: tell clients and close them.
    Drain {
        /// Why.
        reason: Arc<str>,
    },
    /// An operator drains the node: tell clients, close them within that time, one after the other, and
    /// turn new ones away until [`Delivery::TakeIn`].
    SendAway {
        /// Why.
        reason: Arc<str>,
        /// How long it may take.
        over: Duration,
    },
    /// The node is drained no longer.
    TakeIn,
    /// Other nodes have fewer clients: one of this shard's should go to that one. Who can do so by itself is
    /// asked; if nobody can, somebody else is closed with that advice, or, if that may not be, nobody.
    SendOn {
        /// Where.
        to: Arc<Member>,
        /// Somebody may be closed.
        may_close: bool,
    },
}

/// What a door needs of a node. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    /// Towards the node's loop.
    pub(crate) inbox: Sender<Inbound>,
    /// Wakes the node's loop.
    pub(crate) wake: Arc<dyn Fn() + Send + Sync>,
    /// Where clients can connect.
    pub(crate) lookup: Lookup,
    /// What does not change while the node runs.
    pub info: Arc<Info>,
}

/// What does not change while a node runs.
#[derive(Clone, Debug)]
pub struct Info {
    /// The node's unique name.
    pub name: Arc<str>,
    /// Its identity.
    pub id: NodeId,
    /// Name of the network.
    pub network: Arc<str>,
    /// Unix milliseconds of its start.
    pub started_ms: u64,
}

/// What reaches the node's loop from other threads.
pub(crate) enum Inbound {
    /// A shard attaches.
    Attach {
        /// Where its deliveries go.
        sink: Sender<Vec<Delivery>>,
        /// Called after deliveries were put there.
        wake: Box<dyn Fn() + Send>,
        /// Receives the shard's number.
        number: Sender<ShardId>,
    },
    /// Requests of a shard.
    Requests(Vec<Request>),
    /// A password was hashed.
    Hashed { number: u64, hashed: Hashed },
    /// The doors of this node, as clients elsewhere find them.
    Doors(Doors),
    /// Leave: takes nobody new. Dropped when nothing is left to wait for.
    Drain(Sender<()>),
    /// Stop.
    Stop,
}

impl Handle {
    /// Attaches a shard. `wake` is called, from the node's thread, each time deliveries wait.
    /// `None`: the node has stopped.
    pub fn attach(&self, wake: Box<dyn Fn() + Send>) -> Option<(ShardId, Receiver<Vec<Delivery>>)> {
        let (assigned, deliveries) = self.attach_soon(wake)?;
        Some((assigned.recv().ok()?, deliveries))
    }

    /// Like [`Handle::attach`], for a door in the node's own thread: the shard's number comes once
    /// the node has run.
    pub fn attach_soon(
        &self,
        wake: Box<dyn Fn() + Send>,
    ) -> Option<(Receiver<ShardId>, Receiver<Vec<Delivery>>)> {
        let (sink, deliveries) = crossbeam_channel::unbounded();
        let (number, assigned) = crossbeam_channel::bounded(1);
        self.inbox.send(Inbound::Attach { sink, wake, number }).ok()?;
        (self.wake)();
        Some((assigned, deliveries))
    }

    fn send_inbound(&self, inbound: Inbound) {
        let _ = self.inbox.send(inbound); // A node that has stopped needs no telling.
        (self.wake)();
    }

    /// Takes nobody new, hands leaderships over, tells doors to move their clients away. The channel
    /// closes when that is done; the node still runs.
    #[must_use]
    pub fn drain_soon(&self) -> Receiver<()> {
        let (done, is_done) = crossbeam_channel::bounded(1);
        self.send_inbound(Inbound::Drain(done));
        is_done
    }

    /// Tells the network where clients find the doors of this node. Until then, and while the node does
    /// not serve, nobody is sent here.
    pub fn advertise(&self, doors: Doors) {
        self.send_inbound(Inbound::Doors(doors));
    }

    /// Where clients can connect: answered from what is there, without asking the node's loop.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        self.lookup.clone()
    }

    /// Lets the node write a checkpoint and stop.
    pub fn stop_soon(&self) {
        self.send_inbound(Inbound::Stop);
    }

    /// Sends requests. Returns false when the node has stopped.
    pub fn send(&self, requests: Vec<Request>) -> bool {
        let is_running = self.inbox.send(Inbound::Requests(requests)).is_ok();
        (self.wake)();
        is_running
    }
}

/// What a node hears from its doors: the other end of a [`Handle`], for the tests of doors and for
/// the simulator.
pub struct Requests {
    inbox: Receiver<Inbound>,
    members: Publisher,
}

/// One thing that a node hears.
pub enum FromDoor {
    /// A shard attaches; answer `number`.
    Attach {
        /// Where its deliveries go.
        sink: Sender<Vec<Delivery>>,
        /// To be called after deliveries were put there.
        wake: Box<dyn Fn() + Send>,
        /// Takes the shard's number.
        number: Sender<ShardId>,
    },
    /// Requests of a shard.
    Requests(Vec<Request>),
}

impl Requests {
    /// Waits for the next; `None` once every handle is gone.
    #[must_use]
    pub fn next(&self) -> Option<FromDoor> {
        loop {
            return Some(match self.inbox.recv().ok()? {
                Inbound::Attach { sink, wake, number } => FromDoor::Attach { sink, wake, number },
                Inbound::Requests(requests) => FromDoor::Requests(requests),
                // Not of doors with connections.
                Inbound::Hashed { .. } | Inbound::Doors(_) | Inbound::Drain(_) | Inbound::Stop => {
                    continue;
                }
            });
        }
    }

    /// Replaces the list of members that doors look nodes up in.
    pub fn publish(&self, members: Members) {
        self.members.publish(members);
    }
}

impl Handle {
    /// A handle with its other end, for the tests of doors and for the simulator.
    #[must_use]
    pub fn pair(info: Info) -> (Handle, Requests) {
        let (inbox, requests) = crossbeam_channel::unbounded();
        let (wake, info) = (Arc::new(|| ()), Arc::new(info));
        let (members, lookup) = Lookup::pair(info.id.0);
        (Handle { inbox, wake, lookup, info }, Requests { inbox: requests, members })
    }
}
