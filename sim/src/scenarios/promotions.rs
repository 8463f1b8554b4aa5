//! Primaries of a group with three copies are followed by others, and should not be by just anybody.

use super::{PLAIN, Scenario};
use crate::faults::{any, left_behind, stale_primary};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "promotions",
    about: "primaries are followed while a backup is behind, or while they do not hear of it",
    nodes: 5,
    copies: 5,
    faults: &[
        &left_behind::FAULT,
        &stale_primary::FAULT,
        &stale_primary::FAULT,
        &left_behind::FAULT,
        &any::FAULT,
    ],
    ..PLAIN
};
