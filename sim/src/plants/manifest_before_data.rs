//! A checkpoint's manifest is replaced without syncing what it speaks of.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "manifest-before-data",
    about: "a checkpoint's manifest is replaced without syncing what it speaks of",
};
