//! Everything goes wrong for a while, and then nothing does.

use super::node::{Disk, Gossip, Setup};
use super::watch::Memory;
use crate::gossip::Limits;
use crate::planted::with_planted;
use crate::testnet::{Net, Random, find_failure, run_seed, run_seeds};

fn setup(seed: u64) -> Setup {
    let mut random = Random::new(seed ^ 0x60551B);
    let nodes = [2, 3, 3, 5, 5, 8];
    let count = random.pick(&nodes).expect("there are some");
    let tiny = Limits {
        part_bytes_max: random.within((1, 500)) as usize,
        waiting_bytes_max: random.within((100, 2_000)) as usize,
        waiting_entries_max: random.within((1, 30)) as usize,
        unsynced_bytes_max: random.within((500, 5_000)) as usize,
        keep_bytes_max: random.within((100, 10_000)),
        digest_ms: random.within((1, 100)),
        graft_ms: random.within((1, 50)),
        answer_ms: random.within((100, 1_000)),
        exchange_ms: random.within((50, 500)),
        ..Limits::default()
    };
    let limits = if random.chance(300) { Limits::default() } else { tiny };
    let fanout = random.within((1, 4)) as usize;
    Setup { members: (1..=count).collect(), limits: Limits { fanout, ..limits } }
}

/// Logs are purged early, and everything beyond a few entries is history.
fn harsh_setup(seed: u64) -> Setup {
    let mut random = Random::new(seed ^ 0x4A85B);
    let mut setup = setup(seed);
    setup.limits.keep_bytes_max = random.below(1_000);
    setup.limits.graft_entries_max = random.below(10);
    setup
}

fn harsh_storm(net: &mut Net<Gossip>) -> Result<(), String> {
    rage(net, 30, 800).map(|_| ())
}

fn storm(net: &mut Net<Gossip>) -> Result<(), String> {
    rage(net, 8, 300).map(|_| ())
}

fn rage(net: &mut Net<Gossip>, offers: u64, checkpoints: u64) -> Result<Memory, String> {
    let mut memory = Memory::new(&net.setup.limits);
    (memory.offers_max, memory.checkpoints) = (offers, checkpoints);
    memory.wipes_left = net.random.below(3);
    memory.is_restless = net.random.chance(700);
    net.setup.members.clone().into_iter().for_each(|it| net.add(it, Disk::default()));
    net.storm(5_000_000, &mut memory)?;
    net.calm(5_000_000, &mut memory)?;
    // With the tiniest limits there is one entry in a round trip.
    for _ in 0..10 {
        if memory.converged(net).is_ok() {
            break;
        }
        net.run_for(5_000_000, &mut memory)?;
    }
    memory.converged(net)?;
    Ok(memory)
}

/// A storm in which nothing happens proves nothing.
#[test]
fn storms_reach_what_they_are_for() {
    let (mut fetched, mut joined, mut lost, mut waited) = (0, 0, 0, 0);
    let (mut met, mut announced, mut acked) = (0, 0, 0);
    let (mut grafts, mut asks, mut prunes, mut dropped) = (0, 0, 0, 0);
    for seed in 0..40 {
        let mut net = Net::new(seed, harsh_setup(seed), false);
        let memory =
            rage(&mut net, 30, 800).unwrap_or_else(|why| panic!("STARLING_SEED={seed}: {why}"));
        fetched += memory.fetched;
        joined += memory.joined;
        lost += memory.lost;
        waited = memory.waited.max(waited);
        met += memory.met.len();
        announced += memory.met.iter().filter(|it| it.1.announces).count();
        acked += memory.acked.iter().map(|it| it.1).sum::<u64>();
        for id in net.ids() {
            let it = net.node(id).expect("all are up").counters();
            grafts += it.grafts_sent;
            asks += it.asks_sent;
            prunes += it.prunes_sent;
            dropped += it.bodies_dropped;
        }
    }
    let all =
        [fetched, lost, waited as u64, met as u64, announced as u64, grafts, asks, prunes, dropped];
    assert!(all.iter().all(|it| *it > 0), "{all:?} of {acked}, {joined} joined");
    assert!(
        lost * 20 < acked,
        "{lost} of {acked} were lost with disks: too many to prove anything"
    );
}

#[test]
fn all_nodes_end_with_everything_that_was_acknowledged() {
    run_seeds(150, setup, storm);
}

#[test]
fn all_nodes_end_with_everything_though_logs_are_purged_early() {
    run_seeds(150, harsh_setup, harsh_storm);
}

#[test]
fn planted_bugs_are_found() {
    for bug in ["gap-delivered", "version-vector-forgets", "send-before-own-sync"] {
        let found = with_planted(bug, || find_failure(100, setup, storm));
        assert!(found.is_some(), "{bug} is not found");
    }
}

#[test]
fn a_node_that_is_gone_for_ever_unnoticed_does_not_keep_others_waiting() {
    run_seed(408, &setup, &storm);
}

#[test]
fn states_that_each_have_what_no_log_has_any_more_are_joined() {
    run_seed(2208, &setup, &storm);
}

#[test]
fn a_log_that_ends_before_a_fetched_state_is_no_log_after_a_crash() {
    run_seed(5565, &setup, &storm);
}

#[test]
fn a_state_is_fetched_though_a_node_that_is_gone_unnoticed_had_the_log() {
    run_seed(11801, &setup, &storm);
}
