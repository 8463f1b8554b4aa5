//! After a restart term and vote are those of the last applied entry.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "forget-vote",
    about: "after a restart term and vote are those of the last applied entry",
};
