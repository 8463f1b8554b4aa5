//! The leader stands still for a minute.

use super::Scenario;
use crate::faults::long_pause;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "long-pause",
    about: "the room's leader is paused for a minute, and goes on as if it had been no time",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&long_pause::FAULT],
};
