//! NickServ: accounts, for clients that know nothing else. A row for each command.

use crate::accounts::{self, AccountAsked, fingerprint};
use crate::pending::Asked;
use crate::turn::Turn;
use chat::Nick;
use chat::directory::{Change, Fingerprint};
use node::Ask;
use node::accounts::{AccountAsk, Login};
use node::door::Query;

pub(crate) const NAME: &str = "NickServ";

struct Spec {
    name: &'static str,
    /// As HELP shows it.
    usage: &'static str,
    words_min: usize,
    run: fn(&mut Turn<'_>, &[&str]),
}

const TABLE: &[Spec] = &[
    Spec {
        name: "IDENTIFY",
        usage: "IDENTIFY [account] password: log in",
        words_min: 1,
        run: identify,
    },
    Spec {
        name: "REGISTER",
        usage: "REGISTER password [email]: make your nick your account",
        words_min: 1,
        run: register,
    },
    Spec { name: "LOGOUT", usage: "LOGOUT: be nobody's again", words_min: 0, run: logout },
    Spec {
        name: "PASSWORD",
        usage: "PASSWORD old new: another password",
        words_min: 2,
        run: password,
    },
    Spec {
        name: "CERT",
        usage: "CERT ADD [fingerprint] | DEL fingerprint | LIST: certificates that log you in (SHA-256)",
        words_min: 1,
        run: cert,
    },
    Spec {
        name: "SESSIONS",
        usage: "SESSIONS: who is logged in as you",
        words_min: 0,
        run: sessions,
    },
    Spec { name: "INFO", usage: "INFO: about your account", words_min: 0, run: info },
    Spec {
        name: "DROP",
        usage: "DROP password: give the account up, for ever",
        words_min: 1,
        run: drop,
    },
    Spec { name: "HELP", usage: "HELP: this", words_min: 0, run: help },
];

pub(crate) fn hear(turn: &mut Turn<'_>, words: &[&str]) {
    let (name, rest) = words.split_first().map_or(("HELP", &[][..]), |(name, rest)| (*name, rest));
    match TABLE.iter().find(|it| it.name.eq_ignore_ascii_case(name)) {
        None => say(turn, "There is no such command; HELP shows those there are."),
        Some(spec) if rest.len() < spec.words_min => say(turn, spec.usage),
        Some(spec) => (spec.run)(turn, rest),
    }
}

pub(crate) fn say(turn: &mut Turn<'_>, text: &str) {
    super::say(turn, NAME, text);
}

fn identify(turn: &mut Turn<'_>, words: &[&str]) {
    let (account, password) = match words {
        [account, password, ..] => (accounts::account_of(account).to_owned(), *password),
        [password] => (turn.conn().nick().to_owned(), *password),
        [] => return,
    };
    let login = Login::Password { account: account.into(), password: password.into() };
    let address = turn.conn().address;
    accounts::ask(turn, AccountAsk::Login { login, address }, AccountAsked::Identify);
}

fn register(turn: &mut Turn<'_>, words: &[&str]) {
    if turn.conn().account().is_some() {
        return say(turn, "You are logged in to an account already.");
    }
    let Some(name) = turn.conn().session().map(|it| it.nick.clone()) else {
        return;
    };
    begin(turn, name, words);
}

fn begin(turn: &mut Turn<'_>, name: Nick, words: &[&str]) {
    let asked = AccountAsked::NickRegister { account: name.as_str().into() };
    let ask = AccountAsk::Register {
        name,
        password: Some(words[0].into()),
        certificate: None,
        email: words.get(1).map(|it| (*it).into()),
        address: turn.conn().address,
    };
    accounts::ask(turn, ask, asked);
}

fn logout(turn: &mut Turn<'_>, _words: &[&str]) {
    if turn.conn().account().is_none() {
        return say(turn, "You are not logged in.");
    }
    turn.ask(Ask::Alter(Change::Account(None)), Asked::Account(Box::new(AccountAsked::Logout)));
}

fn password(turn: &mut Turn<'_>, words: &[&str]) {
    let (old, new) = (words[0].into(), words[1].into());
    let address = turn.conn().address;
    accounts::ask(turn, AccountAsk::SetPassword { old, new, address }, AccountAsked::Password);
}

fn cert(turn: &mut Turn<'_>, words: &[&str]) {
    let given = words.get(1).map(|it| Fingerprint::parse(it));
    match (words[0].to_ascii_uppercase().as_str(), given) {
        ("ADD" | "DEL", Some(None)) => say(turn, "A fingerprint has 64 hexadecimal digits."),
        ("ADD", Some(Some(it))) => change(turn, AccountAsk::AddCertificate(it)),
        ("ADD", None) => match fingerprint(turn.conn()) {
            Some(it) => change(turn, AccountAsk::AddCertificate(it)),
            None => say(turn, "You have shown no client certificate; name its fingerprint."),
        },
        ("DEL", Some(Some(it))) => change(turn, AccountAsk::RemoveCertificate(it)),
        ("LIST", _) => look_up(turn, Query::Account, AccountAsked::Certificates),
        _ => say(turn, "CERT ADD [fingerprint] | DEL fingerprint | LIST"),
    }
}

fn change(turn: &mut Turn<'_>, ask: AccountAsk) {
    accounts::ask(turn, ask, AccountAsked::Certificate);
}

fn look_up(turn: &mut Turn<'_>, query: Query, asked: AccountAsked) {
    turn.query(query, Asked::Account(Box::new(asked)));
}

fn sessions(turn: &mut Turn<'_>, _words: &[&str]) {
    look_up(turn, Query::Mine, AccountAsked::Sessions);
}

fn info(turn: &mut Turn<'_>, _words: &[&str]) {
    look_up(turn, Query::Account, AccountAsked::Info);
}

fn drop(turn: &mut Turn<'_>, words: &[&str]) {
    let password = words[0].into();
    let address = turn.conn().address;
    accounts::ask(turn, AccountAsk::Drop { password, address }, AccountAsked::Drop);
}

fn help(turn: &mut Turn<'_>, _words: &[&str]) {
    for spec in TABLE {
        say(turn, spec.usage);
    }
}
