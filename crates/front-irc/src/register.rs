//! From a socket to a session: when all is said, the node is asked; when it answers, the client is
//! welcomed.

use crate::conn::Phase;
use crate::context::VERSION;
use crate::pending::Asked;
use crate::turn::Turn;
use crate::verbs::{lusers, motd, resume};
use chat::Nick;
use chat::directory::Session;
use irc_proto::numeric::*;
use node::Ask;
use node::door::{Query, Registration};
use std::sync::Arc;

/// Figures older than this are asked for again, for the next who comes.
const STATUS_MS_MAX: u64 = 5000;

/// Asks the node for a session once NICK, USER and CAP END were said.
pub(crate) fn try_register(turn: &mut Turn<'_>) {
    let conn = turn.conn();
    let Phase::Registering(it) = &conn.phase else {
        return;
    };
    let (Some(nick), Some(user), false) = (&it.nick, &it.user, it.is_negotiating) else {
        return;
    };
    let (nick, user, realname) = (nick.clone(), user.clone(), it.realname.clone());
    let account = it.account.clone();
    if !knows_password(turn) {
        return;
    }
    let conn = turn.conn();
    let registration = Registration {
        nick,
        user,
        host: conn.host(),
        realname,
        account,
        is_secure: conn.stream.is_secure(),
    };
    let conn = turn.conn_mut();
    conn.is_known = true;
    conn.is_held = true;
    turn.ask(Ask::Register(registration), Asked::Register);
}

/// Whether the client said the password of its listener, if that has one; otherwise it is turned away.
pub(crate) fn knows_password(turn: &mut Turn<'_>) -> bool {
    let conn = turn.conn();
    let Phase::Registering(it) = &conn.phase else { return false };
    let wanted = &turn.shard.context.config.listeners[usize::from(conn.listener)].password;
    if let Some(wanted) = wanted
        && !crate::checker::is_right(wanted, it.password.as_deref().unwrap_or(""))
    {
        turn.reply(ERR_PASSWDMISMATCH).trailing("Password incorrect").finish();
        turn.shard.close(turn.slot, "Password incorrect");
        return false;
    }
    true
}

/// The session exists.
pub(crate) fn registered(turn: &mut Turn<'_>, session: Arc<Session>) {
    let slot = turn.slot;
    turn.shard.sessions.insert(session.id, slot);
    let modes = session.modes;
    turn.conn_mut().phase = Phase::Registered { session: session.clone(), modes };
    let context = turn.context();
    let info = &context.info;
    let text = format!(
        "Welcome to the {} Network, {}!{}@{}",
        info.network, session.nick, session.user, session.host
    );
    turn.reply(RPL_WELCOME).trailing(&text).finish();
    let text = format!("Your host is {}, running version {VERSION}", info.name);
    turn.reply(RPL_YOURHOST).trailing(&text).finish();
    let text = format!("This server was created {}", context.created);
    turn.reply(RPL_CREATED).trailing(&text).finish();
    turn.reply(RPL_MYINFO)
        .param(&info.name)
        .param(VERSION)
        .param("iowB")
        .param("beIiklmnostv")
        .param("beIklov")
        .finish();
    context.isupport.write(turn.out(), &info.name, session.nick.as_str());
    welcome_figures(turn);
    motd::show(turn);
    resume::keep(turn);
}

/// LUSERS from what was heard last: registration does not wait for it.
fn welcome_figures(turn: &mut Turn<'_>) {
    let heard = turn.shard.status.take();
    lusers::show(turn, heard.as_ref().map(|it| &*it.1));
    let is_fresh =
        heard.as_ref().is_some_and(|it| turn.shard.now_ms.saturating_sub(it.0) < STATUS_MS_MAX);
    turn.shard.status = heard;
    if !is_fresh {
        turn.query(Query::Status, Asked::Refresh);
    }
}

/// Somebody has the nick: another may be tried.
pub(crate) fn nick_in_use(turn: &mut Turn<'_>, nick: &Nick) {
    if let Phase::Registering(it) = &mut turn.conn_mut().phase {
        it.nick = None;
    }
    let mut reply = turn.reply(ERR_NICKNAMEINUSE);
    reply.param(nick.as_str()).trailing("Nickname is already in use").finish();
}

/// The nick is the name of an account: another may be tried, or a login.
pub(crate) fn nick_reserved(turn: &mut Turn<'_>, nick: &Nick) {
    if let Phase::Registering(it) = &mut turn.conn_mut().phase {
        it.nick = None;
    }
    let words = match node::accounts::is_service(nick.as_str()) {
        true => "Nickname is reserved for services",
        false => "Nickname is reserved: log in to its account (SASL, or /NS IDENTIFY) to use it",
    };
    turn.reply(ERR_NICKNAMEINUSE).param(nick.as_str()).trailing(words).finish();
}

/// There will be no session here.
pub(crate) fn failed(turn: &mut Turn<'_>, why: &str) {
    turn.shard.close(turn.slot, why);
}
