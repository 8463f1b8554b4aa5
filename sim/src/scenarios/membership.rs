//! Nodes join, and one comes back with an empty disk.

use super::{PLAIN, Scenario};
use crate::faults::{crash_one, join, wipe};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "membership",
    about: "a fourth and a fifth node join, a node loses its disk, one crashes",
    faults: &[&join::FAULT, &wipe::FAULT, &join::FAULT, &crash_one::FAULT],
    ..PLAIN
};
