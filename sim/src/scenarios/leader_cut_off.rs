//! The leader of the room's group is cut off under load, and comes back.

use super::Scenario;
use crate::faults::cut_leader;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "leader-cut-off",
    about: "the room's leader is cut off from the other two for some seconds, under load",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&cut_leader::FAULT],
};
