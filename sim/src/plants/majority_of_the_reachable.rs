//! A leader takes voters that it cannot reach for no voters.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "majority-of-the-reachable",
    about: "a leader takes voters that it cannot reach for no voters",
};
