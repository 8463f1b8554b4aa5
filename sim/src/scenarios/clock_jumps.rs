//! Wall clocks jump and drift under load, also over a change of leaders.

use super::{PLAIN, Scenario};
use crate::faults::{clock_jump, crash_one, cut_leader};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock-jumps",
    about: "wall clocks jump by up to an hour and drift, while leaders change",
    faults: &[
        &clock_jump::FAULT,
        &cut_leader::FAULT,
        &clock_jump::FAULT,
        &crash_one::FAULT,
        &clock_jump::FAULT,
    ],
    ..PLAIN
};
