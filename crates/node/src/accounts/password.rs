//! From a password to what is kept of it, and back to whether it is right.
//!
//! argon2id with parameters that OWASP's Password Storage Cheat Sheet calls equal to 19 MiB and two passes.
//! A hash says itself with which parameters it was made, so they may change.

use super::scram;
use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordVerifier, Version};
use chat::directory::Credentials;
use ring::rand::{SecureRandom, SystemRandom};
use std::borrow::Cow;

/// The longest password, in bytes: each of its bytes is hashed 100,000 times.
pub const PASSWORD_BYTES_MAX: usize = 300;
/// The shortest new password, in characters (NIST SP 800-63B).
pub const PASSWORD_CHARS_MIN: usize = 8;

const MEMORY_KIB: u32 = 9_216;
const PASSES: u32 = 4;

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What is to be kept of a password; `None`: it is too short or too long, or has characters that SASLprep
/// (RFC 4013) forbids. Takes some hundred milliseconds.
#[must_use]
pub fn make(password: &str) -> Option<Credentials> {
    if password.len() > PASSWORD_BYTES_MAX || password.chars().count() < PASSWORD_CHARS_MIN {
        return None;
    }
    let password = prepared(password)?;
    let mut salts = [[0; 16]; 2];
    let random = SystemRandom::new();
    salts.iter_mut().try_for_each(|it| random.fill(it)).ok()?;
    let salt = SaltString::encode_b64(&salts[0]).ok()?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).ok()?.to_string();
    Some(Credentials { hash: hash.into(), scram: scram::keys(&password, salts[1]) })
}

/// The password is the one that these were made from. Without any, takes as long, and is wrong: whoever
/// measures does not learn which accounts there are.
#[must_use]
pub fn is_right(credentials: Option<&Credentials>, password: &str) -> bool {
    let password = match password.len() <= PASSWORD_BYTES_MAX {
        true => prepared(password),
        false => None,
    };
    let password = password.as_deref().unwrap_or_default();
    let Some(credentials) = credentials else {
        let mut nothing = [0; 32];
        let _ = argon2().hash_password_into(password.as_bytes(), &[0; 16], &mut nothing);
        return false;
    };
    let Ok(hash) = PasswordHash::new(&credentials.hash) else {
        tracing::error!("a password hash of the directory cannot be read");
        return false;
    };
    // (An empty password never is right: no account has one.)
    argon2().verify_password(password.as_bytes(), &hash).is_ok() && !password.is_empty()
}

/// As SASLprep has it: two ways to write one password are one password.
pub(super) fn prepared(password: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(password).ok().filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_however_it_is_written_and_another_is_not() {
        let kept = make("p\u{e4}ssw\u{f6}rter").expect("a good password");
        assert!(kept.hash.starts_with("$argon2id$v=19$m=9216,t=4,p=1$"), "{}", kept.hash);
        assert!(is_right(Some(&kept), "p\u{e4}ssw\u{f6}rter"));
        assert!(is_right(Some(&kept), "pa\u{308}sswo\u{308}rter"), "decomposed");
        for wrong in ["", "passworter", "P\u{e4}ssw\u{f6}rter", "\u{7}"] {
            assert!(!is_right(Some(&kept), wrong), "{wrong:?}");
        }
        assert!(!is_right(Some(&kept), &"x".repeat(65_536)));
        assert!(!is_right(None, "p\u{e4}ssw\u{f6}rter"));
        let again = make("p\u{e4}ssw\u{f6}rter").expect("a good password");
        assert!(again.hash != kept.hash && again.scram.salt != kept.scram.salt);
    }

    #[test]
    fn what_cannot_be_a_password_is_refused() {
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        for bad in [
            "",
            "short12",
            &long,
            "with\u{7}bell",
            "\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}",
        ] {
            assert!(make(bad).is_none(), "{bad:?}");
        }
    }
}
