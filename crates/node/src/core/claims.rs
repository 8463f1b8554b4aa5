//! After a cut, where names are kept by Fast Bully: what this node's sessions were called on its side is
//! unknown on the other, whose registry counts from now on.
//!
//! Promise: a session with a connection here never ends for that, and is what it became on its side. It is
//! claimed until it is registered again, or restated until that is decided; what its connection asks
//! meanwhile waits.

use super::{Asker, Conn, Core, Own};
use chat::SessionId;
use chat::directory::{Directory, DirectoryCommand, Session};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A claim without an outcome is made again after this long, in milliseconds: longer than a commit takes.
const AGAIN_MS: u64 = 1_000;

/// Sessions as they were, and when they were claimed or restated last.
pub(super) type Unclaimed = BTreeMap<SessionId, (Arc<Session>, u64)>;

impl Core {
    /// Sessions that are not in the registry that counts from now on. Gives back those that are over.
    pub(super) fn claim(&mut self, gone: Vec<Arc<Session>>) -> Vec<Arc<Session>> {
        if !self.groups.is_split() {
            return gone;
        }
        let (own, over): (Vec<_>, Vec<_>) =
            gone.into_iter().partition(|it| self.conn_of.contains_key(&it.id));
        own.into_iter().for_each(|it| self.will_claim(it));
        self.claim_again();
        over
    }

    /// Sessions of this node that the registry which counts from now on has otherwise than this node's had.
    pub(super) fn restate(&mut self, before: &Directory) {
        let is_otherwise = |it: &&Arc<Session>| {
            let now = self.directory.session(it.id);
            now.is_some_and(|now| now != *it) && self.conn_of.contains_key(&it.id)
        };
        let otherwise: Vec<_> = before.sessions_of(self.me).filter(is_otherwise).cloned().collect();
        otherwise.into_iter().for_each(|it| self.will_claim(it));
        self.claim_again();
    }

    fn will_claim(&mut self, session: Arc<Session>) {
        // One that was not decided on yet is newer than what a registry in between said of it.
        self.unclaimed.entry(session.id).or_insert((session, 0)).1 = 0;
    }

    /// Nothing of this connection goes on before its session's claim is decided. What was under way goes
    /// on being counted as what it is: this is no request of the connection.
    pub(super) fn awaits_claim(&self, conn: &Conn) -> bool {
        conn.session.is_some_and(|it| self.unclaimed.contains_key(&it))
    }

    pub(super) fn claim_again(&mut self) {
        let now_ms = self.now_ms;
        let is_due = |it: &&mut (Arc<Session>, u64)| it.1 == 0 || now_ms - it.1 >= AGAIN_MS;
        let due = self.unclaimed.values_mut().filter(is_due);
        let sessions: Vec<Session> = due
            .map(|it| {
                it.1 = now_ms.max(1);
                (*it.0).clone()
            })
            .collect();
        for session in sessions {
            let (own, command) = match self.directory.session(session.id) {
                None => (Own::Whatever, DirectoryCommand::Claim(session)),
                Some(_) => (Own::Restate(session.id), DirectoryCommand::Restate(session)),
            };
            self.submit_to_directory(Asker::Own(own), &command);
        }
    }

    /// It is registered (again), or was restated, and its connection still here: it goes on.
    pub(super) fn is_claimed(&mut self, session: SessionId) -> bool {
        if self.unclaimed.remove(&session).is_none() {
            return false;
        }
        let Some(id) = self.conn_of.get(&session).copied() else { return false };
        self.advance(id);
        true
    }
}
