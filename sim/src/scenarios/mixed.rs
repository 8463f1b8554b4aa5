//! One fault after the other, as chance has it.

use super::Scenario;
use crate::faults::any;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "mixed",
    about: "five faults of all kinds, one after the other",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT],
};
