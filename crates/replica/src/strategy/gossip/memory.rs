//! What a replica must know again to go on from a state.

use bytes::Bytes;
use replica_proto::gossip::VersionVector;
use serde::{Deserialize, Serialize};

/// It stands beside the state in a checkpoint, and goes with it to peers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// What the state contains.
    pub(super) version: VersionVector,
    /// The newest stamp of the node whose state it is.
    pub(super) stamp: u64,
}

impl Memory {
    pub(super) fn encode(&self) -> Bytes {
        postcard::to_stdvec(self).expect("writing to memory cannot fail").into()
    }

    /// Of nothing at all: that of an empty state.
    pub(super) fn decode(bytes: &[u8]) -> Option<Memory> {
        match bytes {
            [] => Some(Memory::default()),
            _ => postcard::from_bytes(bytes).ok(),
        }
    }
}
