//! A node that does not lead the group leaves the newest record out of a page.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "page-skips-newest",
    about: "a node that does not lead the group leaves the newest record out of a page",
};
