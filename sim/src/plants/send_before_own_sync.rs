//! Gossip sends its own entries before they are on disk.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "send-before-own-sync",
    about: "gossip sends its own entries before they are on disk",
};
