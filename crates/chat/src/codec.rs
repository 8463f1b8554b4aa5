//! Bytes for entries, snapshots and history: a version byte, then postcard.
//!
//! Promise: what one version wrote, the same version reads; any other bytes are an error, never a panic.

use serde::{Serialize, de::DeserializeOwned};

/// First byte of everything we encode. A new layout gets a new number and keeps reading the old.
pub const VERSION: u8 = 1;

/// The bytes are not ours, damaged, or of a version this program does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bytes that this version cannot read")]
pub struct Unreadable;

/// Encodes one value.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![VERSION]).expect("writing to memory cannot fail")
}

/// Decodes one value; every byte must belong to it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    match take(bytes)? {
        (value, []) => Ok(value),
        _ => Err(Unreadable),
    }
}

/// Decodes what a value begins with, and nothing behind that.
pub(crate) fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    take(bytes).map(|it| it.0)
}

fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Unreadable> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::take_from_bytes(rest).map_err(|_| Unreadable),
        _ => Err(Unreadable),
    }
}
