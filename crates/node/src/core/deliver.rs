//! What passes between nodes outside of any log: WALLOPS, and look-ups of history that is elsewhere.

use super::Core;
use super::history::RemoteQuery;
use crate::door::{Delivery, HistorySelect};
use bytes::Bytes;
use chat::Who;
use chat::codec::{decode, encode};
use fail::fail_point;
use replica::store::GroupId;
use serde::{Deserialize, Serialize};

/// Between nodes. Lost when the link is down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// To operators and `+w` users.
    Wallops { from: String, text: String },
    /// A look-up of history of a group that the asking node holds no replica of.
    FindHistory {
        number: u64,
        group: u32,
        key: String,
        select: HistorySelect,
        limit: u32,
        /// Clients there have seen what this entry brought: who is behind it must not answer.
        seen: u64,
    },
    /// Its answer, of a node that has applied so much; `None`: it could not be read.
    FoundHistory { number: u64, applied: u64, records: Option<Vec<Bytes>> },
    /// Who failed to log in, by kind and hash, and how often.
    Guesses(Vec<((u8, u64), u32)>),
}

impl Core {
    pub(super) fn wallops(&mut self, from: &str, text: &str) {
        let told = Told::Wallops { from: from.to_owned(), text: text.to_owned() };
        for peer in self.up.clone() {
            self.engine.tell(peer, encode(&told).into());
        }
        self.deliver_wallops(from, text);
    }

    fn deliver_wallops(&mut self, from: &str, text: &str) {
        self.deliver_each(None, |_| Delivery::Wallops { from: from.into(), text: text.into() });
    }

    pub(super) fn told(&mut self, from: u64, body: &[u8]) {
        match decode::<Told>(body) {
            Ok(Told::Wallops { from, text }) => self.deliver_wallops(&from, &text),
            Ok(Told::FindHistory { number, group, key, select, limit, seen }) => {
                fail_point!("node.before-history");
                let applied = self.engine.applied(GroupId(group));
                let records = match applied >= seen {
                    true => self.read_history(group, &key, select, limit as usize),
                    false => None,
                };
                let told = Told::FoundHistory { number, applied, records };
                self.engine.tell(from, encode(&told).into());
            }
            Ok(Told::FoundHistory { number, applied, records }) => {
                self.history_found(number, applied, records);
            }
            Ok(Told::Guesses(report)) => self.hear_guesses(report),
            Err(_) => tracing::warn!(from, "something that cannot be read"),
        }
    }

    /// Remembers who waits for a peer's answer.
    pub(super) fn ask_peer_for_history(
        &mut self,
        peer: u64,
        look_up: u64,
        group: u32,
        key: String,
        select: HistorySelect,
        limit: usize,
    ) {
        let number = self.next_token;
        self.next_token += 1;
        let query = RemoteQuery { look_up, group: GroupId(group), since_ms: self.now_ms };
        self.remote_queries.insert(number, query);
        let limit = limit.min(u32::MAX as usize) as u32;
        let seen = self.seen_of_history(GroupId(group));
        let told = Told::FindHistory { number, group, key, select, limit, seen };
        self.engine.tell(peer, encode(&told).into());
    }
}

/// Nobody in particular: for look-ups before registration.
pub(super) fn is_operator(who: Option<&Who>) -> bool {
    who.is_some_and(|it| it.is_operator)
}
