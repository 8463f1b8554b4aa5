//! What follows for sessions from accounts: whoever is logged in to one that is no more is logged out, and a
//! nick that is the name of one is for nobody else.

use super::{Asker, Core, Own};
use crate::accounts::is_service;
use crate::door::Refused;
use chat::directory::{AccountEvent, Change, DirectoryCommand, Session};
use chat::{Nick, SessionId};

impl Core {
    pub(super) fn account_event(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Dropped(account) => {
                tracing::info!(account = %account.name, "account dropped");
                self.logins.is_dropped_lately = true;
                self.log_out_dropped();
            }
            AccountEvent::Registered(account) => {
                tracing::info!(account = %account.name, "account registered");
            }
            AccountEvent::Altered(_) => {}
        }
    }

    /// Each node sees to its own sessions, again until it is done: the command may be lost.
    pub(super) fn log_out_dropped(&mut self) {
        let own = self.conn_of.keys().filter_map(|it| self.directory.session(*it));
        let dropped: Vec<SessionId> =
            own.filter(|it| self.is_account_gone(it)).map(|it| it.id).collect();
        self.logins.is_dropped_lately = !dropped.is_empty();
        for session in dropped {
            self.log_out(session);
        }
    }

    /// A session that logged in to an account while that was dropped.
    pub(super) fn notice_login(&mut self, session: &Session) {
        if session.node == self.me && self.is_account_gone(session) {
            self.logins.is_dropped_lately = true;
            self.log_out(session.id);
        }
    }

    fn is_account_gone(&self, session: &Session) -> bool {
        session.account.as_ref().is_some_and(|it| self.directory.is_dropped(it))
    }

    fn log_out(&mut self, session: SessionId) {
        let command = DirectoryCommand::Alter { session, change: Change::Account(None) };
        self.submit_to_directory(Asker::Own(Own::Whatever), &command);
    }

    /// Why this nick is not for whoever is logged in to that account, if it is not.
    pub(super) fn reserved(&self, nick: &Nick, account: Option<&str>) -> Option<Refused> {
        let is_reserved =
            is_service(nick.as_str()) || self.directory.is_reserved(nick.as_str(), account);
        is_reserved.then(|| Refused::NickReserved(nick.clone()))
    }
}
