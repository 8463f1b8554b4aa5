//! Accounts of the node that is none: checked by the real functions, in the node's own thread.

use chat::directory::{AccountChange, AccountCommand, Directory, DirectoryCommand, Session};
use node::accounts::{AccountAsk, AccountRefused, Hello, Login, is_right, make};
use node::door::{Answer, Refused};
use std::sync::Arc;

/// What an ask comes to: an answer at once, or a command whose outcome is the answer.
pub(crate) enum Step {
    Answer(Answer),
    Command(AccountCommand),
}

fn refused(why: AccountRefused) -> Step {
    Step::Answer(Answer::Refused(vec![Refused::Account(why)]))
}

pub(crate) fn step(directory: &Directory, session: Option<&Session>, ask: AccountAsk) -> Step {
    let own = session.and_then(|it| it.account.clone());
    let is_own = |password: &str| {
        let account = own.as_ref().and_then(|it| directory.account(it));
        is_right(account.and_then(|it| it.credentials.as_deref()), password)
    };
    match (ask, &own) {
        (AccountAsk::Login { login, .. }, _) => log_in(directory, login),
        (AccountAsk::Register { name, password, certificate, email, .. }, _) => {
            let credentials = match password.as_deref().map(make) {
                Some(None) => return refused(AccountRefused::UnusablePassword),
                Some(Some(it)) => Some(Arc::new(it)),
                None => None,
            };
            let (is_verified, by) = (false, session.map(|it| it.id));
            Step::Command(AccountCommand::Register {
                name,
                credentials,
                certificate,
                email,
                is_verified,
                by,
            })
        }
        (_, None) => refused(AccountRefused::NotLoggedIn),
        (AccountAsk::Drop { password, .. }, Some(account)) => match is_own(&password) {
            true => Step::Command(AccountCommand::Drop { account: account.clone() }),
            false => refused(AccountRefused::WrongPassword),
        },
        (AccountAsk::SetPassword { old, new, .. }, Some(account)) => {
            match (is_own(&old), make(&new)) {
                (false, _) => refused(AccountRefused::WrongPassword),
                (true, None) => refused(AccountRefused::UnusablePassword),
                (true, Some(it)) => alter(account, AccountChange::Password(Arc::new(it))),
            }
        }
        (AccountAsk::AddCertificate(it), Some(account)) => {
            alter(account, AccountChange::AddCertificate(it))
        }
        (AccountAsk::RemoveCertificate(it), Some(account)) => {
            alter(account, AccountChange::RemoveCertificate(it))
        }
    }
}

fn alter(account: &Arc<str>, change: AccountChange) -> Step {
    Step::Command(AccountCommand::Alter { account: account.clone(), change })
}

fn log_in(directory: &Directory, login: Login) -> Step {
    let (name, proof) = match login {
        Login::Password { account, password } => {
            let known = directory.account(&account).and_then(|it| it.credentials.as_deref());
            (is_right(known, &password).then_some(account), None)
        }
        Login::Certificate { fingerprint, .. } => {
            let found = directory.account_by_certificate(&fingerprint);
            (found.map(|it| it.name.as_str().into()), None)
        }
        Login::ScramFirst(message) => {
            let Ok(hello) = Hello::parse(&message) else {
                return refused(AccountRefused::Malformed);
            };
            let name = hello.account.clone();
            let known = directory.account(&name).and_then(|it| it.credentials.as_ref());
            let exchange = hello.answer(&name, known.map(|it| &it.scram), 1).expect("chance");
            return Step::Answer(Answer::Challenge(Arc::new(exchange)));
        }
        Login::ScramFinal { exchange, message } => match exchange.finish(&message) {
            Err(_) => return refused(AccountRefused::Malformed),
            Ok(proof) => (proof.is_some().then(|| exchange.account.clone()), proof),
        },
    };
    match name.and_then(|it| directory.account(&it)) {
        Some(it) => Step::Answer(Answer::LoggedIn {
            account: it.name.as_str().into(),
            proof: proof.map(Into::into),
        }),
        None => refused(AccountRefused::WrongPassword),
    }
}

/// The commands by which sessions leave an account that is no more.
pub(crate) fn log_out_all(directory: &Directory) -> Vec<DirectoryCommand> {
    let is_gone = |it: &&Arc<Session>| {
        it.account.as_ref().is_some_and(|account| directory.account(account).is_none())
    };
    let change = chat::directory::Change::Account(None);
    let alter =
        |it: &Arc<Session>| DirectoryCommand::Alter { session: it.id, change: change.clone() };
    directory.sessions().filter(is_gone).map(alter).collect()
}
