//! Faults of all kinds, by seed; then calm, in which all have to agree, and to go on agreeing.

use super::watch::{Truth, settled};
use super::{Ask, Member, Options, Setup};
use crate::testnet::{Net, Random, run_seeds};

/// Seeds of the ordinary test run.
const SEEDS: u64 = 400;
const STORM_US: u64 = 10_000_000;
/// Links are noticed, silence is, and elections are held, some of them twice.
const CALM_US: u64 = 3_000_000;
const STEADY_US: u64 = 2_000_000;

fn setup(seed: u64) -> Setup {
    let mut random = Random::new(seed ^ 0x0B0_11E5);
    let count = random.pick(&[1, 2, 3, 3, 5, 5, 8]).expect("there are some");
    let mut members: Vec<u64> = (1..=count).collect();
    members.rotate_left(random.below(count) as usize);
    if random.chance(500) {
        members.reverse();
    }
    Setup { members, options: Options::default() }
}

fn storm(net: &mut Net<Member>) -> Result<(), String> {
    rage(net).map(|_| ())
}

fn rage(net: &mut Net<Member>) -> Result<Truth, String> {
    let mut truth = Truth::new(net.setup.members.clone());
    net.setup.members.clone().into_iter().for_each(|it| net.add(it, ()));
    net.storm(STORM_US, &mut truth)?;
    net.calm(CALM_US, &mut truth)?;
    for id in net.ids() {
        net.ask(id, Ask::Members(truth.members.clone()));
    }
    net.run_for(CALM_US, &mut truth)?;
    let reign = settled(&truth, net)?;
    let sent = net.sent;
    net.run_for(STEADY_US, &mut truth)?;
    if settled(&truth, net)? != reign {
        return Err(format!("{reign:?} ended for no reason"));
    }
    let beats = STEADY_US / 1000 / net.setup.options.heartbeat_ms + 3;
    let words = 2 * (net.ids().len() as u64 - 1) * beats * 110 / 100; // Clocks run at their own pace.
    if net.sent - sent > words {
        return Err(format!("{} messages where all agree, and not {words}", net.sent - sent));
    }
    Ok(truth)
}

#[test]
fn all_who_see_each_other_end_with_the_highest() {
    run_seeds(SEEDS, setup, storm);
}

/// A storm in which nobody is elected proves nothing.
#[test]
fn storms_make_many_coordinators() {
    let mut served = 0;
    for seed in 0..20 {
        let mut net = Net::new(seed, setup(seed), false);
        let truth = rage(&mut net).unwrap_or_else(|why| panic!("STARLING_SEED={seed}: {why}"));
        served += truth.served.len();
    }
    assert!(served > 60, "{served} reigns");
}
