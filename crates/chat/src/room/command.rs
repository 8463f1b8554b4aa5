//! What can be asked of a room.

use super::{Access, Carried, Ownership};
use crate::{ModeChange, NodeId, Place, Replication, RoomName, SayKind, SessionId, Stamp, Who};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One command, as it stands in an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomCommand {
    /// Who asks, as they are at this moment.
    pub who: Who,
    /// Rises with every command of the session; one at or below the last applied is a repeat and
    /// changes nothing. 0: not numbered (reconciliation by nodes).
    pub number: u64,
    /// For which era of the room it was sent, as its epoch: one for an ended era is turned away, also when the
    /// room is back in the group, so that it does not overtake those that were turned away before. `None`:
    /// good in any (commands of nodes, and in conversations).
    pub era: Option<u64>,
    /// Which room or conversation.
    pub place: Place,
    /// What.
    pub verb: RoomVerb,
}

/// The verbs. One file each under `room/verbs/`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RoomVerb {
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
        /// In a conversation: for whom.
        to: Option<(SessionId, crate::Nick)>,
    },
    /// Come in.
    Join {
        /// The name as written.
        shown: Arc<str>,
        /// Key given, if any.
        key: Option<Arc<str>>,
        /// For extended-join.
        realname: Arc<str>,
    },
    /// Leave.
    Part {
        /// May be empty.
        reason: Arc<str>,
    },
    /// Put somebody out.
    Kick {
        /// Whose presence.
        session: SessionId,
        /// Named so.
        nick: crate::Nick,
        /// Why.
        reason: Arc<str>,
    },
    /// Set or, with empty text, clear the topic.
    Topic {
        /// New topic.
        text: Arc<str>,
    },
    /// Change modes, in order. Parameters of `o`/`v` carry the session the node resolved the nick to.
    Modes {
        /// Asked changes.
        changes: Vec<ModeChange>,
    },
    /// Invite somebody.
    Invite {
        /// Whose presence.
        session: SessionId,
        /// Named so.
        nick: crate::Nick,
    },
    /// The directory says that this session has ended: drop it from every room of the group (`place`
    /// is ignored). `who` is the ended session.
    Forget {
        /// Why it ended.
        reason: Arc<str>,
    },
    /// Drop unoccupied rooms that nobody has been in since `before` (`place` is ignored).
    Expire {
        /// Rooms last used before this go, with their history.
        before: Stamp,
        /// But not these: somebody has spoken there since, which this log does not show.
        spares: Vec<RoomName>,
    },
    /// Replicate the room in another way: from here on it lives in the group of that strategy. Makes
    /// a room that does not exist.
    Fence {
        /// In which.
        to: Replication,
        /// The name as written, of a room that this makes.
        shown: Arc<str>,
    },
    /// A room that was fenced elsewhere goes on in this group. Of nodes.
    Adopt {
        /// All that is to be known of it.
        carried: Box<Carried>,
    },
    /// A room that left this group lives there now. Of nodes, to the home group.
    Lives {
        /// Where.
        to: Replication,
        /// Since which move.
        epoch: u64,
    },
    /// A room that left this group has expired where it lived. Of nodes.
    Gone {
        /// Its last.
        epoch: u64,
    },
    /// A room is about to end its gossip, and this node says no more in it. Of nodes.
    Tail {
        /// Of the era that ends.
        epoch: u64,
        /// Who says so.
        node: NodeId,
        /// Up to which entry of its own log it has said anything there.
        index: u64,
        /// Its last stamp.
        last: Stamp,
    },
    /// All who could be waited for have said their last: the room's gossip ends. Of nodes.
    Open {
        /// Of the era that ends.
        epoch: u64,
    },
    /// Branches of a room's gossip have met after a cut. Of nodes, by gossip only.
    Met {
        /// How long they were apart.
        cut_ms: u64,
        /// Who is back.
        nodes: Vec<Arc<str>>,
    },
    /// Register the room to the asker's account.
    Claim,
    /// The room shall be nobody's again.
    Release,
    /// What an account may do in a registered room; `None`: nothing more than anybody.
    Access {
        /// Which.
        account: Arc<str>,
        /// What.
        level: Option<Access>,
    },
    /// As `Adopt`, of a room that is registered.
    AdoptOwned {
        /// All else that is to be known of it.
        carried: Box<Carried>,
        /// Whose it is.
        owned: Box<Ownership>,
    },
}

impl RoomVerb {
    /// Means the same in whatever order it is applied: in a gossip room it needs no log of all.
    #[must_use]
    pub fn is_order_free(&self) -> bool {
        match self {
            RoomVerb::Say { .. } | RoomVerb::Met { .. } => true,
            RoomVerb::Join { .. }
            | RoomVerb::Part { .. }
            | RoomVerb::Kick { .. }
            | RoomVerb::Topic { .. }
            | RoomVerb::Modes { .. }
            | RoomVerb::Invite { .. }
            | RoomVerb::Forget { .. }
            | RoomVerb::Expire { .. }
            | RoomVerb::Fence { .. }
            | RoomVerb::Adopt { .. }
            | RoomVerb::Lives { .. }
            | RoomVerb::Gone { .. }
            | RoomVerb::Tail { .. }
            | RoomVerb::Open { .. }
            | RoomVerb::Claim
            | RoomVerb::Release
            | RoomVerb::Access { .. }
            | RoomVerb::AdoptOwned { .. } => false,
        }
    }
}
