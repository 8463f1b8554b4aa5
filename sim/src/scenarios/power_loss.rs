//! All nodes lose power at once, under load; also while they wait for their disks.

use super::Scenario;
use crate::faults::{power_loss, power_loss_amid_syncs};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "power-loss",
    about: "all nodes lose power at once, and come back one after the other",
    nodes: 3,
    copies: 3,
    is_long: false,
    faults: &[&power_loss_amid_syncs::FAULT, &power_loss::FAULT],
};
