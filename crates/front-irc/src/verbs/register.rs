//! REGISTER: <https://ircv3.net/specs/extensions/account-registration>.

use super::Spec;
use crate::accounts::{self, AccountAsked};
use crate::turn::Turn;
use chat::Nick;
use irc_proto::Line;
use node::accounts::AccountAsk;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "REGISTER", params_min: 3, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let (account, email, password) = (line.params[0], line.params[1], line.params[2]);
    if turn.conn().account().is_some() {
        let text = "You are logged in to an account already";
        return turn.fail("REGISTER", "ALREADY_AUTHENTICATED", &[account], text);
    }
    let name = match account {
        "*" if turn.conn().nick() == "*" => {
            return turn.fail("REGISTER", "NEED_NICK", &["*"], "Choose a nick first");
        }
        "*" => turn.conn().nick().to_owned(),
        name => name.to_owned(),
    };
    let Ok(name) = Nick::parse(&name, turn.context().config.nick_length) else {
        let text = "No account can have this name: it must be a valid nick";
        return turn.fail("REGISTER", "BAD_ACCOUNT_NAME", &[account], text);
    };
    let email = match email {
        "*" => None,
        it if is_email(it) => Some(it.into()),
        _ => {
            let text = "This is no address of mail; * stands for none";
            return turn.fail("REGISTER", "INVALID_EMAIL", &[account], text);
        }
    };
    let asked = AccountAsked::Register { account: Arc::from(name.as_str()) };
    let (password, certificate) = (Some(password.into()), None);
    let address = turn.conn().address;
    accounts::ask(
        turn,
        AccountAsk::Register { name, password, certificate, email, address },
        asked,
    );
}

/// Something before and something behind one `@`: more is only known to the host behind it.
pub(crate) fn is_email(text: &str) -> bool {
    let is_plain = |it: &str| !it.is_empty() && !it.contains(|c: char| c == '@' || c.is_control());
    text.len() <= 254 && text.split_once('@').is_some_and(|(user, host)| is_plain(user) && is_plain(host))
}
