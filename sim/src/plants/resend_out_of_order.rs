//! What is offered again begins with the second command, the first comes last.

use super::Plant;

pub(super) const PLANT: Plant = Plant {
    name: "resend-out-of-order",
    about: "what is offered again begins with the second command, the first comes last",
};
