//! What doors may ask of accounts.

use super::Exchange;
use chat::Nick;
use chat::directory::{AccountRefusal, Fingerprint};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// What can be asked of accounts. Logging in and registering need no session; all else is about the account
/// that the session is logged in to.
#[derive(Clone)]
pub enum AccountAsk {
    /// Prove to be somebody. Answered with `LoggedIn` or `Challenge`: the door then says so when it registers
    /// the session, or changes it.
    Login {
        /// How.
        login: Login,
        /// From where.
        address: IpAddr,
    },
    /// Make an account. Answered `Done` when it is there.
    Register {
        /// Its name.
        name: Nick,
        /// Its password; without one it needs a certificate.
        password: Option<Arc<str>>,
        /// Its first certificate.
        certificate: Option<Fingerprint>,
        /// Where its owner can be reached; nobody has verified it.
        email: Option<Arc<str>>,
        /// From where.
        address: IpAddr,
    },
    /// Give the account up, for ever.
    Drop {
        /// Asked once more.
        password: Arc<str>,
        /// From where.
        address: IpAddr,
    },
    /// Another password.
    SetPassword {
        /// The one so far; not needed by an account that has none.
        old: Arc<str>,
        /// From now on.
        new: Arc<str>,
        /// From where.
        address: IpAddr,
    },
    /// One more certificate.
    AddCertificate(Fingerprint),
    /// One less.
    RemoveCertificate(Fingerprint),
}

/// How somebody proves who they are.
#[derive(Clone)]
pub enum Login {
    /// By the password itself.
    Password {
        /// Which account.
        account: Arc<str>,
        /// In plain text.
        password: Arc<str>,
    },
    /// By a certificate whose key the client has proved to hold.
    Certificate {
        /// Which account, if they said so.
        account: Option<Arc<str>>,
        /// Of the certificate.
        fingerprint: Fingerprint,
    },
    /// By SCRAM-SHA-256: the client's first message. Answered with `Challenge`.
    ScramFirst(Arc<str>),
    /// The client's last message in that exchange.
    ScramFinal {
        /// What the first was answered with.
        exchange: Arc<Exchange>,
        /// The message.
        message: Arc<str>,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRefused {
    /// The directory said so.
    Because(AccountRefusal),
    /// Wrong password, wrong proof, or no such account: which, nobody is told.
    WrongPassword,
    /// Too many failed: not before so many seconds. Nothing was looked at.
    TooSoon {
        /// How long to wait.
        wait_s: u64,
    },
    /// This is no message of that mechanism.
    Malformed,
    /// A new password is too short, too long, or has characters that cannot be typed again.
    UnusablePassword,
    /// Nobody may register an account here.
    RegistrationClosed,
    /// Here one registers an account after one came in.
    OnlyOnceConnected,
    /// No account can have this name.
    BadName,
    /// This session is not logged in.
    NotLoggedIn,
}

/// No password goes into a log file.
impl fmt::Debug for AccountAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccountAsk::Login { .. } => "Login",
            AccountAsk::Register { .. } => "Register",
            AccountAsk::Drop { .. } => "Drop",
            AccountAsk::SetPassword { .. } => "SetPassword",
            AccountAsk::AddCertificate(_) => "AddCertificate",
            AccountAsk::RemoveCertificate(_) => "RemoveCertificate",
        })
    }
}
