//! Sessions that outlive their connections, and what has to be shown to go on with one.

use crate::SessionId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// SHA-256 of a secret. Only who began a session, or went on with it last, knows the secret: logs hold the digest.
pub type Digest = [u8; 32];

/// By session; a session without a key ends with its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Keys(BTreeMap<SessionId, Key>);

/// What opens a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    now: Digest,
    /// What was shown last: whoever showed it may not have heard yet what comes after it.
    before: Option<Digest>,
}

impl Keys {
    /// From now on this opens the session, and nothing else.
    pub(super) fn set(&mut self, session: SessionId, key: Digest) {
        self.0.insert(session, Key { now: key, before: None });
    }

    /// If this opens the session, `next` does from now on, too.
    pub(super) fn open(&mut self, session: SessionId, shown: Digest, next: Digest) -> bool {
        let Some(key) = self.0.get_mut(&session) else { return false };
        let is_right = key.now == shown || key.before == Some(shown);
        if is_right {
            *key = Key { now: next, before: Some(shown) };
        }
        is_right
    }

    /// Whoever was given this key knows it: what was shown before opens nothing any more. Nothing, if the
    /// key is another one by now.
    pub(super) fn confirm(&mut self, session: SessionId, key: Digest) {
        if let Some(it) = self.0.get_mut(&session).filter(|it| it.now == key) {
            it.before = None;
        }
    }

    pub(super) fn has(&self, session: SessionId) -> bool {
        self.0.contains_key(&session)
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.0.remove(&session);
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.0.keys().copied()
    }
}
