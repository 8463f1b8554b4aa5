//! What rooms and the directory keep and exchange: commands, records, snapshots.
//!
//! Bytes that can be read, written and read again, are the same value; none cost more memory than a
//! small multiple of themselves. The first byte says what the rest is read as.
#![no_main]

use chat::codec::{decode, encode};
use chat::directory::{Directory, DirectoryCommand};
use chat::room::{RoomCommand, Rooms};
use chat::{Limits, MsgId, Nick, Record, RoomName};
use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    let [what, body @ ..] = bytes else { return };
    let ((), peak) = peak_bytes_of(|| match what {
        0 => comes_back::<RoomCommand>(body),
        1 => comes_back::<Record>(body),
        2 => comes_back::<DirectoryCommand>(body),
        3 => {
            let restore = |bytes: &[u8]| Rooms::restore(7, Limits::default(), bytes).ok();
            snapshot(body, restore, Rooms::snapshot);
        }
        4 => snapshot(body, |bytes| Directory::restore(bytes).ok(), Directory::snapshot),
        _ => names(body),
    });
    assert!(peak <= 400 * body.len() + (64 << 10), "{peak} bytes for {}", body.len());
});

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(value) = decode::<T>(bytes) {
        assert_eq!(decode(&encode(&value)), Ok(value));
    }
}

fn snapshot<T>(bytes: &[u8], restore: impl Fn(&[u8]) -> Option<T>, save: impl Fn(&T) -> Vec<u8>) {
    if let Some(state) = restore(bytes) {
        let saved = save(&state);
        let again = restore(&saved).expect("our own snapshot can be read");
        assert_eq!(save(&again), saved);
    }
}

fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(it) = Nick::parse(text, 32) {
        assert!(it.key().len() <= 32 && it.as_str() == text);
    }
    if let Ok(it) = RoomName::parse(text) {
        assert_eq!(RoomName::parse(it.as_str()), Ok(it));
    }
    if let Ok(it) = text.parse::<MsgId>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
}
