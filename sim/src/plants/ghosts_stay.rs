//! Occupants whose session has ended stay in their rooms.

use super::Plant;

pub(super) const PLANT: Plant =
    Plant { name: "ghosts-stay", about: "occupants whose session has ended stay in their rooms" };
