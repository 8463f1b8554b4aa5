//! Logging in: what doors may ask of accounts, and all that has to do with passwords.
//!
//! Promise: a password is neither kept nor written anywhere; hashes are computed on threads of their own, and
//! only what came of it goes into a log. Guessing gets slower for the account and for the address.

mod ask;
mod hasher;
mod password;
mod scram;
mod throttle;

pub use ask::{AccountAsk, AccountRefused, Login};
pub(crate) use hasher::{Hashed, Hasher, Job, Submitted};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, is_right, make};
pub use scram::{Exchange, Hello, Malformed};
pub(crate) use throttle::{Key, REPORT_MAX, Throttle};

/// Names that are no person's: what is said to them is for the server.
pub const SERVICES: [&str; 2] = ["NickServ", "ChanServ"];

/// The name is one of [`SERVICES`], in any case.
#[must_use]
pub fn is_service(nick: &str) -> bool {
    SERVICES.iter().any(|it| it.eq_ignore_ascii_case(nick))
}
