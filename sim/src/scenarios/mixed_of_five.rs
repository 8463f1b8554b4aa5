//! As `mixed`, with five nodes: two of them hold no replica of a group.

use super::{PLAIN, Scenario};
use crate::faults::any;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "mixed-of-five",
    about: "as mixed, with five nodes",
    nodes: 5,
    faults: &[&any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT, &any::FAULT],
    ..PLAIN
};
