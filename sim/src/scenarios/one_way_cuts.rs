//! Nodes hear others who do not hear them.

use super::{PLAIN, Scenario};
use crate::faults::one_way_cut;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "one-way-cuts",
    about: "one direction of some wires is cut, three times",
    faults: &[&one_way_cut::FAULT, &one_way_cut::FAULT, &one_way_cut::FAULT],
    ..PLAIN
};
