//! Faults of all kinds, by seed; then calm, in which everything has to become whole again.

use super::disk::TestDisk;
use super::watch::{Truth, is_whole};
use super::{Ask, DIRECTORY, Member, Options, Setup};
use crate::primary_backup::View;
use crate::testnet::{Net, Random, run_seeds};

/// Seeds of the ordinary test run.
const SEEDS: u64 = 300;
const STORM_US: u64 = 8_000_000;
/// Detecting the dead, catching up, coming in one by one, moving.
const CALM_US: u64 = 12_000_000;

pub(super) fn setup(seed: u64) -> Setup {
    let mut random = Random::new(seed ^ 0x005E_7FAD);
    let nodes = random.within((2, 5));
    let copies = random.within((2, nodes.min(3))) as usize;
    let options = Options {
        min_in_sync: if random.chance(250) { 2 } else { 1 },
        message_bytes: random.within((100, 1000)) as usize,
        // A learner that is sent less than is written meanwhile never gets close.
        messages_in_flight: random.within((4, 8)) as usize,
        admit_lag: random.within((8, 32)),
        in_flight_max: random.within((1, 8)) as usize,
        ..Options::default()
    };
    let offers_per_tick = random.within((1, 4));
    let checkpoint_chance = if random.chance(300) { 0 } else { random.within((1, 50)) };
    Setup { nodes, copies, options, offers_per_tick, checkpoint_chance }
}

/// A network whose group was just founded.
pub(super) fn found(net: &mut Net<Member>) -> Truth {
    let Setup { nodes, copies, .. } = net.setup;
    let members: Vec<u64> = (1..=nodes).collect();
    let truth = Truth::new(members.clone(), copies);
    let placement = truth.placement.clone();
    let view = View::founding(&placement);
    net.add(DIRECTORY, TestDisk { view, placement, ..TestDisk::default() });
    members.iter().for_each(|it| net.add(*it, TestDisk::default()));
    truth
}

pub(super) fn storm(net: &mut Net<Member>) -> Result<(), String> {
    let mut truth = found(net);
    net.storm(STORM_US, &mut truth)?;
    end(net, &mut truth)
}

/// Everything heals; what is offered then is committed everywhere.
pub(super) fn end(net: &mut Net<Member>, truth: &mut Truth) -> Result<(), String> {
    net.calm(3_000_000, truth)?; // Longer than any pause, which would let older news overtake.
    net.ask(DIRECTORY, Ask::Place(truth.placement.clone()));
    net.run_for(CALM_US, truth)?;
    let before = truth.committed.len();
    net.run_for(1_000_000, truth)?;
    if truth.committed.len() < before + 5 {
        return Err(format!("only {} commits in a calm second", truth.committed.len() - before));
    }
    net.ids().into_iter().for_each(|it| net.ask(it, Ask::Quiet));
    net.run_for(2_000_000, truth)?;
    is_whole(truth, net)
}

#[test]
fn nothing_committed_is_ever_lost_and_everything_becomes_whole_again() {
    run_seeds(SEEDS, setup, storm);
}
