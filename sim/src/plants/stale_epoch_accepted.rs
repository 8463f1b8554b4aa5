//! A backup takes entries of a primary whose epoch is over.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "stale-epoch-accepted",
    about: "a backup takes entries of a primary whose epoch is over",
};
