//! Names are kept by whoever is left, while nodes die, stand still, lose their disks and each other.

use super::{PLAIN, Scenario};
use crate::faults::parting::FAULT;
use node::Names;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "names-by-bully",
    about: "names are kept by Fast Bully, and four times nodes die, stand still, or lose each other or a disk",
    names: Names::Bully,
    faults: &[&FAULT, &FAULT, &FAULT, &FAULT],
    ..PLAIN
};
