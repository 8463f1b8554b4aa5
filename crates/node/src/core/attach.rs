//! Sessions that outlive their connections: whoever has a session's token goes on with it here, from
//! whichever node it was on.
//!
//! Promise: nobody else sees anything of it. The answer has the next token; the one that was shown opens the
//! session once more if that answer was lost, and nothing after the client's next request. Without a connection
//! a session lives for the grace, and ends then like one whose connection closed.

use super::requests::BETWEEN_BITS;
use super::{Asker, Core};
use crate::door::{Answer, Attachment, ConnId, Delivery, Refused};
use crate::per_address::household;
use chat::SessionId;
use chat::directory::{Attach, Digest, DirectoryCommand, Session};
use rand::RngCore;
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Sessions without a connection that are kept for one address, or one /64 of IPv6.
const LEFT_OF_HOUSEHOLD_MAX: usize = 64;

/// Sessions that were left without a connection, by address, or by host where that says no address.
pub(super) type Left = BTreeMap<Result<IpAddr, Arc<str>>, VecDeque<SessionId>>;

/// What goes on with a session. Nobody reads it in a log.
#[derive(Clone)]
pub(crate) struct Token(Arc<str>);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

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
            let command = DirectoryCommand::ConfirmKey { session, key };
            self.submit_to_directory(Asker::Confirm { conn, key }, &command);
        }
    }

    /// It is said again with the client's next request, unless it is done.
    pub(super) fn confirmed(&mut self, conn: ConnId, key: Digest, is_done: bool) {
        if let Some(it) = self.conns.get_mut(&conn).filter(|_| !is_done) {
            it.unconfirmed.get_or_insert(key);
        }
    }

    /// The connection of a session that is kept is gone. Of one household only so many are kept without one: the oldest ends.
    pub(super) fn leave_unattached(&mut self, session: SessionId) {
        let Some(host) = self.directory.session(session).map(|it| it.host.clone()) else { return };
        let whose = host.parse().map_or(Err(host), |it| Ok(household(it)));
        let left = self.left.entry(whose).or_default();
        left.push_back(session);
        if left.len() <= LEFT_OF_HOUSEHOLD_MAX {
            return;
        }
        let oldest = left.pop_front();
        if let Some(session) = oldest.filter(|it| self.is_left(*it)) {
            let reason = "Too many sessions without a connection".into();
            self.propose(&DirectoryCommand::End { session, reason, by: None });
        }
    }

    /// A session of this node that has no connection.
    fn is_left(&self, session: SessionId) -> bool {
        let is_here = self.directory.session(session).is_some_and(|it| it.node == self.me);
        is_here && !self.conn_of.contains_key(&session)
    }

    /// Forgets whose sessions went on, or are over.
    pub(super) fn tend_left(&mut self) {
        let mut left = std::mem::take(&mut self.left);
        left.retain(|_, them| {
            them.retain(|it| self.is_left(*it));
            !them.is_empty()
        });
        self.left = left;
    }

    fn submit_with_token(
        &mut self,
        conn: ConnId,
        tag: u64,
        token: Token,
        command: &DirectoryCommand,
    ) {
        if let Some(it) = self.conns.get_mut(&conn) {
            it.is_directory_busy = true;
        }
        self.submit_to_directory(Asker::Token { conn, tag, token }, command);
    }

    /// The directory has the token's digest. Without a session on the connection nobody is there any more.
    pub(super) fn answer_with_token(&self, conn: ConnId, token: Token) -> Answer {
        match self.session_of(conn) {
            Some(session) => {
                let rooms = self.rooms_of(session.id);
                let views = rooms.iter().filter_map(|it| self.room_view(it, Some(session.id)));
                Answer::Token { rooms: views.collect(), session, token: token.0 }
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

    fn draw_token(&mut self, session: SessionId) -> (Token, Digest) {
        let mut secret = [0; SECRET_BYTES];
        self.secrets.fill_bytes(&mut secret);
        let shown: String = secret.iter().map(|it| format!("{it:02x}")).collect();
        let key = key_of(&shown);
        (Token(format!("{:016x}-{shown}", session.0).into()), key)
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
