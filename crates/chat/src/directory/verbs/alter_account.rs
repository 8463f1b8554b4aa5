//! ALTER ACCOUNT: another password, a certificate more or less.

use super::register_account::{EMAIL_BYTES_MAX, HASH_BYTES_MAX};
use crate::directory::accounts::{Account, AccountChange, AccountEvent, AccountRefusal};
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use std::sync::Arc;

/// Certificates of one account: one for each device, and then some.
const CERTIFICATES_MAX: usize = 16;

pub(in crate::directory) fn alter_account(
    directory: &mut Directory,
    name: &str,
    change: AccountChange,
) -> Answer {
    let Some(before) = directory.accounts.get(name).cloned() else {
        return Err(DirectoryRefusal::Account(AccountRefusal::UnknownAccount));
    };
    if let AccountChange::AddCertificate(new) = &change
        && let Some(owner) = directory.accounts.by_certificate(new)
        && owner.name != before.name
    {
        return Err(DirectoryRefusal::Account(AccountRefusal::CertificateInUse));
    }
    let mut account = before.clone();
    carry_out(Arc::make_mut(&mut account), change).map_err(DirectoryRefusal::Account)?;
    if account == before {
        return Ok(Vec::new());
    }
    directory.accounts.put(account.clone());
    Ok(vec![DirectoryEvent::Account(AccountEvent::Altered(account))])
}

fn carry_out(account: &mut Account, change: AccountChange) -> Result<(), AccountRefusal> {
    match change {
        AccountChange::Password(credentials) => {
            if credentials.hash.len() > HASH_BYTES_MAX {
                return Err(AccountRefusal::TooLong);
            }
            account.credentials = Some(credentials);
        }
        AccountChange::AddCertificate(new) => {
            if account.certificates.contains(&new) {
                return Ok(());
            }
            if account.certificates.len() >= CERTIFICATES_MAX {
                return Err(AccountRefusal::TooManyCertificates);
            }
            account.certificates.push(new);
        }
        AccountChange::RemoveCertificate(old) => {
            if !account.certificates.contains(&old) {
                return Err(AccountRefusal::UnknownCertificate);
            }
            if account.credentials.is_none() && account.certificates.len() == 1 {
                return Err(AccountRefusal::LastCredential);
            }
            account.certificates.retain(|it| *it != old);
        }
        AccountChange::Email(email) => {
            if email.as_ref().is_some_and(|it| it.len() > EMAIL_BYTES_MAX) {
                return Err(AccountRefusal::TooLong);
            }
            account.is_verified &= account.email == email;
            account.email = email;
        }
        AccountChange::Verified => account.is_verified = true,
        AccountChange::AlwaysOn(is_always_on) => account.is_always_on = is_always_on,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::directory::AccountChange::*;
    use crate::directory::scene::{Scene, account, alter_account, certificate, password};

    #[test]
    fn a_password_changes_and_the_same_again_changes_nothing() {
        let mut scene = Scene::default();
        let unknown = "refused Account(UnknownAccount)";
        scene.sees(alter_account("alice", Password(password(2))), &[unknown]);
        scene.sees(account("alice", Some(1), None), &["account alice registered"]);
        scene.sees(alter_account("Alice", Password(password(2))), &["account alice altered"]);
        scene.sees(alter_account("alice", Password(password(2))), &[]);
        let it = scene.directory.account("alice").expect("it is there");
        assert_eq!(it.credentials, Some(password(2)));
    }

    #[test]
    fn certificates_come_and_go_up_to_a_limit_and_never_the_last_way_in() {
        let mut scene = Scene::default();
        scene.sees(account("alice", None, Some(1)), &["account alice registered"]);
        scene.sees(account("bob", Some(1), None), &["account bob registered"]);
        let refused = |why: &str| format!("refused Account({why})");
        let add = |name, it| alter_account(name, AddCertificate(certificate(it)));
        let remove = |name, it| alter_account(name, RemoveCertificate(certificate(it)));
        scene.sees(add("bob", 1), &[&refused("CertificateInUse")]);
        scene.sees(add("alice", 1), &[]);
        scene.sees(remove("alice", 2), &[&refused("UnknownCertificate")]);
        scene.sees(remove("alice", 1), &[&refused("LastCredential")]);
        for it in 2..=super::CERTIFICATES_MAX as u8 {
            scene.sees(add("alice", it), &["account alice altered"]);
        }
        scene.sees(add("alice", 99), &[&refused("TooManyCertificates")]);
        scene.sees(remove("alice", 1), &["account alice altered"]);
        scene.sees(add("bob", 1), &["account bob altered"]);
    }

    #[test]
    fn another_address_of_mail_has_to_be_verified_again() {
        let mut scene = Scene::default();
        scene.sees(account("alice", Some(1), None), &["account alice registered"]);
        let email = |it: &str| alter_account("alice", Email(Some(it.into())));
        let is_verified =
            |it: &Scene| it.directory.account("alice").is_some_and(|it| it.is_verified);
        scene.sees(email("a@example.org"), &["account alice altered"]);
        scene.sees(alter_account("alice", Verified), &["account alice altered"]);
        scene.sees(email("a@example.org"), &[]);
        assert!(is_verified(&scene));
        scene.sees(email("b@example.org"), &["account alice altered"]);
        assert!(!is_verified(&scene));
        let long = "a".repeat(super::EMAIL_BYTES_MAX + 1);
        scene.sees(email(&long), &["refused Account(TooLong)"]);
        scene.sees(alter_account("alice", AlwaysOn(true)), &["account alice altered"]);
    }
}
