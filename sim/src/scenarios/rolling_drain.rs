//! An upgrade under load: every node is drained and restarted.

use super::Scenario;
use crate::faults::drain_all;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "rolling-drain",
    about: "every node in turn is drained, stopped and started",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&drain_all::FAULT],
};
