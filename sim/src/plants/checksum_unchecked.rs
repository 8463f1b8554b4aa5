//! Records with a wrong checksum are taken for good, in log and history.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "checksum-unchecked",
    about: "records with a wrong checksum are taken for good, in log and history",
};
