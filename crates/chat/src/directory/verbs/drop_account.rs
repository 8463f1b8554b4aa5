//! DROP ACCOUNT: it is no more, and its name is nobody's for ever. Whoever is logged in to it is logged out
//! by the node they are on.

use crate::directory::accounts::{AccountEvent, AccountRefusal};
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};

pub(in crate::directory) fn drop_account(directory: &mut Directory, name: &str) -> Answer {
    match directory.accounts.remove(name) {
        Some(account) => Ok(vec![DirectoryEvent::Account(AccountEvent::Dropped(account))]),
        None => Err(DirectoryRefusal::Account(AccountRefusal::UnknownAccount)),
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, account, certificate, drop_account};

    #[test]
    fn a_dropped_name_is_never_given_away_again_and_its_certificate_is_free() {
        let mut scene = Scene::default();
        scene.sees(drop_account("alice"), &["refused Account(UnknownAccount)"]);
        scene.sees(account("Alice", None, Some(7)), &["account Alice registered"]);
        scene.sees(drop_account("aLICE"), &["account Alice dropped"]);
        scene.sees(drop_account("alice"), &["refused Account(UnknownAccount)"]);
        assert!(scene.directory.account("alice").is_none() && scene.directory.is_dropped("ALICE"));
        assert!(!scene.directory.is_dropped("bob"));
        assert!(scene.directory.account_by_certificate(&certificate(7)).is_none());
        scene.sees(account("alice", Some(1), None), &["refused Account(NameTaken)"]);
        scene.sees(account("bob", None, Some(7)), &["account bob registered"]);
    }

    #[test]
    fn dropped_names_count_as_accounts() {
        let mut scene = Scene::default();
        scene.directory.accounts.accounts_max = 1;
        scene.sees(account("alice", Some(1), None), &["account alice registered"]);
        scene.sees(drop_account("alice"), &["account alice dropped"]);
        scene.sees(account("bob", Some(1), None), &["refused Account(Full)"]);
    }
}
