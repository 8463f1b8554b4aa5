//! A room's strategy is changed again and again, while other faults come.

use super::{PLAIN, Scenario};
use crate::faults::{any, cut_leader};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "changes",
    about: "a room changes between raft and primary-backup under faults",
    faults: &[&cut_leader::FAULT, &any::FAULT, &any::FAULT],
    ..PLAIN
};
