//! A node that lost its data goes on under its old identity.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "reuse-identity",
    about: "a node that lost its data goes on under its old identity",
};
