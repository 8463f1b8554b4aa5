//! For the fuzz targets: the private codecs of Raft messages, bytes in and bytes out.

use super::wire;
use bytes::Bytes;

/// A message, read and written again; `None`: it is none.
#[must_use]
pub fn message_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let message = wire::decode(Bytes::copy_from_slice(bytes))?;
    Some(wire::encode(&message).to_vec())
}

/// Who votes, read and written again; `None`: it is nothing of the kind.
#[must_use]
pub fn conf_state_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let state = wire::decode_conf_state(Bytes::copy_from_slice(bytes))?;
    Some(wire::encode_conf_state(&state).to_vec())
}

/// A membership change, read and written again; `None`: it is none.
#[must_use]
pub fn change_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let change = wire::decode_change(Bytes::copy_from_slice(bytes))?;
    Some(wire::encode_change(&change))
}
