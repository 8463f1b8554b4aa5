//! Nodes hear others who do not hear them.

use super::Scenario;
use crate::faults::one_way_cut;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "one-way-cuts",
    about: "one direction of some wires is cut, three times",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&one_way_cut::FAULT, &one_way_cut::FAULT, &one_way_cut::FAULT],
};
