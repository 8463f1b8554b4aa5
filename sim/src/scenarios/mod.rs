//! Scenarios: which faults a run meets. A new one is a file and a row.

mod crash_restart;
mod leader_cut_off;
mod mixed;
mod power_loss;

use crate::faults::Fault;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// In this order, with pauses between them.
    pub(crate) faults: &'static [&'static Fault],
}

/// All there are.
pub(crate) const ALL: &[&Scenario] =
    &[&leader_cut_off::SCENARIO, &crash_restart::SCENARIO, &power_loss::SCENARIO, &mixed::SCENARIO];

/// By name.
pub(crate) fn find(name: &str) -> Result<&'static Scenario, String> {
    let found = ALL.iter().find(|it| it.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        format!("there are {}", names.join(", "))
    })
}

/// Seeds take them in turn.
pub(crate) fn of_seed(seed: u64) -> &'static Scenario {
    ALL[(seed % ALL.len() as u64) as usize]
}
