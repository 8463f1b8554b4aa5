//! An upgrade under load: every node is drained and restarted.

use super::{PLAIN, Scenario};
use crate::faults::drain_all;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "rolling-drain",
    about: "every node in turn is drained, stopped and started",
    faults: &[&drain_all::FAULT],
    ..PLAIN
};
