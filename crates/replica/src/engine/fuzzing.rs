//! For the fuzz targets: the private codecs between engines, bytes in and bytes out.

use super::catch_up::{put_record, take_record};
use super::wire::Envelope;
use crate::store::history::Stored;
use bytes::Bytes;

/// An envelope, read and written again; `None`: it is none.
#[must_use]
pub fn envelope_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut again = Vec::new();
    Envelope::decode(Bytes::copy_from_slice(bytes))?.encode(&mut again);
    Some(again)
}

/// Records of a history part, read and written again; `None`: the bytes do not end with one.
#[must_use]
pub fn history_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut again = Vec::new();
    while !rest.is_empty() {
        let (room, index, sort, body) = take_record(&mut rest)?;
        put_record(&mut again, &room, &Stored { ordinal: 0, index, sort, body });
    }
    Some(again)
}
