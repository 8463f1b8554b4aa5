//! The log reports a batch as on disk without its sync.

use super::Plant;

pub(super) const PLANT: Plant =
    Plant { name: "ack-before-sync", about: "the log reports a batch as on disk without its sync" };
