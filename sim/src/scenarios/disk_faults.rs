//! What disks do to one node at a time.

use super::{PLAIN, Scenario};
use crate::faults::{disk_error, disk_full, flipped_bits, slow_disk};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "disk-faults",
    about: "a disk is slow, fails, is full, loses bits at rest; one node at a time, under load",
    faults: &[&slow_disk::FAULT, &disk_error::FAULT, &disk_full::FAULT, &flipped_bits::FAULT],
    ..PLAIN
};
