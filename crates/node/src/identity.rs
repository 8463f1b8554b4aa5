//! Which node a data directory belongs to.
//!
//! Promise: the identity in it was drawn once and is never used by a directory that lost its data; the
//! count of starts rises with every start, before anything else happens.

use replica::store::Disk;
use serde::{Deserialize, Serialize};

const FILE: &str = "identity";

/// Contents of the identity file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Replica identity.
    pub(crate) id: u64,
    /// Random id of the cluster.
    pub(crate) cluster: u64,
    /// The node's name.
    pub(crate) name: String,
    /// Room groups of the cluster.
    pub(crate) groups: u32,
    /// Starts so far.
    pub(crate) boot: u32,
    /// Members when last seen: identity and address.
    pub(crate) peers: Vec<(u64, String)>,
}

/// Why a data directory's identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// Disk trouble.
    #[error("cannot read or write the identity file: {0}")]
    Io(#[from] std::io::Error),
    /// The file is damaged.
    #[error(
        "the identity file is damaged; if other nodes hold the data, empty the directory and let this node join again"
    )]
    Damaged,
    /// It belongs to another node.
    #[error(
        "it belongs to node {theirs}, and this node is called {ours}: give each node a data_dir of its own"
    )]
    OtherNode {
        /// Name in the file.
        theirs: String,
        /// Name in the configuration.
        ours: String,
    },
}

impl Identity {
    /// Reads the file; `None`: a fresh directory.
    pub(crate) fn load(disk: &dyn Disk, name: &str) -> Result<Option<Identity>, IdentityError> {
        let bytes = match disk.read(FILE) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why.into()),
        };
        let identity: Identity = chat::codec::decode(&bytes).map_err(|_| IdentityError::Damaged)?;
        if identity.name != name {
            return Err(IdentityError::OtherNode {
                theirs: identity.name,
                ours: name.to_owned(),
            });
        }
        Ok(Some(identity))
    }

    /// Writes the file so that it is there after a crash.
    pub(crate) fn save(&self, disk: &dyn Disk) -> Result<(), IdentityError> {
        disk.replace(FILE, &chat::codec::encode(self))?;
        Ok(())
    }
}
