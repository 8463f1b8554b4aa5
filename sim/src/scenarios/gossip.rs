//! Rooms in which each node speaks by itself, while the cluster falls apart and disks are lost.

use super::{PLAIN, Scenario};
use crate::faults::{clock_jump, crash_one, split, wipe};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "gossip",
    about: "gossip rooms of five nodes under cuts, crashes, a lost disk and jumps of clocks",
    nodes: 5,
    faults: &[&split::FAULT, &crash_one::FAULT, &split::FAULT, &clock_jump::FAULT, &wipe::FAULT],
    ..PLAIN
};
