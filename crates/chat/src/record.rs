//! What happened in a room or a conversation: delivered live, kept in history, equal everywhere.

use crate::codec::decode_first;
use crate::{MsgId, Nick, Replication, RoomName, SessionId, Who};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where something happened.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Place {
    /// In a room.
    Room(RoomName),
    /// Between two identities (accounts, or sessions where there is none), in sorted order:
    /// see [`Place::direct`].
    Direct(Arc<str>, Arc<str>),
}

impl Place {
    /// The conversation of two identities, the same from both sides.
    #[must_use]
    pub fn direct(a: &str, b: &str) -> Place {
        let (first, second) = if a <= b { (a, b) } else { (b, a) };
        Place::Direct(first.into(), second.into())
    }

    /// The key under which history and the ring know it. Rooms begin with `#`, conversations with `@`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Place::Room(name) => name.as_str().to_owned(),
            Place::Direct(a, b) => format!("@{a} {b}"),
        }
    }
}

/// Client-only tags with their `+`, in the order given, values unescaped.
pub type Tags = Vec<(Arc<str>, Arc<str>)>;

/// How something is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SayKind {
    /// An ordinary message.
    Message,
    /// One that programs must not answer.
    Notice,
    /// Tags alone; not kept in history.
    Tags,
}

/// One applied change of a room's modes. Setting: the letter with its parameter, or who is meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModeChange {
    /// `+` or `-`.
    pub is_set: bool,
    /// The mode letter: one of `beIklimnstov`.
    pub letter: char,
    /// Mask, key, limit, or the nick for `o` and `v`.
    pub param: Option<Arc<str>>,
    /// For `o` and `v`: whose presence.
    pub session: Option<SessionId>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum What {
    /// Somebody said something.
    Said {
        /// How.
        kind: SayKind,
        /// The text; empty for [`SayKind::Tags`].
        text: Arc<str>,
        /// Client-only tags (with their `+`), in the order given, values unescaped.
        tags: Vec<(Arc<str>, Arc<str>)>,
        /// Only for occupants with at least this prefix: `@` or `+` (STATUSMSG).
        status: Option<char>,
        /// In a conversation: for whom, and by which nick they were called.
        to: Option<(SessionId, Nick)>,
    },
    /// Somebody came in. `is_operator`: the room was without occupants and gave them operator.
    Joined {
        /// For extended-join.
        realname: Arc<str>,
        /// Operator given at once.
        is_operator: bool,
        /// The room's name as the joiner wrote it when this created the room, else as created.
        shown: Arc<str>,
    },
    /// Somebody left.
    Parted {
        /// Their words, may be empty.
        reason: Arc<str>,
    },
    /// The session ended; live clients heard of it from the directory, history hears of it here.
    Quit {
        /// Why.
        reason: Arc<str>,
    },
    /// Somebody was put out.
    Kicked {
        /// Whose presence.
        session: SessionId,
        /// By which name.
        nick: Nick,
        /// Why.
        reason: Arc<str>,
    },
    /// The topic changed; empty: it was cleared.
    Topic {
        /// New topic.
        text: Arc<str>,
    },
    /// Modes changed.
    Modes {
        /// Those that took effect.
        changes: Vec<ModeChange>,
    },
    /// Somebody was invited. Not kept in history.
    Invited {
        /// Whose presence.
        session: SessionId,
        /// By which name.
        nick: Nick,
    },
    /// The room goes on in another group: the last of it in this one.
    Replicated {
        /// How it was replicated.
        from: Replication,
        /// How it is from now on.
        to: Replication,
        /// Of this move.
        epoch: u64,
    },
    /// The network was cut, and on both sides people went on here: what each said is in the history.
    Met {
        /// For how long.
        cut_ms: u64,
        /// Who is back.
        nodes: Vec<Arc<str>>,
    },
}

impl What {
    /// True for what history keeps.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(
            self,
            What::Invited { .. }
                | What::Said { kind: SayKind::Tags, .. }
                | What::Said { status: Some(_), .. }
        )
    }
}

/// One thing that happened, with its id, time and source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its id; the stamp inside is also its `server-time`. It comes first: see [`Record::id_of`].
    pub id: MsgId,
    /// Where.
    pub place: Place,
    /// Who did it.
    pub who: Who,
    /// What it was.
    pub what: What,
}

impl Record {
    /// The id of an encoded record, for whoever sorts many and reads few. `None`: these bytes are none.
    #[must_use]
    pub fn id_of(bytes: &[u8]) -> Option<MsgId> {
        decode_first(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: SayKind, status: Option<char>) -> What {
        What::Said { kind, text: "x".into(), tags: Vec::new(), status, to: None }
    }

    #[test]
    fn history_keeps_what_everybody_in_the_room_could_read() {
        assert!(said(SayKind::Message, None).is_kept());
        assert!(said(SayKind::Notice, None).is_kept());
        assert!(What::Parted { reason: "".into() }.is_kept());
        let (from, to) = (Replication::Raft, Replication::Gossip);
        assert!(What::Replicated { from, to, epoch: 1 }.is_kept());
        assert!(!said(SayKind::Tags, None).is_kept());
        assert!(!said(SayKind::Message, Some('@')).is_kept());
        let nick = Nick::parse("bob", 30).expect("a nick");
        assert!(!What::Invited { session: SessionId(1), nick }.is_kept());
    }

    #[test]
    fn an_encoded_record_begins_with_its_id() {
        let id = MsgId { stamp: crate::Stamp(7 << 16 | 3), origin: 900 };
        let who = Who {
            session: SessionId(1),
            nick: Nick::parse("alice", 30).expect("a nick"),
            user: "u".into(),
            host: "h".into(),
            account: None,
            is_operator: false,
            is_bot: false,
        };
        let place = Place::direct("s:1", "a:bob");
        let record = Record { id, place, who, what: said(SayKind::Message, None) };
        let bytes = crate::codec::encode(&record);
        assert_eq!(Record::id_of(&bytes), Some(id));
        assert_eq!(Record::id_of(&bytes[..3]), None);
        assert_eq!(Record::id_of(b""), None);
    }

    #[test]
    fn a_conversation_is_the_same_from_both_sides() {
        let place = Place::direct("s:1", "a:bob");
        assert_eq!(place, Place::direct("a:bob", "s:1"));
        assert_eq!(place.key(), "@a:bob s:1");
        let room = RoomName::parse("#rust").expect("a room's name");
        assert_eq!(Place::Room(room).key(), "#rust");
    }
}
