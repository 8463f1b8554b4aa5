//! A room that moves to another group comes there without the numbers of its sessions.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "move-forgets-numbers",
    about: "a room that moves to another group comes there without the numbers of its sessions",
};
