//! Accounts: who people are, whatever they are called and wherever they come in.
//!
//! Promise: a name, in any case, is one account's for ever: one that was dropped is never given away again,
//! so that nobody inherits the rooms and conversations of somebody else. A certificate belongs to one
//! account. What is kept of a password was computed before the entry was proposed.

mod account;
mod command;

pub use account::{Account, Credentials, Fingerprint, ScramKeys};
pub use command::{AccountChange, AccountCommand, AccountEvent, AccountRefusal};

use crate::fold;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Accounts of a network, dropped ones included: some hundred megabytes of memory on every node.
const ACCOUNTS_MAX: usize = 1_000_000;

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    /// By folded name.
    by_name: BTreeMap<Arc<str>, Arc<Account>>,
    /// Folded names of those that are no more.
    dropped: BTreeSet<Arc<str>>,
    /// Derived: whose a certificate is.
    by_certificate: BTreeMap<Fingerprint, Arc<str>>,
    pub(super) accounts_max: usize,
}

/// As bytes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct AccountsSnapshot {
    accounts: Vec<Arc<Account>>,
    dropped: BTreeSet<Arc<str>>,
}

impl Default for Accounts {
    fn default() -> Accounts {
        Accounts {
            by_name: BTreeMap::new(),
            dropped: BTreeSet::new(),
            by_certificate: BTreeMap::new(),
            accounts_max: ACCOUNTS_MAX,
        }
    }
}

impl Accounts {
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_name.get(&*fold(name))
    }

    pub(super) fn by_certificate(&self, fingerprint: &Fingerprint) -> Option<&Arc<Account>> {
        self.by_name.get(self.by_certificate.get(fingerprint)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.by_name.values()
    }

    /// Somebody has the name, or had it.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let key = fold(name);
        self.by_name.contains_key(&*key) || self.dropped.contains(&*key)
    }

    pub(super) fn is_full(&self) -> bool {
        self.by_name.len() + self.dropped.len() >= self.accounts_max
    }

    /// Puts an account in, or puts it in the place of itself, and keeps the index true.
    pub(super) fn put(&mut self, account: Arc<Account>) {
        let key: Arc<str> = account.name.key().into();
        self.unlink(&key);
        for fingerprint in &account.certificates {
            self.by_certificate.insert(*fingerprint, key.clone());
        }
        self.by_name.insert(key, account);
    }

    /// Takes an account out for ever.
    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<Account>> {
        let key: Arc<str> = fold(name).into();
        self.unlink(&key);
        let account = self.by_name.remove(&key)?;
        self.dropped.insert(key);
        Some(account)
    }

    fn unlink(&mut self, key: &str) {
        if let Some(before) = self.by_name.get(key) {
            for fingerprint in &before.certificates {
                self.by_certificate.remove(fingerprint);
            }
        }
    }

    pub(super) fn snapshot(&self) -> AccountsSnapshot {
        AccountsSnapshot {
            accounts: self.by_name.values().cloned().collect(),
            dropped: self.dropped.clone(),
        }
    }

    /// `None`: two of them share a name or a certificate.
    pub(super) fn restore(from: AccountsSnapshot) -> Option<Accounts> {
        let mut accounts = Accounts { dropped: from.dropped, ..Accounts::default() };
        for account in from.accounts {
            let is_shared = |it| accounts.by_certificate.contains_key(it);
            let is_clash = accounts.is_taken(account.name.as_str())
                || account.certificates.iter().any(is_shared);
            if is_clash {
                return None;
            }
            accounts.put(account);
        }
        Some(accounts)
    }
}
