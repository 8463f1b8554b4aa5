//! Sessions that outlive their connections: whoever has a session's token goes on with it here, from
//! whichever node it was on.
//!
//! Promise: nobody else sees anything of it. The answer has the next token; the one that was shown opens the
//! session once more if that answer was lost, and nothing after the client's next request. Without a connection
//! a session lives for the grace, and ends then like one whose connection closed.

use super::requests::BETWEEN_BITS;
use super::{Asker, Core};
use crate::door::{Answer, Attachment, ConnId, Delivery, Refused};
use chat::SessionId;
use chat::directory::{Attach, Digest, DirectoryCommand, Session};
use rand::RngCore;
use ring::digest::{SHA256, digest};
use std::sync::Arc;

/// Of a secret; nobody guesses one in a session's life.
const SECRET_BYTES: usize = 16;

impl Core {
    /// The session outlives its connection from now on.
    pub(super) fn keep_session(&mut self, conn: ConnId, tag: u64, session: SessionId) {
        let (token, key) = self.draw_token(session);
        let command = DirectoryCommand::SetKey { session, key };
        self.submit_with_token(conn, tag, token, &command);
    }

    /// A connection wants to go on with a session.
    pub(super) fn attach(&mut self, conn: ConnId, tag: u64, it: &Attachment) {
        if self.is_leaving {
            return self.answer(conn, tag, Answer::Refused(vec![Refused::Leaving]));
        }
        let is_begun = self.session_of(conn).is_some();
        let Some((session, key)) = read_token(&it.token).filter(|_| !is_begun) else {
            return self.answer(conn, tag, Answer::Refused(vec![Refused::NoSession]));
        };
        let (token, next) = self.draw_token(session);
        let (node, is_secure) = (self.me, it.is_secure);
        let command = DirectoryCommand::Attach(Attach { session, key, next, node, is_secure });
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.number = it.number << BETWEEN_BITS;
            conn.unconfirmed = Some(next);
        }
        self.submit_with_token(conn, tag, token, &command);
    }

    /// Its client has the newest token: the one that it showed opens nothing any more.
    pub(super) fn confirm_token(&mut self, conn: ConnId) {
        let Some(it) = self.conns.get_mut(&conn) else { return };
        if let (Some(session), Some(key)) = (it.session, it.unconfirmed.take()) {
            self.propose(&DirectoryCommand::SetKey { session, key });
        }
    }

    fn submit_with_token(
        &mut self,
        conn: ConnId,
        tag: u64,
        token: Arc<str>,
        command: &DirectoryCommand,
    ) {
        if let Some(it) = self.conns.get_mut(&conn) {
            it.is_directory_busy = true;
        }
        self.submit_to_directory(Asker::Token { conn, tag, token }, command);
    }

    /// The directory has the token's digest. Without a session on the connection nobody is there any more.
    pub(super) fn answer_with_token(&self, conn: ConnId, token: Arc<str>) -> Answer {
        match self.session_of(conn) {
            Some(session) => {
                let rooms = self.rooms_of(session.id);
                let views = rooms.iter().filter_map(|it| self.room_view(it, Some(session.id)));
                Answer::Token { rooms: views.collect(), session, token }
            }
            None => Answer::Refused(vec![Refused::NoSession]),
        }
    }

    /// A session has another connection now, maybe on another node.
    pub(super) fn attached(&mut self, session: &Session, asker: Option<&Asker>) {
        self.let_go_of(session.id);
        self.notice_login(session); // Its account may be gone since.
        let Some(Asker::Token { conn: id, .. }) = asker else { return };
        let Some(conn) = self.conns.get_mut(id).filter(|_| session.node == self.me) else {
            return; // It is gone itself: the session waits for the next.
        };
        conn.session = Some(session.id);
        self.conn_of.insert(session.id, *id);
        for room in self.rooms_of(session.id).iter() {
            self.follow(room, id.shard.0, 1);
        }
    }

    /// The connection that a session has here is none of it any more, and the door closes it.
    pub(super) fn let_go_of(&mut self, session: SessionId) {
        let Some(conn) = self.conn_of.get(&session).copied() else { return };
        let rooms = self.rooms_of(session);
        self.forget_connection(session, &rooms);
        if let Some(shard) = self.shards.get_mut(usize::from(conn.shard.0)) {
            shard.out.push(Delivery::Detached { session });
        }
    }

    /// Sessions that somebody may go on with, but not on their connections here: this node begins anew.
    pub(super) fn let_go_of_all(&mut self) {
        let own: Vec<SessionId> =
            self.conn_of.keys().copied().filter(|it| self.directory.has_key(*it)).collect();
        own.into_iter().for_each(|it| self.let_go_of(it));
    }

    /// Those that are on other nodes now, as a fetched directory says.
    pub(super) fn let_go_of_moved(&mut self) {
        let is_elsewhere = |it: &SessionId| {
            self.directory.session(*it).is_some_and(|session| session.node != self.me)
        };
        let moved: Vec<SessionId> = self.conn_of.keys().copied().filter(is_elsewhere).collect();
        moved.into_iter().for_each(|it| self.let_go_of(it));
    }

    fn draw_token(&mut self, session: SessionId) -> (Arc<str>, Digest) {
        let mut secret = [0; SECRET_BYTES];
        self.secrets.fill_bytes(&mut secret);
        let shown: String = secret.iter().map(|it| format!("{it:02x}")).collect();
        let key = key_of(&shown);
        (format!("{:016x}-{shown}", session.0).into(), key)
    }
}

fn key_of(secret: &str) -> Digest {
    let digest = digest(&SHA256, secret.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Whose it is, and the digest of its secret.
fn read_token(token: &str) -> Option<(SessionId, Digest)> {
    let (session, secret) = token.split_once('-')?;
    let is_ours = session.len() == 16 && secret.len() == 2 * SECRET_BYTES;
    let id = u64::from_str_radix(session, 16).ok().filter(|_| is_ours)?;
    Some((SessionId(id), key_of(secret)))
}
