//! What can be asked of accounts, and what comes of it.

use super::{Account, Credentials, Fingerprint};
use crate::{Nick, SessionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One command about accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AccountCommand {
    /// A new account, with a password, a certificate, or both.
    Register {
        /// Its name.
        name: Nick,
        /// What its password will be checked against.
        credentials: Option<Arc<Credentials>>,
        /// The first certificate.
        certificate: Option<Fingerprint>,
        /// Where its owner can be reached.
        email: Option<Arc<str>>,
        /// Somebody proved to read what is sent there.
        is_verified: bool,
        /// Who registers it, if they have a session: its own nick is no obstacle.
        by: Option<SessionId>,
    },
    /// It is no more, and its name nobody's for ever.
    Drop {
        /// Which.
        account: Arc<str>,
    },
    /// Something of it changes.
    Alter {
        /// Which.
        account: Arc<str>,
        /// What.
        change: AccountChange,
    },
}

/// One change of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AccountChange {
    /// Another password.
    Password(Arc<Credentials>),
    /// One more certificate.
    AddCertificate(Fingerprint),
    /// One less.
    RemoveCertificate(Fingerprint),
    /// Another address of mail, which nobody has verified.
    Email(Option<Arc<str>>),
    /// Its address was verified.
    Verified,
    /// Its session shall outlive its connections, or not.
    AlwaysOn(bool),
}

/// Something that happened to an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccountEvent {
    /// There is one more.
    Registered(Arc<Account>),
    /// It is no more; as it last was.
    Dropped(Arc<Account>),
    /// As it is now.
    Altered(Arc<Account>),
}

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountRefusal {
    /// Somebody has that name, or had it.
    NameTaken,
    /// Somebody else is called so at this moment.
    NickInUse,
    /// There is no such account (any more).
    UnknownAccount,
    /// The certificate belongs to an account already.
    CertificateInUse,
    /// The account has no such certificate.
    UnknownCertificate,
    /// The account has as many certificates as it may have.
    TooManyCertificates,
    /// Nobody could log in to it any more.
    LastCredential,
    /// The network has as many accounts as it may have.
    Full,
    /// A text is too long.
    TooLong,
}
