//! Passwords of operators: checking a hash takes long on purpose, so it has a thread of its own.

use crate::shard::{Control, ShardLink};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use crossbeam_channel::{Receiver, Sender, bounded};
use node::ConnId;
use std::sync::Arc;

/// Checks that may wait; more are refused, so that guessing costs the guesser.
const WAITING_MAX: usize = 16;

pub(crate) struct Checker {
    jobs: Sender<Job>,
}

/// One attempt.
pub(crate) struct Job {
    pub(crate) conn: ConnId,
    pub(crate) link: ShardLink,
    pub(crate) name: Arc<str>,
    /// What the configuration says: an argon2 hash in PHC form, or plain text.
    pub(crate) secret: Box<str>,
    pub(crate) attempt: Box<str>,
    pub(crate) label: Option<u32>,
}

impl Checker {
    /// The thread ends with the last sender.
    pub(crate) fn start() -> Checker {
        let (jobs, waiting) = bounded(WAITING_MAX);
        let thread = std::thread::Builder::new().name("irc-passwords".into());
        if let Err(error) = thread.spawn(move || run(&waiting)) {
            tracing::error!(%error, "no thread for passwords: OPER will not work");
        }
        Checker { jobs }
    }

    /// False: too many wait already.
    pub(crate) fn check(&self, job: Job) -> bool {
        self.jobs.try_send(job).is_ok()
    }
}

fn run(waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        let is_right = is_right(&job.secret, &job.attempt);
        if !is_right {
            tracing::warn!(name = %job.name, "wrong password for OPER");
        }
        let Job { conn, link, name, label, .. } = job;
        link.tell(Control::Verified { conn, name, is_right, label });
    }
}

/// Compares with a hash, or with plain text in a time that does not depend on where they differ.
pub(crate) fn is_right(secret: &str, attempt: &str) -> bool {
    if secret.starts_with("$argon2") {
        let Ok(hash) = PasswordHash::new(secret) else {
            tracing::error!("an operator's password hash cannot be read");
            return false;
        };
        return Argon2::default().verify_password(attempt.as_bytes(), &hash).is_ok();
    }
    let (a, b) = (secret.as_bytes(), attempt.as_bytes());
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::is_right;
    use argon2::password_hash::{PasswordHasher, SaltString};

    #[test]
    fn hashes_and_plain_text() {
        let salt = SaltString::encode_b64(b"some salt").unwrap();
        let cheap = argon2::Params::new(8, 1, 1, None).unwrap();
        let argon = argon2::Argon2::new(Default::default(), Default::default(), cheap);
        let hash = argon.hash_password(b"secret", &salt).unwrap().to_string();
        assert!(is_right(&hash, "secret") && !is_right(&hash, "Secret"));
        assert!(is_right("secret", "secret") && !is_right("secret", "secre"));
        assert!(!is_right("$argon2id$nonsense", "x"));
    }
}
