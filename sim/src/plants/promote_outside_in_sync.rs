//! The directory promotes a live replica that is not in sync.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "promote-outside-in-sync",
    about: "the directory promotes a live replica that is not in sync",
};
