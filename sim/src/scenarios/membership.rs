//! Nodes join, and one comes back with an empty disk.

use super::Scenario;
use crate::faults::{crash_one, join, wipe};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "membership",
    about: "a fourth and a fifth node join, a node loses its disk, one crashes",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&join::FAULT, &wipe::FAULT, &join::FAULT, &crash_one::FAULT],
};
