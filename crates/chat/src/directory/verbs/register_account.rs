//! REGISTER ACCOUNT: a name becomes an account, for ever.

use crate::Stamp;
use crate::directory::accounts::{Account, AccountCommand, AccountEvent, AccountRefusal};
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use std::sync::Arc;

/// The longest address of mail (RFC 5321, section 4.5.3.1.3, without the brackets).
pub(in crate::directory) const EMAIL_BYTES_MAX: usize = 254;
/// The longest hash in PHC form: our own take 97 bytes.
pub(in crate::directory) const HASH_BYTES_MAX: usize = 256;

pub(in crate::directory) fn register_account(
    directory: &mut Directory,
    at: Stamp,
    command: AccountCommand,
) -> Answer {
    let AccountCommand::Register { name, credentials, certificate, email, is_verified, by } =
        command
    else {
        return Ok(Vec::new());
    };
    let refused = |why| Err(DirectoryRefusal::Account(why));
    let accounts = &directory.accounts;
    if accounts.is_taken(name.as_str()) {
        return refused(AccountRefusal::NameTaken);
    }
    if credentials.is_none() && certificate.is_none() {
        return refused(AccountRefusal::LastCredential);
    }
    let is_long = email.as_ref().is_some_and(|it| it.len() > EMAIL_BYTES_MAX)
        || credentials.as_ref().is_some_and(|it| it.hash.len() > HASH_BYTES_MAX);
    if is_long {
        return refused(AccountRefusal::TooLong);
    }
    if certificate.is_some_and(|it| accounts.by_certificate(&it).is_some()) {
        return refused(AccountRefusal::CertificateInUse);
    }
    if accounts.is_full() {
        return refused(AccountRefusal::Full);
    }
    // Of a split directory the other part decides on nicks, and this one must not depend on it.
    let holder = directory.by_nick(name.as_str()).filter(|_| !directory.is_split);
    if holder.is_some_and(|it| Some(it.id) != by) {
        return refused(AccountRefusal::NickInUse);
    }
    let account = Arc::new(Account {
        name,
        registered_at: at,
        credentials,
        certificates: certificate.into_iter().collect(),
        email,
        is_verified,
        is_always_on: false,
    });
    directory.accounts.put(account.clone());
    Ok(vec![DirectoryEvent::Account(AccountEvent::Registered(account))])
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, account, add, certificate, nick, password, register};
    use crate::directory::{AccountCommand, Directory, DirectoryCommand};
    use crate::{SessionId, Stamp};

    fn by(name: &str, session: u64) -> DirectoryCommand {
        DirectoryCommand::Account(AccountCommand::Register {
            name: nick(name),
            credentials: Some(password(1)),
            certificate: None,
            email: None,
            is_verified: false,
            by: Some(SessionId(session)),
        })
    }

    #[test]
    fn of_two_who_register_one_name_the_first_gets_it_in_any_case() {
        let mut scene = Scene::default();
        scene.sees(account("Alice", Some(1), None), &["account Alice registered"]);
        let taken = "refused Account(NameTaken)";
        scene.sees(account("aLICE", Some(2), Some(7)), &[taken]);
        let it = scene.directory.account("ALICE").expect("it is registered");
        assert_eq!((it.name.as_str(), it.registered_at.ms()), ("Alice", 1));
        assert_eq!(it.credentials, Some(password(1)));
    }

    #[test]
    fn an_account_needs_a_password_or_a_certificate_that_is_nobody_elses() {
        let mut scene = Scene::default();
        scene.sees(account("alice", None, None), &["refused Account(LastCredential)"]);
        scene.sees(account("alice", None, Some(7)), &["account alice registered"]);
        scene.sees(account("bob", None, Some(7)), &["refused Account(CertificateInUse)"]);
        let found = scene.directory.account_by_certificate(&certificate(7));
        assert_eq!(found.map(|it| it.name.as_str()), Some("alice"));
    }

    #[test]
    fn who_is_called_so_at_the_moment_may_register_the_name_and_nobody_else() {
        let mut scene = Scene::default();
        scene.sees(add(1, "n1"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        scene.sees(account("Alice", Some(1), None), &["refused Account(NickInUse)"]);
        scene.sees(by("Alice", 11), &["refused Account(NickInUse)"]);
        scene.sees(by("Alice", 10), &["account Alice registered"]);
        let mut split = Directory::split();
        split.apply(Stamp(1), register(10, "alice", 1));
        assert_eq!(split.apply(Stamp(2), account("alice", Some(1), None)).refused, None);
    }

    #[test]
    fn there_is_an_end_to_accounts_and_to_what_they_hold() {
        let mut scene = Scene::default();
        scene.directory.accounts.accounts_max = 1;
        let long = |bytes: usize| {
            DirectoryCommand::Account(AccountCommand::Register {
                name: nick("alice"),
                credentials: Some(password(1)),
                certificate: None,
                email: Some("a".repeat(bytes).into()),
                is_verified: false,
                by: None,
            })
        };
        scene.sees(long(super::EMAIL_BYTES_MAX + 1), &["refused Account(TooLong)"]);
        scene.sees(long(super::EMAIL_BYTES_MAX), &["account alice registered"]);
        scene.sees(account("bob", Some(1), None), &["refused Account(Full)"]);
    }
}
