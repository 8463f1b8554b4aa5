//! A registration does not look whether the nick is in use.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "nick-unchecked",
    about: "a registration does not look whether the nick is in use",
};
