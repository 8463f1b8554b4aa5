//! Checkpoints and states for peers lack the numbers of lanes and sessions.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "forget-dedupe",
    about: "checkpoints and states for peers lack the numbers of lanes and sessions",
};
