//! Nodes die at exact moments.

use super::{PLAIN, Scenario};
use crate::faults::fail_point;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "fail-points",
    about: "a node dies exactly between two steps that matter, and comes back; three times",
    faults: &[&fail_point::FAULT, &fail_point::FAULT, &fail_point::FAULT],
    ..PLAIN
};
