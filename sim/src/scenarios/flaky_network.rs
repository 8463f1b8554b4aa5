//! The network loses, delays, repeats and breaks what it carries.

use super::{PLAIN, Scenario};
use crate::faults::{delay_spikes, flapping_link, loss, resets, two_way_cut};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flaky-network",
    about: "loss, delays, broken connections, a flapping link",
    faults: &[
        &loss::FAULT,
        &resets::FAULT,
        &delay_spikes::FAULT,
        &flapping_link::FAULT,
        &two_way_cut::FAULT,
    ],
    ..PLAIN
};
