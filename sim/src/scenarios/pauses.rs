//! Nodes stand still for up to ten seconds, or are slow.

use super::{PLAIN, Scenario};
use crate::faults::{pause, slow_node};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "pauses",
    about: "nodes are paused for up to 10 s, or slow",
    faults: &[&pause::FAULT, &slow_node::FAULT, &pause::FAULT, &pause::FAULT],
    ..PLAIN
};
