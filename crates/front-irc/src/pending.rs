//! What was asked of the node, remembered until the answer.

use crate::accounts::AccountAsked;
use chat::{RoomName, SayKind};
use std::sync::Arc;

pub(crate) struct Pending {
    pub(crate) tag: u64,
    /// Number of the labelled command it belongs to.
    pub(crate) label: Option<u32>,
    pub(crate) asked: Asked,
}

/// What the answer is needed for.
pub(crate) enum Asked {
    /// Nothing is said when it is done.
    Register,
    /// A token for the session.
    Keep,
    Resume,
    Rename,
    Setname,
    UserModes,
    /// Nothing: a PONG that waits for the answers before it.
    Ping {
        token: Box<str>,
    },
    /// A refresh of what LUSERS says; nobody waits for it.
    Refresh,
    Away {
        is_away: bool,
    },
    Operator,
    Kill {
        nick: Arc<str>,
    },
    Wallops,
    Say {
        kind: SayKind,
        target: Target,
    },
    Join {
        room: RoomName,
    },
    Part {
        room: RoomName,
    },
    Kick {
        room: RoomName,
    },
    SetTopic {
        room: RoomName,
    },
    SetModes {
        room: RoomName,
    },
    Invite {
        room: RoomName,
        nick: Arc<str>,
    },
    Names {
        shown: Arc<str>,
    },
    Topic {
        shown: Arc<str>,
    },
    Modes {
        shown: Arc<str>,
    },
    Masks {
        shown: Arc<str>,
        letter: char,
    },
    Who(Box<WhoAsked>),
    Whois {
        nick: Arc<str>,
    },
    Whowas {
        nick: Arc<str>,
    },
    /// After a direct message: whether its reader is away.
    AwayOf,
    Ison,
    Userhost,
    Monitor {
        asked: Vec<Arc<str>>,
    },
    List {
        conditions: Box<str>,
    },
    Lusers,
    Links,
    Stats,
    Account(Box<AccountAsked>),
    /// Of ChanServ.
    Service {
        room: Arc<str>,
        what: ServiceAsked,
    },
    History(Box<HistoryAsked>),
    Targets,
}

/// What ChanServ was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceAsked {
    /// To change something.
    Change,
    /// Whose a room is.
    Info,
    /// Who has access.
    Access,
}

pub(crate) struct WhoAsked {
    pub(crate) mask: Box<str>,
    pub(crate) option: Box<str>,
}

pub(crate) struct HistoryAsked {
    pub(crate) target: Arc<str>,
    pub(crate) subcommand: String,
}

/// Where something was said.
pub(crate) enum Target {
    Room(RoomName),
    Nick(Arc<str>),
}

impl Target {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Target::Room(it) => it.as_str(),
            Target::Nick(it) => it,
        }
    }
}

impl Asked {
    /// The verb, for FAIL.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Asked::Register | Asked::Rename => "NICK",
            Asked::Keep | Asked::Resume => "RESUME",
            Asked::Setname => "SETNAME",
            Asked::Ping { .. } => "PING",
            Asked::UserModes | Asked::SetModes { .. } | Asked::Modes { .. } => "MODE",
            Asked::Masks { .. } => "MODE",
            Asked::Refresh | Asked::Lusers => "LUSERS",
            Asked::Away { .. } => "AWAY",
            Asked::Operator => "OPER",
            Asked::Kill { .. } => "KILL",
            Asked::Wallops => "WALLOPS",
            Asked::Say { kind: SayKind::Message, .. } => "PRIVMSG",
            Asked::Say { kind: SayKind::Notice, .. } => "NOTICE",
            Asked::Say { kind: SayKind::Tags, .. } => "TAGMSG",
            Asked::Join { .. } => "JOIN",
            Asked::Part { .. } => "PART",
            Asked::Kick { .. } => "KICK",
            Asked::SetTopic { .. } | Asked::Topic { .. } => "TOPIC",
            Asked::Invite { .. } => "INVITE",
            Asked::Names { .. } => "NAMES",
            Asked::Who(_) => "WHO",
            Asked::Whois { .. } => "WHOIS",
            Asked::Whowas { .. } => "WHOWAS",
            Asked::AwayOf => "PRIVMSG",
            Asked::Ison => "ISON",
            Asked::Userhost => "USERHOST",
            Asked::Monitor { .. } => "MONITOR",
            Asked::List { .. } => "LIST",
            Asked::Links => "LINKS",
            Asked::Stats => "STATS",
            Asked::Account(it) => it.verb(),
            Asked::Service { .. } => "CS",
            Asked::History(_) | Asked::Targets => "CHATHISTORY",
        }
    }

    /// Nothing more is read until it is answered.
    pub(crate) fn holds(&self) -> bool {
        match self {
            Asked::Register | Asked::Resume => true,
            Asked::Account(it) => it.holds(),
            _ => false,
        }
    }

    /// What was meant, for refusals.
    pub(crate) fn target(&self) -> Option<&str> {
        match self {
            Asked::Say { target, .. } => Some(target.as_str()),
            Asked::Join { room }
            | Asked::Part { room }
            | Asked::Kick { room }
            | Asked::SetTopic { room }
            | Asked::SetModes { room }
            | Asked::Invite { room, .. } => Some(room.as_str()),
            Asked::Names { shown }
            | Asked::Topic { shown }
            | Asked::Modes { shown }
            | Asked::Masks { shown, .. } => Some(shown),
            Asked::Service { room, .. } => Some(room),
            Asked::Kill { nick } | Asked::Whois { nick } | Asked::Whowas { nick } => Some(nick),
            Asked::History(it) => Some(&it.target),
            _ => None,
        }
    }
}
