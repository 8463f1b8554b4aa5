//! SASL, the conversation: AUTHENTICATE lines in, a login asked of the node.
//!
//! Follows [sasl-3.2](https://ircv3.net/specs/extensions/sasl-3.2): also after registration, and again.

use crate::accounts::{self, AccountAsked, fingerprint};
use crate::turn::Turn;
use irc_proto::Cap;
use irc_proto::numeric::*;
use irc_proto::sasl::{Mechanism, Payload, Plain, Progress, chunks};
use node::accounts::{AccountAsk, Exchange, Login};
use std::sync::Arc;

/// An exchange that has begun. A client that falls silent in it is closed when registration takes too long.
pub(crate) struct Sasl {
    mechanism: Mechanism,
    payload: Payload,
    step: Step,
}

enum Step {
    /// The client's first message is to come.
    First,
    /// SCRAM: the client's last message is to come.
    Final(Arc<Exchange>),
    /// SCRAM: the client is to say that it believes us.
    Confirm { account: Arc<str> },
}

/// One AUTHENTICATE.
pub(crate) fn hear(turn: &mut Turn<'_>, chunk: &str) {
    if !turn.has(Cap::Sasl) {
        return failed(turn, "SASL authentication failed: negotiate the capability sasl first");
    }
    if chunk == "*" {
        turn.conn_mut().extra().sasl = None;
        turn.reply(ERR_SASLABORTED).trailing("SASL authentication aborted").finish();
        return;
    }
    match turn.conn_mut().extra().sasl.as_mut() {
        None => begin(turn, chunk),
        Some(sasl) => match sasl.payload.take(chunk) {
            Progress::Partial => {}
            Progress::Whole(message) => go_on(turn, &message),
            Progress::TooLong => {
                turn.conn_mut().extra().sasl = None;
                turn.reply(ERR_SASLTOOLONG).trailing("SASL message too long").finish();
            }
            Progress::Malformed => failed(turn, MALFORMED),
        },
    }
}

const MALFORMED: &str = "SASL authentication failed: this is no message of that mechanism";

fn begin(turn: &mut Turn<'_>, name: &str) {
    let Some(mechanism) = Mechanism::from_name(name) else {
        let mut reply = turn.reply(RPL_SASLMECHS);
        reply.param(Mechanism::NAMES).trailing("are available SASL mechanisms").finish();
        return failed(turn, "SASL authentication failed: there is no such mechanism");
    };
    if mechanism == Mechanism::External && fingerprint(turn.conn()).is_none() {
        let why = "SASL authentication failed: you have shown no client certificate";
        return failed(turn, why);
    }
    let sasl = Sasl { mechanism, payload: Payload::default(), step: Step::First };
    turn.conn_mut().extra().sasl = Some(sasl);
    turn.bare().verb("AUTHENTICATE").param("+").finish();
}

/// A whole message of the client.
fn go_on(turn: &mut Turn<'_>, message: &[u8]) {
    let Some(Sasl { mechanism, step, .. }) = turn.conn_mut().extra().sasl.take() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(message) else {
        return failed(turn, MALFORMED);
    };
    let login = match (mechanism, step) {
        (_, Step::Confirm { account }) => {
            return match message.is_empty() {
                true => accounts::log_in(turn, account, AccountAsked::Sasl),
                false => failed(turn, MALFORMED),
            };
        }
        (_, Step::Final(exchange)) => Login::ScramFinal { exchange, message: text.into() },
        (Mechanism::ScramSha256, Step::First) => Login::ScramFirst(text.into()),
        (Mechanism::External, Step::First) => {
            let Some(fingerprint) = fingerprint(turn.conn()) else {
                return failed(turn, MALFORMED);
            };
            let account = (!text.is_empty()).then(|| accounts::account_of(text).into());
            Login::Certificate { account, fingerprint }
        }
        (Mechanism::Plain, Step::First) => match plain(message) {
            Some(login) => login,
            None => return failed(turn, MALFORMED),
        },
    };
    let address = turn.conn().address;
    accounts::ask(turn, AccountAsk::Login { login, address }, AccountAsked::Sasl);
}

fn plain(message: &[u8]) -> Option<Login> {
    let Plain { authzid, authcid, password } = Plain::parse(message)?;
    let account = accounts::account_of(authcid);
    let is_own = authzid.is_empty() || accounts::account_of(authzid).eq_ignore_ascii_case(account);
    is_own.then(|| Login::Password { account: account.into(), password: password.into() })
}

/// The server's first message of SCRAM.
pub(crate) fn challenge(turn: &mut Turn<'_>, exchange: Arc<Exchange>) {
    let answer = exchange.answer.clone();
    expect(turn, Step::Final(exchange));
    say(turn, &answer);
}

/// The server's last message of SCRAM.
pub(crate) fn prove(turn: &mut Turn<'_>, account: Arc<str>, proof: &str) {
    expect(turn, Step::Confirm { account });
    say(turn, proof);
}

fn expect(turn: &mut Turn<'_>, step: Step) {
    let (mechanism, payload) = (Mechanism::ScramSha256, Payload::default());
    turn.conn_mut().extra().sasl = Some(Sasl { mechanism, payload, step });
}

fn say(turn: &mut Turn<'_>, message: &str) {
    for chunk in chunks(message.as_bytes()) {
        turn.bare().verb("AUTHENTICATE").param(&chunk).finish();
    }
}

/// The exchange is over, in vain.
pub(crate) fn failed(turn: &mut Turn<'_>, why: &str) {
    turn.conn_mut().extra().sasl = None;
    turn.reply(ERR_SASLFAIL).trailing(why).finish();
}
