//! The cluster falls apart, and comes together again.

use super::{PLAIN, Scenario};
use crate::faults::split;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "splits",
    about: "the cluster is split into two, three times",
    faults: &[&split::FAULT, &split::FAULT, &split::FAULT],
    ..PLAIN
};
