//! A peer that fetches history is sent its last part empty.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "catch-up-drops-last",
    about: "a peer that fetches history is sent its last part empty",
};
