//! Votes and acknowledgements between replicas do not wait for the disk.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "send-before-sync",
    about: "votes and acknowledgements between replicas do not wait for the disk",
};
