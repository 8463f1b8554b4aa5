//! One node after the other dies under load, and comes back.

use super::Scenario;
use crate::faults::crash_one;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "crash-restart",
    about: "a node is killed or loses power, and comes back, under load; twice",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&crash_one::FAULT, &crash_one::FAULT],
};
