//! The leader of the room's group is cut off under load, and comes back.

use super::{PLAIN, Scenario};
use crate::faults::cut_leader;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "leader-cut-off",
    about: "the room's leader is cut off from the other two for some seconds, under load",
    faults: &[&cut_leader::FAULT],
    ..PLAIN
};
