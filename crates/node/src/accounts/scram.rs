//! SCRAM-SHA-256, the server's side: RFC 5802 with RFC 7677, without channel binding.
//!
//! Promise: whoever lacks the password cannot make the last message, and learns from the first answer neither
//! whether the account exists nor anything that lets them guess offline more than the salt.

use super::password::prepared;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chat::directory::ScramKeys;
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::pbkdf2;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Of PBKDF2, computed by clients at each login: 50 ms or so. RFC 7677 asks for 4,096 at least.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("it is not zero");
/// Messages are no longer than this: names and nonces are short.
pub(super) const MESSAGE_BYTES_MAX: usize = 1_024;
/// Random bytes of the server's nonce.
const NONCE_BYTES: usize = 18;

/// The text is no such message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of SCRAM-SHA-256")]
pub struct Malformed;

/// What is kept of a prepared password.
pub(super) fn keys(password: &str, salt: [u8; 16]) -> ScramKeys {
    let mut salted = [0; 32];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, ITERATIONS, &salt, password.as_bytes(), &mut salted);
    let client_key = hmac(&salted, b"Client Key");
    ScramKeys {
        salt,
        iterations: ITERATIONS.get(),
        stored_key: sha256(&client_key),
        server_key: hmac(&salted, b"Server Key"),
    }
}

/// The client's first message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Who they say they are.
    pub account: String,
    /// What the last message must repeat: the header, in base64.
    binding: String,
    /// The message without its header.
    bare: String,
    nonce: String,
}

impl Hello {
    /// Reads `n,a=authzid,n=user,r=nonce`.
    ///
    /// # Errors
    /// It is none, asks for channel binding or an extension, or wants to act as somebody else.
    pub fn parse(message: &str) -> Result<Hello, Malformed> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(Malformed);
        }
        let (flag, rest) = message.split_once(',').ok_or(Malformed)?;
        let (identity, bare) = rest.split_once(',').ok_or(Malformed)?;
        if !matches!(flag, "n" | "y") {
            return Err(Malformed); // `p=`: a channel binding that was not offered.
        }
        let (name, rest) = bare.split_once(',').ok_or(Malformed)?;
        let account = unescaped(name.strip_prefix("n=").ok_or(Malformed)?)?;
        let nonce = rest.split(',').next().and_then(|it| it.strip_prefix("r=")).ok_or(Malformed)?;
        let is_printable = |it: &u8| (0x21..=0x7e).contains(it);
        if nonce.is_empty() || !nonce.bytes().all(|it| is_printable(&it)) {
            return Err(Malformed);
        }
        let is_own = match identity.strip_prefix("a=") {
            Some(other) => unescaped(other)?.eq_ignore_ascii_case(&account),
            None => identity.is_empty(),
        };
        if !is_own {
            return Err(Malformed);
        }
        Ok(Hello {
            binding: BASE64.encode(format!("{flag},{identity},")),
            bare: bare.to_owned(),
            nonce: nonce.to_owned(),
            account,
        })
    }

    /// Answers it. Without keys the answer looks like any other, always the same for one account, and no last
    /// message fits it; `secret` is what only the network knows.
    #[must_use]
    pub fn answer(self, account: &str, keys: Option<&ScramKeys>, secret: u64) -> Option<Exchange> {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce).ok()?;
        Some(self.answer_with(account, keys, secret, &BASE64.encode(nonce)))
    }

    fn answer_with(
        self,
        account: &str,
        keys: Option<&ScramKeys>,
        secret: u64,
        own_nonce: &str,
    ) -> Exchange {
        let nonce = format!("{}{own_nonce}", self.nonce);
        let made_up = || {
            let salt = hmac(&secret.to_le_bytes(), chat::fold(account).as_bytes());
            let salt: [u8; 16] = std::array::from_fn(|at| salt[at]);
            (salt, ITERATIONS.get())
        };
        let (salt, iterations) = keys.map_or_else(made_up, |it| (it.salt, it.iterations));
        let answer = format!("r={nonce},s={},i={iterations}", BASE64.encode(salt));
        Exchange {
            account: account.into(),
            keys: keys.cloned(),
            begun: format!("{},{answer}", self.bare),
            binding: self.binding,
            nonce,
            answer: answer.into(),
        }
    }
}

/// An exchange whose last message is to come.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// For which account.
    pub account: Arc<str>,
    /// The server's first message.
    pub answer: Arc<str>,
    keys: Option<ScramKeys>,
    begun: String,
    binding: String,
    nonce: String,
}

impl Exchange {
    /// It was begun with these keys.
    pub(crate) fn is_of(&self, keys: &ScramKeys) -> bool {
        self.keys.as_ref() == Some(keys)
    }

    /// Checks the client's last message `c=binding,r=nonce,p=proof`. `Ok(None)`: the proof is wrong. Else what
    /// the server answers, which proves that it knows the account, too.
    ///
    /// # Errors
    /// It is no such message, or not of this exchange.
    pub fn finish(&self, message: &str) -> Result<Option<String>, Malformed> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(Malformed);
        }
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(Malformed)?;
        let proof = BASE64.decode(proof).map_err(|_| Malformed)?;
        let proof: [u8; 32] = proof.try_into().map_err(|_| Malformed)?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|it| it.strip_prefix("c=")).ok_or(Malformed)?;
        let nonce = attributes.next().and_then(|it| it.strip_prefix("r=")).ok_or(Malformed)?;
        if binding != self.binding || nonce != self.nonce {
            return Err(Malformed);
        }
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let said = format!("{},{without_proof}", self.begun);
        let signature = hmac(&keys.stored_key, said.as_bytes());
        let client_key: [u8; 32] = std::array::from_fn(|at| proof[at] ^ signature[at]);
        let is_right = sha256(&client_key) == keys.stored_key; // Hashes: how far they agree says nothing.
        let answer = || format!("v={}", BASE64.encode(hmac(&keys.server_key, said.as_bytes())));
        Ok(is_right.then(answer))
    }
}

/// Nothing of it belongs into a log file.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("account", &self.account).finish_non_exhaustive()
    }
}

/// `=2C` is a comma and `=3D` an equals sign; no other `=` may stand there.
fn unescaped(name: &str) -> Result<String, Malformed> {
    let mut parts = name.split('=');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(Malformed),
        };
        text.push(sign);
        text.push_str(rest);
    }
    let text = prepared(&text).ok_or(Malformed)?;
    Ok(text.into_owned())
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let tag = sign(&Key::new(HMAC_SHA256, key), text);
    tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn sha256(text: &[u8]) -> [u8; 32] {
    digest(&SHA256, text).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3: user `user`, password `pencil`.
    fn of_rfc_7677() -> ScramKeys {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let mut salted = [0; 32];
        let rounds = NonZeroU32::new(4096).expect("it is not zero");
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, b"pencil", &mut salted);
        ScramKeys {
            salt: salt.try_into().expect("16 bytes"),
            iterations: 4096,
            stored_key: sha256(&hmac(&salted, b"Client Key")),
            server_key: hmac(&salted, b"Server Key"),
        }
    }

    const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn exchange(keys: Option<&ScramKeys>) -> Exchange {
        let hello = Hello::parse(FIRST).expect("the RFC's own message");
        hello.answer_with("user", keys, 7, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    }

    #[test]
    fn the_example_of_rfc_7677() {
        let exchange = exchange(Some(&of_rfc_7677()));
        let answer = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(&*exchange.answer, answer);
        let proof = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(exchange.finish(FINAL), Ok(Some(proof.to_owned())));
    }

    #[test]
    fn a_wrong_proof_and_no_account_at_all_end_alike() {
        let wrong = FINAL.replace("p=dHzb", "p=eHzb");
        assert_eq!(exchange(Some(&of_rfc_7677())).finish(&wrong), Ok(None));
        let nobody = exchange(None);
        assert_eq!(nobody.finish(FINAL), Ok(None));
        assert_eq!(
            nobody.answer,
            exchange(None).answer,
            "it does not change, as a real salt does not"
        );
        assert!(nobody.answer.ends_with(",i=100000") && nobody.answer.contains(",s="));
    }

    #[test]
    fn what_is_no_message_of_the_exchange_is_refused() {
        let exchange = exchange(Some(&of_rfc_7677()));
        let long = format!("{FINAL}{}", "x".repeat(70_000));
        let other_nonce = FINAL.replace("r=rOp", "r=xOp");
        let other_binding = FINAL.replace("c=biws", "c=eSws");
        let short_proof = FINAL.replace("p=dHzb", "p=");
        for bad in ["", ",p=", "c=biws", &long, &other_nonce, &other_binding, &short_proof, "é"] {
            assert_eq!(exchange.finish(bad), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn first_messages() {
        let account = |it: &str| Hello::parse(it).map(|it| it.account);
        assert_eq!(account("y,,n=a=2Cb=3Dc,r=x").as_deref(), Ok("a,b=c"));
        assert_eq!(account("n,a=Alice,n=alice,r=x,ext=1").as_deref(), Ok("alice"));
        let long = format!("n,,n=user,r={}", "x".repeat(70_000));
        for bad in [
            "",
            "n",
            "n,,",
            "n,,n=user",
            "n,,n=user,r=",
            "n,,n=,r=x",
            "p=tls-unique,,n=user,r=x",
            "n,a=bob,n=alice,r=x",
            "n,bob,n=alice,r=x",
            "n,,n=a=2Db,r=x",
            "n,,n=a=,r=x",
            "n,,m=ext,n=user,r=x",
            "n,,r=x,n=user",
            "n,,n=user,r=\u{e9}",
            "n,,n=a\u{7},r=x",
            &long,
        ] {
            assert_eq!(account(bad), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn keys_come_from_the_password() {
        let keys = keys("pencil!!", [1; 16]);
        let hello = Hello::parse(FIRST).expect("the RFC's own message");
        let exchange = hello.answer("user", Some(&keys), 7).expect("there is chance");
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, &[1; 16], b"pencil!!", &mut salted);
        let client_key = hmac(&salted, b"Client Key");
        let without_proof = format!("c=biws,r={}", exchange.nonce);
        let said = format!("{},{without_proof}", exchange.begun);
        let signature = hmac(&sha256(&client_key), said.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let last = format!("{without_proof},p={}", BASE64.encode(proof));
        assert!(matches!(exchange.finish(&last), Ok(Some(_))));
    }
}
