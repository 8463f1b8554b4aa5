//! Commands that were offered and given up are called refused.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "unknown-called-refused",
    about: "commands that were offered and given up are called refused",
};
