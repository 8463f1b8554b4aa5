//! Faults: each breaks something under load and waits a while. A new one is a file and a row.
//!
//! A fault undoes what it did, or leaves it to the end of the safety phase, where all is mended.

pub(crate) mod any;
pub(crate) mod clock_jump;
pub(crate) mod crash_one;
pub(crate) mod cut_leader;
pub(crate) mod delay_spikes;
pub(crate) mod disk_error;
pub(crate) mod disk_full;
pub(crate) mod drain;
pub(crate) mod drain_all;
pub(crate) mod fail_point;
pub(crate) mod flapping_link;
pub(crate) mod flipped_bits;
pub(crate) mod join;
pub(crate) mod left_behind;
pub(crate) mod long_pause;
pub(crate) mod loss;
pub(crate) mod lost_vote;
pub(crate) mod one_way_cut;
pub(crate) mod parting;
pub(crate) mod pause;
pub(crate) mod power_loss;
pub(crate) mod power_loss_amid_syncs;
pub(crate) mod resets;
pub(crate) mod slow_disk;
pub(crate) mod slow_node;
pub(crate) mod split;
pub(crate) mod stale_primary;
pub(crate) mod two_way_cut;
pub(crate) mod wipe;

use crate::cluster::{Cluster, Stuck};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Cluster) -> Result<(), Stuck>,
}

/// All that [`any`] chooses from.
const ALL: &[&Fault] = &[
    &cut_leader::FAULT,
    &two_way_cut::FAULT,
    &one_way_cut::FAULT,
    &split::FAULT,
    &flapping_link::FAULT,
    &resets::FAULT,
    &delay_spikes::FAULT,
    &loss::FAULT,
    &lost_vote::FAULT,
    &pause::FAULT,
    &slow_node::FAULT,
    &clock_jump::FAULT,
    &crash_one::FAULT,
    &power_loss::FAULT,
    &power_loss_amid_syncs::FAULT,
    &join::FAULT,
    &wipe::FAULT,
    &drain::FAULT,
    &slow_disk::FAULT,
    &disk_error::FAULT,
    &disk_full::FAULT,
    &flipped_bits::FAULT,
    &fail_point::FAULT,
    &left_behind::FAULT,
];
