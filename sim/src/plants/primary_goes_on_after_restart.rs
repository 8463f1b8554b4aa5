//! A primary that starts again leads on under its old epoch.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "primary-goes-on-after-restart",
    about: "a primary that starts again leads on under its old epoch",
};
