//! Stamps are taken from the wall clock as it is, by leader and machine.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "clock-runs-back",
    about: "stamps are taken from the wall clock as it is, by leader and machine",
};
