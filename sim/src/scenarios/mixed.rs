//! One fault after the other, as chance has it.

use super::{PLAIN, Scenario};
use crate::faults::any;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "mixed",
    about: "five faults of all kinds, one after the other",
    faults: &[&any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT],
    ..PLAIN
};
