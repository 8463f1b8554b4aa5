//! Faults of all kinds, by seed; then calm, in which everything has to become whole again.

use super::disk::{State, TestDisk};
use super::watch::{Truth, is_whole};
use super::{Ask, Options, Replica, Setup};
use crate::primary_backup as copy;
use crate::testnet::{Net, Random, Weather, run_seed, run_seeds};

/// Seeds of the ordinary test run.
const SEEDS: u64 = 300;
const STORM_US: u64 = 8_000_000;
/// Electing, dropping, fetching, coming in one by one.
const CALM_US: u64 = 10_000_000;

pub(super) fn setup(seed: u64) -> Setup {
    let mut random = Random::new(seed ^ 0xC00D);
    let count = random.within((1, 5));
    let mut members: Vec<u64> = (1..=count).collect();
    if random.chance(500) {
        members.reverse();
    }
    let options = copy::Options {
        message_bytes: random.within((100, 1000)) as usize,
        messages_in_flight: random.within((4, 8)) as usize,
        admit_lag: random.within((8, 32)),
        in_flight_max: random.within((1, 8)) as usize,
        ..copy::Options::default()
    };
    Setup {
        members,
        options: Options { copy: options, ..Options::default() },
        offers_per_tick: random.within((1, 4)),
        checkpoint_chance: if random.chance(300) { 0 } else { random.within((1, 50)) },
    }
}

/// A group that its first member has founded.
pub(super) fn found(net: &mut Net<Replica>) -> Truth {
    let members = net.setup.members.clone();
    let checkpoint = State { index: 1, epoch: 1, hash: 1 };
    net.add(members[0], TestDisk { checkpoint, ..TestDisk::default() });
    members[1..].iter().for_each(|it| net.add(*it, TestDisk::default()));
    Truth::default()
}

/// Everything heals; what is offered then is committed everywhere.
pub(super) fn end(net: &mut Net<Replica>, truth: &mut Truth) -> Result<(), String> {
    net.calm(3_000_000, truth)?; // Longer than any pause, which would let older news overtake.
    net.run_for(CALM_US, truth)?;
    let before = truth.committed();
    net.run_for(1_000_000, truth)?;
    if truth.committed() < before + 5 {
        return Err(format!("only {} commits in a calm second", truth.committed() - before));
    }
    net.ids().into_iter().for_each(|it| net.ask(it, Ask::Quiet));
    net.run_for(2_000_000, truth)?;
    is_whole(net)
}

fn storm(net: &mut Net<Replica>) -> Result<(), String> {
    let mut truth = found(net);
    net.storm(STORM_US, &mut truth)?;
    end(net, &mut truth)
}

/// All lose power at once, again and again, while the network is as bad as ever: nothing forks.
fn power_losses(net: &mut Net<Replica>) -> Result<(), String> {
    let mut truth = found(net);
    // (Whoever is not heard in time is done without: what is lost then is for a cut to lose.)
    net.weather = Weather { silent_down: 0, stragglers: 0, loss: 0, ..net.weather.clone() };
    net.weather.weights = [0; 10];
    for _ in 0..5 {
        net.storm(1_500_000, &mut truth)?;
        let ids = net.ids();
        ids.iter().for_each(|it| net.crash(*it));
        ids.iter().for_each(|it| net.restart(*it));
    }
    end(net, &mut truth)?;
    match truth.lost(net) {
        0 => Ok(()),
        lost => Err(format!("{lost} of {} are lost", truth.committed())),
    }
}

#[test]
fn every_line_has_one_history_and_all_end_with_the_same() {
    run_seeds(SEEDS, setup, storm);
}

#[test]
fn nothing_is_lost_when_all_lose_power_and_come_back() {
    run_seeds(SEEDS / 3, setup, power_losses);
}

/// A backup had heard of an epoch from its primary, and never of the view.
#[test]
fn who_has_missed_a_view_is_told_again() {
    run_seed(834, &setup, &storm);
}

/// The coordinator began from a copy that was dropped before its primary heard of it.
#[test]
fn a_copy_that_was_dropped_is_nobodys_beginning() {
    run_seed(330, &setup, &storm);
}

/// It lost power twice, and the first start had made the log join the state of a line that was dropped.
#[test]
fn a_state_of_a_dropped_line_stays_one_through_several_starts() {
    run_seed(2571, &setup, &storm);
}

/// It was to come while another reign began, from less than it held.
#[test]
fn a_state_that_was_asked_for_in_an_earlier_line_is_not_taken_into_the_next() {
    run_seed(1254, &setup, &storm);
}
