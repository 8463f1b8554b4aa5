//! Gossip takes an entry that came before the one before it for the next.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "gap-delivered",
    about: "gossip takes an entry that came before the one before it for the next",
};
