//! Gossip starts with the version vector of its last checkpoint, own entries included.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "version-vector-forgets",
    about: "gossip starts with the version vector of its last checkpoint",
};
