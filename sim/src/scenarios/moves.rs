//! Thousands of moves from node to node, and a node dies under them.

use super::{PLAIN, Scenario};
use crate::faults::{crash_one, cut_leader};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "moves",
    about: "many people go from node to node while nodes die and leaders are cut off",
    is_long: true,
    faults: &[&crash_one::FAULT, &cut_leader::FAULT, &crash_one::FAULT],
    ..PLAIN
};
