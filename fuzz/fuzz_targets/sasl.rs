//! SASL: chunks of AUTHENTICATE, messages of PLAIN and SCRAM-SHA-256, fingerprints.
//!
//! The input is lines: each is a chunk, and once more a client's first and last message.
#![no_main]

use chat::directory::{Fingerprint, ScramKeys};
use irc_proto::sasl::{CHUNK_BYTES, Payload, Plain, Progress, chunks};
use libfuzzer_sys::fuzz_target;
use node::accounts::Hello;

fuzz_target!(|input: &str| {
    let mut payload = Payload::default();
    for line in input.lines() {
        if let Progress::Whole(message) = payload.take(line) {
            if let Some(Plain { authzid, authcid, password }) = Plain::parse(&message) {
                let again = format!("{authzid}\0{authcid}\0{password}");
                assert!(again.as_bytes() == message && !authcid.is_empty());
            }
            cut_and_joined(&message);
        }
        if let Some(it) = Fingerprint::parse(line) {
            assert_eq!(Fingerprint::parse(&it.to_string()), Some(it));
        }
        exchange(line, input);
    }
});

fn cut_and_joined(message: &[u8]) {
    let mut again = Payload::default();
    let cut = chunks(message);
    let (last, rest) = cut.split_last().expect("there is one at least");
    for chunk in rest {
        assert_eq!(chunk.len(), CHUNK_BYTES);
        assert_eq!(again.take(chunk), Progress::Partial);
    }
    assert_eq!(again.take(last), Progress::Whole(message.to_vec()));
}

/// Nobody is let in by chance, with an account behind the name and without.
fn exchange(first: &str, all: &str) {
    let (salt, iterations) = ([1; 16], 4_096);
    let keys = ScramKeys { salt, iterations, stored_key: [2; 32], server_key: [3; 32] };
    for keys in [None, Some(&keys)] {
        let Ok(hello) = Hello::parse(first) else { return };
        let account = hello.account.clone();
        let Some(exchange) = hello.answer(&account, keys, 7) else { return };
        assert!(exchange.answer.starts_with("r="));
        for last in all.lines() {
            assert!(!matches!(exchange.finish(last), Ok(Some(_))));
        }
    }
}
