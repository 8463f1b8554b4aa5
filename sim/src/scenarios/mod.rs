//! Scenarios: which faults a run meets. A new one is a file and a row.

mod changes;
mod clock_jumps;
mod crash_restart;
mod disk_faults;
mod fail_points;
mod flaky_network;
mod gossip;
mod leader_cut_off;
mod long_pause;
mod lost_votes;
mod membership;
mod mixed;
mod mixed_of_five;
mod moves;
mod names_by_bully;
mod one_way_cuts;
mod pauses;
mod power_loss;
mod promotions;
mod rolling_drain;
mod splits;

use crate::faults::Fault;
use node::Names;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// At the start.
    pub(crate) nodes: usize,
    /// Of a group that Raft keeps; of primary-backup as many as survive the same losses.
    pub(crate) copies: usize,
    /// How nicks and sessions are kept.
    pub(crate) names: Names,
    /// Comes in each fourth round of seeds only.
    pub(crate) is_long: bool,
    /// In this order, with pauses between them.
    pub(crate) faults: &'static [&'static Fault],
}

/// What a scenario is unless it says otherwise.
const PLAIN: Scenario = Scenario {
    name: "",
    about: "",
    nodes: 3,
    copies: 3,
    names: Names::Raft,
    is_long: false,
    faults: &[],
};

/// All there are.
pub(crate) const ALL: &[&Scenario] = &[
    &leader_cut_off::SCENARIO,
    &crash_restart::SCENARIO,
    &power_loss::SCENARIO,
    &mixed::SCENARIO,
    &one_way_cuts::SCENARIO,
    &splits::SCENARIO,
    &flaky_network::SCENARIO,
    &pauses::SCENARIO,
    &clock_jumps::SCENARIO,
    &membership::SCENARIO,
    &rolling_drain::SCENARIO,
    &mixed_of_five::SCENARIO,
    &disk_faults::SCENARIO,
    &fail_points::SCENARIO,
    &lost_votes::SCENARIO,
    &long_pause::SCENARIO,
    &moves::SCENARIO,
    &changes::SCENARIO,
    &gossip::SCENARIO,
    &promotions::SCENARIO,
];

/// Not in the turn: another row there would give old seeds other scenarios.
pub(crate) const BY_NAME_ONLY: &[&Scenario] = &[&names_by_bully::SCENARIO];

/// By name.
pub(crate) fn find(name: &str) -> Result<&'static Scenario, String> {
    let all = || ALL.iter().chain(BY_NAME_ONLY);
    let found = all().find(|it| it.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = all().map(|it| it.name).collect();
        format!("there are {}", names.join(", "))
    })
}

/// Seeds take them in turn.
pub(crate) fn of_seed(seed: u64) -> &'static Scenario {
    let (round, turn) = (seed / ALL.len() as u64, (seed % ALL.len() as u64) as usize);
    // One that takes ten times as long as others comes less often.
    if ALL[turn].is_long && round % 4 != 0 { ALL[round as usize % turn] } else { ALL[turn] }
}
