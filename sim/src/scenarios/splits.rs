//! The cluster falls apart, and comes together again.

use super::Scenario;
use crate::faults::split;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "splits",
    about: "the cluster is split into two, three times",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&split::FAULT, &split::FAULT, &split::FAULT],
};
