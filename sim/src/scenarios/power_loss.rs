//! All nodes lose power at once, under load; also while they wait for their disks.

use super::{PLAIN, Scenario};
use crate::faults::{power_loss, power_loss_amid_syncs};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "power-loss",
    about: "all nodes lose power at once, and come back one after the other",
    faults: &[&power_loss_amid_syncs::FAULT, &power_loss::FAULT],
    ..PLAIN
};
