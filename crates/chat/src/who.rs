//! Who asked: what others see of a person, as it was when the command was offered.

use crate::{Nick, SessionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The asker of a command and the source of a record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Who {
    /// Whose presence.
    pub session: SessionId,
    /// Public name at that time.
    pub nick: Nick,
    /// User name (ident).
    pub user: Arc<str>,
    /// Host as shown.
    pub host: Arc<str>,
    /// Account, when logged in.
    pub account: Option<Arc<str>>,
    /// Server operators pass room powers.
    pub is_operator: bool,
    /// The session carries user mode `B`.
    pub is_bot: bool,
}

impl Who {
    /// `nick!user@host`: what masks are held against.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}!{}@{}", self.nick, self.user, self.host)
    }
}
