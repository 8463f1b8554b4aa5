//! What came of everything that was asked about accounts, in the words of whoever asked: SASL, REGISTER, or
//! NickServ.

use crate::conn::{Conn, Phase};
use crate::pending::Asked;
use crate::turn::Turn;
use crate::{sasl, services};
use chat::directory::{Account, AccountRefusal, Change, Fingerprint, Session};
use irc_proto::numeric::*;
use node::Ask;
use node::accounts::{AccountAsk, AccountRefused};
use node::door::Refused;
use std::sync::Arc;

/// Logins that may fail in a row on one connection.
pub(crate) const LOGINS_FAILED_MAX: u8 = 5;

/// Who asked, and for what.
#[derive(Clone, Debug)]
pub(crate) enum AccountAsked {
    /// AUTHENTICATE.
    Sasl,
    /// REGISTER.
    Register { account: Arc<str> },
    /// `NickServ REGISTER`
    NickRegister { account: Arc<str> },
    /// `NickServ IDENTIFY`
    Identify,
    /// `NickServ LOGOUT`
    Logout,
    /// `NickServ DROP`
    Drop,
    /// `NickServ PASSWORD`
    Password,
    /// `NickServ CERT ADD`, `DEL`
    Certificate,
    /// `NickServ CERT LIST`
    Certificates,
    /// `NickServ SESSIONS`
    Sessions,
    /// `NickServ INFO`
    Info,
}

impl AccountAsked {
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            AccountAsked::Sasl => "AUTHENTICATE",
            AccountAsked::Register { .. } => "REGISTER",
            _ => "NS",
        }
    }

    /// What the client says next may rest on it.
    pub(crate) fn holds(&self) -> bool {
        !matches!(
            self,
            AccountAsked::Logout
                | AccountAsked::Certificates
                | AccountAsked::Sessions
                | AccountAsked::Info
        )
    }
}

/// Asks the node; nothing more of the client is read until it answers.
pub(crate) fn ask(turn: &mut Turn<'_>, ask: AccountAsk, asked: AccountAsked) {
    hold(turn);
    turn.ask(Ask::Account(ask), Asked::Account(Box::new(asked)));
}

fn hold(turn: &mut Turn<'_>) {
    let conn = turn.conn_mut();
    conn.is_known = true;
    conn.is_held = true;
}

/// SHA-256 of the certificate that the client has shown.
pub(crate) fn fingerprint(conn: &Conn) -> Option<Fingerprint> {
    let hash = ring::digest::digest(&ring::digest::SHA256, conn.stream.certificate()?);
    Some(Fingerprint(hash.as_ref().try_into().expect("SHA-256 has 32 bytes")))
}

/// `account@device`: which device it is matters to nobody yet.
pub(crate) fn account_of(user: &str) -> &str {
    user.split_once('@').map_or(user, |it| it.0)
}

/// The node says that they are who they say.
pub(crate) fn logged_in(
    turn: &mut Turn<'_>,
    asked: &Asked,
    account: Arc<str>,
    proof: Option<Arc<str>>,
) {
    let Asked::Account(asked) = asked else {
        return;
    };
    match proof {
        Some(proof) => sasl::prove(turn, account, &proof),
        None => log_in(turn, account, (**asked).clone()),
    }
}

/// The connection is this account's from now on.
pub(crate) fn log_in(turn: &mut Turn<'_>, account: Arc<str>, asked: AccountAsked) {
    turn.conn_mut().extra().logins_failed = 0;
    match &mut turn.conn_mut().phase {
        Phase::Registering(it) => {
            it.account = Some(account);
            done(turn, &asked);
        }
        Phase::Registered { .. } => {
            hold(turn);
            let change = Ask::Alter(Change::Account(Some(account)));
            turn.ask(change, Asked::Account(Box::new(asked)));
        }
    }
}

/// It was done.
pub(crate) fn done(turn: &mut Turn<'_>, asked: &AccountAsked) {
    match asked {
        AccountAsked::Sasl => {
            say_logged_in(turn);
            turn.reply(RPL_SASLSUCCESS).trailing("SASL authentication successful").finish();
        }
        AccountAsked::Register { account } if is_logged_in(turn, account) => {
            turn.server_line()
                .verb("REGISTER")
                .param("SUCCESS")
                .param(account)
                .trailing("Account registered, and you are logged in")
                .finish();
            say_logged_in(turn);
        }
        AccountAsked::NickRegister { account } if is_logged_in(turn, account) => {
            say_logged_in(turn);
            services::nick::say(turn, &format!("{account} is registered, and you are logged in."));
        }
        // The account is there; now the session becomes its own.
        AccountAsked::Register { account } | AccountAsked::NickRegister { account } => {
            log_in(turn, account.clone(), asked.clone());
        }
        AccountAsked::Identify => {
            say_logged_in(turn);
            services::nick::say(turn, "You are logged in.");
        }
        AccountAsked::Logout => services::nick::say(turn, "You are logged out."),
        AccountAsked::Drop => {
            services::nick::say(turn, "The account is no more; its name is given to nobody again.");
        }
        AccountAsked::Password => services::nick::say(turn, "The password is changed."),
        AccountAsked::Certificate => services::nick::say(turn, "The certificates are changed."),
        AccountAsked::Certificates | AccountAsked::Sessions | AccountAsked::Info => {}
    }
}

fn is_logged_in(turn: &Turn<'_>, account: &str) -> bool {
    turn.conn().account().is_some_and(|it| it.eq_ignore_ascii_case(account))
}

fn source(turn: &Turn<'_>) -> String {
    match turn.conn().session() {
        Some(it) => format!("{}!{}@{}", it.nick, it.user, it.host),
        None => format!("{}!*@{}", turn.conn().nick(), turn.conn().host()),
    }
}

fn say_logged_in(turn: &mut Turn<'_>) {
    let Some(account) = turn.conn().account().cloned() else {
        return;
    };
    let source = source(turn);
    let text = format!("You are now logged in as {account}");
    turn.reply(RPL_LOGGEDIN).param(&source).param(&account).trailing(&text).finish();
}

pub(crate) fn say_logged_out(turn: &mut Turn<'_>) {
    let source = source(turn);
    turn.reply(RPL_LOGGEDOUT).param(&source).trailing("You are now logged out").finish();
}

/// It was not done.
pub(crate) fn refused(turn: &mut Turn<'_>, asked: &AccountAsked, why: &Refused) {
    let (code, text) = in_words(why);
    match asked {
        AccountAsked::Sasl => {
            sasl::failed(turn, &format!("SASL authentication failed: {text}"));
        }
        AccountAsked::Register { account } => turn.fail("REGISTER", code, &[account], &text),
        _ => services::nick::say(turn, &format!("That was not done: {text}.")),
    }
    if matches!(why, Refused::Account(AccountRefused::WrongPassword)) {
        let failed = &mut turn.conn_mut().extra().logins_failed;
        *failed += 1;
        if *failed >= LOGINS_FAILED_MAX {
            turn.shard.close(turn.slot, "Too many logins failed");
        }
    }
}

/// The code for REGISTER's FAIL, and the words.
fn in_words(why: &Refused) -> (&'static str, String) {
    let Refused::Account(why) = why else {
        let text = match why {
            Refused::Busy => "the server checks as many passwords as it can; try again in a moment",
            Refused::Leaving => "this server is leaving; connect to another and try again",
            Refused::NoSession => "your session has ended; connect again",
            _ => "no majority of the network's servers can be reached now; try again later",
        };
        return ("TEMPORARILY_UNAVAILABLE", text.to_owned());
    };
    let (code, text) = match why {
        AccountRefused::WrongPassword => ("INVALID_CREDENTIALS", "wrong account or password"),
        AccountRefused::TooSoon { wait_s } => {
            let text = format!("too many tries; try again in {wait_s} s");
            return ("TEMPORARILY_UNAVAILABLE", text);
        }
        AccountRefused::Malformed => {
            ("INVALID_CREDENTIALS", "this is no message of that mechanism")
        }
        AccountRefused::UnusablePassword => (
            "UNACCEPTABLE_PASSWORD",
            "a password has 8 characters or more and 300 bytes at most, none of them a control character",
        ),
        AccountRefused::RegistrationClosed => {
            ("TEMPORARILY_UNAVAILABLE", "this network lets nobody register an account")
        }
        AccountRefused::OnlyOnceConnected => {
            ("COMPLETE_CONNECTION_REQUIRED", "complete the connection first")
        }
        AccountRefused::BadName => ("BAD_ACCOUNT_NAME", "no account can have this name"),
        AccountRefused::NotLoggedIn => ("NOT_LOGGED_IN", "you are not logged in"),
        AccountRefused::Because(why) => because(*why),
    };
    (code, text.to_owned())
}

fn because(why: AccountRefusal) -> (&'static str, &'static str) {
    match why {
        AccountRefusal::NameTaken => {
            ("ACCOUNT_EXISTS", "there is, or was, an account of this name")
        }
        AccountRefusal::NickInUse => ("ACCOUNT_EXISTS", "somebody else is called so at the moment"),
        AccountRefusal::UnknownAccount => ("ACCOUNT_UNKNOWN", "there is no such account"),
        AccountRefusal::CertificateInUse => {
            ("CERTIFICATE_IN_USE", "the certificate belongs to an account already")
        }
        AccountRefusal::UnknownCertificate => {
            ("CERTIFICATE_UNKNOWN", "the account has no such certificate")
        }
        AccountRefusal::TooManyCertificates => {
            ("TOO_MANY_CERTIFICATES", "the account has as many certificates as it may have")
        }
        AccountRefusal::LastCredential => {
            ("LAST_CREDENTIAL", "nobody could log in to the account any more")
        }
        AccountRefusal::Full => {
            ("TEMPORARILY_UNAVAILABLE", "the network has as many accounts as it may have")
        }
        AccountRefusal::TooLong => ("INVALID_PARAMS", "a text of it is too long"),
    }
}

/// It may have been done, or may yet.
pub(crate) fn unknown(turn: &mut Turn<'_>, asked: &AccountAsked) {
    const TEXT: &str =
        "that may or may not have been done: the network did not answer in time; log in to see";
    match asked {
        AccountAsked::Sasl => sasl::failed(turn, &format!("SASL authentication failed: {TEXT}")),
        AccountAsked::Register { account } => {
            turn.fail("REGISTER", "TEMPORARILY_UNAVAILABLE", &[account], TEXT);
        }
        _ => services::nick::say(turn, TEXT),
    }
}

pub(crate) fn show_sessions(turn: &mut Turn<'_>, _asked: &AccountAsked, them: &[Arc<Session>]) {
    for it in them {
        let node = turn.shard.server_name(it.node);
        let mut since = Vec::new();
        irc_proto::time::write(it.since.ms(), &mut since);
        let since = String::from_utf8_lossy(&since);
        let text = format!("{}!{}@{} on {node} since {since}", it.nick, it.user, it.host);
        services::nick::say(turn, &text);
    }
    services::nick::say(turn, &format!("{} sessions are logged in.", them.len()));
}

pub(crate) fn show_account(turn: &mut Turn<'_>, asked: &AccountAsked, account: Option<&Account>) {
    let Some(account) = account else {
        return services::nick::say(turn, "You are not logged in.");
    };
    if let AccountAsked::Info = asked {
        let mut since = Vec::new();
        irc_proto::time::write(account.registered_at.ms(), &mut since);
        let since = String::from_utf8_lossy(&since);
        services::nick::say(turn, &format!("{} was registered at {since}", account.name));
        return;
    }
    for it in &account.certificates {
        services::nick::say(turn, &it.to_string());
    }
    services::nick::say(turn, &format!("{} certificates.", account.certificates.len()));
}
