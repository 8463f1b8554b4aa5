//! The list: who there is, as this node sees it.

use super::{DoorAddress, DoorKind, Doors};
use chat::NodeId;
use chat::directory::Roles;
use std::net::IpAddr;
use std::sync::Arc;

/// Whether a node takes clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// It does.
    Up,
    /// It lives and takes nobody: it has just started, or is about to leave.
    Closed,
    /// It serves who is there and takes nobody new.
    Draining,
    /// It is not known to live, or its link broke a moment ago.
    Unreachable,
    /// The directory has it as down.
    Down,
}

impl Health {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Up => "up",
            Health::Closed => "closed",
            Health::Draining => "draining",
            Health::Unreachable => "unreachable",
            Health::Down => "down",
        }
    }
}

/// A node, for somebody who wants to connect.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// Identity.
    pub id: NodeId,
    /// Unique name.
    pub name: Arc<str>,
    /// What it does.
    pub roles: Roles,
    /// Whether it takes clients.
    pub health: Health,
    /// Where its doors are, as it says.
    pub doors: Arc<Doors>,
    /// Clients that were connected when it last reported.
    pub connections: u32,
    /// Tells its reports apart.
    pub report: u64,
}

/// What somebody wants to connect to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Wanted {
    /// A door of this kind.
    Door(DoorKind),
    /// Any door for chat, at an IPv4 address.
    Ipv4,
    /// Any door for chat, at an IPv6 address.
    Ipv6,
}

/// A client that was given no port tries that of IRC over TLS first.
const FOR_CHAT: [DoorKind; 6] =
    [DoorKind::Ircs, DoorKind::Irc, DoorKind::Wss, DoorKind::Ws, DoorKind::Web, DoorKind::Grpc];

impl Member {
    /// The door that is wanted, if the node has one and takes clients.
    #[must_use]
    pub fn open_door(&self, wanted: Wanted) -> Option<&DoorAddress> {
        let is_open = self.health == Health::Up && (self.roles.chat || wanted.is_of_directory());
        if is_open { self.door(wanted) } else { None }
    }

    /// The door that is wanted, whether it is open or not.
    #[must_use]
    pub fn door(&self, wanted: Wanted) -> Option<&DoorAddress> {
        let any = |is_it: fn(&IpAddr) -> bool| {
            let doors = FOR_CHAT.iter().filter_map(|it| self.doors.get(*it));
            doors.into_iter().find(|it| it.ip().is_some_and(|it| is_it(&it)))
        };
        match wanted {
            Wanted::Door(kind) => self.doors.get(kind),
            Wanted::Ipv4 => any(IpAddr::is_ipv4),
            Wanted::Ipv6 => any(IpAddr::is_ipv6),
        }
    }

    /// People can come in here: it has an open door of a kind that they use.
    #[must_use]
    pub fn is_open_to_people(&self) -> bool {
        use DoorKind::{Irc, Ircs, Ws, Wss};
        [Irc, Ircs, Ws, Wss].into_iter().any(|it| self.open_door(Wanted::Door(it)).is_some())
    }

    /// The same to whoever is told only of changes: load is none.
    fn is_as(&self, before: &Member) -> bool {
        let it = Member { connections: before.connections, report: before.report, ..self.clone() };
        it == *before
    }
}

impl Wanted {
    /// Doors that a node without the role `chat` may have, too.
    fn is_of_directory(self) -> bool {
        use DoorKind::{Dns, Grpc, Web};
        matches!(self, Wanted::Door(Dns | Grpc | Web))
    }
}

/// All members, as one node sees them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Members {
    /// Rises with everything but load. Each node counts for itself, from its start.
    pub version: u64,
    /// Name of the network.
    pub network: Arc<str>,
    /// In the order of their identities.
    pub nodes: Vec<Member>,
    /// The node that sees them so, if it is among them.
    pub me: Option<NodeId>,
}

impl Members {
    /// How many are in this state.
    #[must_use]
    pub fn count(&self, health: Health) -> usize {
        self.nodes.iter().filter(|it| it.health == health).count()
    }

    /// The node whose view this is.
    #[must_use]
    pub fn own(&self) -> Option<&Member> {
        self.nodes.iter().find(|it| Some(it.id) == self.me)
    }

    /// Nothing changed since, but load.
    pub(super) fn is_as(&self, before: &Members) -> bool {
        self.network == before.network
            && self.me == before.me
            && self.nodes.len() == before.nodes.len()
            && self.nodes.iter().zip(&before.nodes).all(|(it, before)| it.is_as(before))
    }
}
