//! One node after the other dies under load, and comes back.

use super::{PLAIN, Scenario};
use crate::faults::crash_one;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "crash-restart",
    about: "a node is killed or loses power, and comes back, under load; twice",
    faults: &[&crash_one::FAULT, &crash_one::FAULT],
    ..PLAIN
};
