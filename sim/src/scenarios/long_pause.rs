//! The leader stands still for a minute.

use super::{PLAIN, Scenario};
use crate::faults::long_pause;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "long-pause",
    about: "the room's leader is paused for a minute, and goes on as if it had been no time",
    faults: &[&long_pause::FAULT],
    ..PLAIN
};
