//! Faults: each breaks something under load and waits a while. A new one is a file and a row.

pub(crate) mod any;
pub(crate) mod crash_one;
pub(crate) mod cut_leader;
pub(crate) mod power_loss;

use crate::cluster::{Cluster, Stuck};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Cluster) -> Result<(), Stuck>,
}

/// All that [`any`] chooses from.
const ALL: &[&Fault] = &[&cut_leader::FAULT, &crash_one::FAULT, &power_loss::FAULT];
