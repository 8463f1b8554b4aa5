//! A primary commits without waiting for its backups.

use super::Plant;

pub(super) const PLANT: Plant =
    Plant { name: "ack-before-backup", about: "a primary commits without waiting for its backups" };
