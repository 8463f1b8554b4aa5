//! Which node a data directory belongs to.
//!
//! Promise: the identity in it was drawn once and is never used by a directory that lost its data; the
//! count of starts rises with every start, before anything of that start can be heard elsewhere. It is
//! on disk before the first step of founding or joining, so that a crash in between goes on with that
//! step: a node that was joining never founds.

use crate::Names;
use fail::fail_point;
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
    /// How far it has come.
    pub(crate) phase: Phase,
    /// The node's name.
    pub(crate) name: String,
    /// Room groups of the cluster.
    pub(crate) groups: u32,
    /// Starts so far.
    pub(crate) boot: u32,
    /// Members when last seen: identity and address.
    pub(crate) peers: Vec<(u64, String)>,
    /// How the cluster keeps names.
    pub(crate) names: Names,
}

/// From before there was a choice about names.
#[derive(Serialize, Deserialize)]
struct IdentityV1 {
    id: u64,
    cluster: u64,
    phase: Phase,
    name: String,
    groups: u32,
    boot: u32,
    peers: Vec<(u64, String)>,
}

impl From<IdentityV1> for Identity {
    fn from(it: IdentityV1) -> Identity {
        let IdentityV1 { id, cluster, phase, name, groups, boot, peers } = it;
        Identity { id, cluster, phase, name, groups, boot, peers, names: Names::Raft }
    }
}

/// How far a node has come with becoming a member. Before `Member` it has told nobody anything that
/// must not be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Its first checkpoint may not be there yet.
    Founding,
    /// Its log and history are to be emptied before it is a member.
    Joining {
        /// Whom to ask, besides those in the configuration.
        addresses: Vec<String>,
    },
    /// Its log holds what it has promised.
    Member,
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
        let mut identity: Identity = chat::codec::decode(&bytes)
            .or_else(|_| chat::codec::decode::<IdentityV1>(&bytes).map(Identity::from))
            .map_err(|_| IdentityError::Damaged)?;
        if identity.phase != Phase::Member {
            identity.name = name.to_owned(); // Nobody knows the other name yet.
        }
        if identity.name != name {
            return Err(IdentityError::OtherNode { theirs: identity.name, ours: name.to_owned() });
        }
        Ok(Some(identity))
    }

    /// The data is damaged: this identity never votes again. Who the node is instead, until it has
    /// joined by asking at those addresses.
    pub(crate) fn begin_again(&self, id: u64, addresses: Vec<String>) -> Identity {
        Identity { id, phase: Phase::Joining { addresses }, boot: 0, ..self.clone() }
    }

    /// Writes the file so that it is there after a crash.
    pub(crate) fn save(&self, disk: &dyn Disk) -> Result<(), IdentityError> {
        match self.phase {
            Phase::Founding => fail_point!("identity.before-founding"),
            Phase::Joining { .. } => fail_point!("identity.before-joining"),
            Phase::Member => fail_point!("identity.before-member"),
        }
        disk.replace(FILE, &chat::codec::encode(self))?;
        fail_point!("identity.after-save");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use replica::store::SimDisk;

    fn identity(phase: Phase) -> Identity {
        Identity {
            id: 7,
            cluster: 1,
            phase,
            name: "a".to_owned(),
            groups: 16,
            boot: 1,
            peers: Vec::new(),
            names: Names::Raft,
        }
    }

    #[test]
    fn a_file_from_before_there_was_a_choice_about_names_is_read() {
        let disk = SimDisk::new();
        let peers = vec![(8, "b:1".to_owned())];
        let old = IdentityV1 {
            id: 7,
            cluster: 1,
            phase: Phase::Member,
            name: "a".to_owned(),
            groups: 16,
            boot: 3,
            peers: peers.clone(),
        };
        disk.replace(FILE, &chat::codec::encode(&old)).expect("the disk is fine");
        let found = Identity::load(&disk, "a").expect("it can be read").expect("it is there");
        assert_eq!(found, Identity { boot: 3, peers, ..identity(Phase::Member) });
        let bully = Identity { names: Names::Bully, ..found };
        bully.save(&disk).expect("the disk is fine");
        assert_eq!(Identity::load(&disk, "a").expect("it can be read"), Some(bully));
    }

    #[test]
    fn a_member_keeps_its_name_and_who_is_not_one_yet_may_take_another() {
        let disk = SimDisk::new();
        assert_eq!(Identity::load(&disk, "a").expect("an empty disk"), None);
        for phase in [Phase::Founding, Phase::Joining { addresses: vec!["b:1".to_owned()] }] {
            identity(phase.clone()).save(&disk).expect("the disk is fine");
            let found = Identity::load(&disk, "b").expect("it can be read").expect("it is there");
            assert_eq!((found.name.as_str(), found.id, found.phase), ("b", 7, phase));
        }
        identity(Phase::Member).save(&disk).expect("the disk is fine");
        assert!(Identity::load(&disk, "a").expect("it can be read").is_some());
        let refused = Identity::load(&disk, "b");
        assert!(matches!(refused, Err(IdentityError::OtherNode { .. })), "{refused:?}");
    }
}
