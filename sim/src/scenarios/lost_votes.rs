//! Voters restart between two candidates.

use super::{PLAIN, Scenario};
use crate::faults::lost_vote;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "lost-votes",
    about: "a voter loses power between its vote and the victory of whom it voted for; three times",
    faults: &[&lost_vote::FAULT, &lost_vote::FAULT, &lost_vote::FAULT],
    ..PLAIN
};
