//! Situations that have a name.

use super::storms::{end, found};
use super::watch::Truth;
use super::{Options, Replica, Setup};
use crate::testnet::{Id, Net, Weather};

const SECOND: u64 = 1_000_000;

struct Scene {
    net: Net<Replica>,
    truth: Truth,
}

impl Scene {
    /// Members 1 to `count`, all of them in sync.
    fn new(count: u64) -> Scene {
        let setup = Setup {
            members: (1..=count).collect(),
            options: Options::default(),
            offers_per_tick: 2,
            checkpoint_chance: 10,
        };
        let mut net = Net::new(count, setup, true);
        net.weather = Weather::fair();
        let truth = found(&mut net);
        let mut scene = Scene { net, truth };
        scene.pass(3 * SECOND);
        scene
    }

    /// How much was committed meanwhile.
    fn pass(&mut self, us: u64) -> usize {
        let before = self.truth.committed();
        self.net.run_for(us, &mut self.truth).expect("nothing wrong is seen");
        self.truth.committed() - before
    }

    fn cut(&mut self, side: &[Id]) {
        let ids = self.net.ids();
        self.net.split(&ids, side);
    }

    /// How much was lost.
    fn ends(mut self) -> usize {
        end(&mut self.net, &mut self.truth).expect("it becomes whole");
        self.truth.lost(&self.net)
    }
}

#[test]
fn a_founder_is_joined_by_the_others() {
    let mut scene = Scene::new(3);
    assert!(scene.pass(SECOND) > 20);
    assert_eq!(scene.ends(), 0);
}

#[test]
fn whoever_dies_the_others_go_on_within_a_fraction_of_a_second_and_nothing_is_lost() {
    for victim in [1, 2, 3] {
        let mut scene = Scene::new(3);
        scene.net.crash(victim);
        scene.pass(SECOND / 5);
        assert!(scene.pass(SECOND / 5) > 2, "{victim} is missed");
        scene.net.restart(victim);
        assert_eq!(scene.ends(), 0);
    }
}

#[test]
fn the_last_one_goes_on_alone() {
    let mut scene = Scene::new(4);
    for id in [4, 2, 3] {
        scene.net.crash(id);
        scene.pass(SECOND);
    }
    assert!(scene.pass(SECOND) > 20);
    [2, 3, 4].into_iter().for_each(|it| scene.net.restart(it));
    assert_eq!(scene.ends(), 0);
}

#[test]
fn one_dies_after_the_other_and_each_comes_back_and_nothing_is_lost() {
    let mut scene = Scene::new(3);
    for round in 0..12 {
        let id = 1 + round % 3;
        scene.net.crash(id);
        scene.pass(SECOND / 3);
        scene.net.restart(id);
        assert!(scene.pass(3 * SECOND) > 50, "round {round}");
    }
    assert_eq!(scene.ends(), 0);
}

#[test]
fn both_sides_of_a_cut_go_on_and_one_of_them_drops_what_it_had() {
    let mut scene = Scene::new(5);
    let resets = scene.truth.resets;
    scene.cut(&[1, 4]);
    assert!(scene.pass(2 * SECOND) > 50);
    let lines: std::collections::BTreeSet<u64> =
        (1..=5).map(|it| scene.net.node(it).expect("it is up").machine.line()).collect();
    assert_eq!(lines.len(), 2);
    scene.net.heal();
    scene.pass(5 * SECOND);
    let dropped = scene.truth.resets - resets;
    assert!(dropped == 2 || dropped == 3, "{dropped} copies are of one side");
    assert!(scene.ends() > 0, "what only they had is gone");
}

#[test]
fn a_primary_that_comes_back_after_a_pause_has_acknowledged_nothing_meanwhile() {
    let mut scene = Scene::new(3);
    scene.net.pause(3, 2 * SECOND);
    assert!(scene.pass(SECOND * 2) > 10);
    assert_eq!(scene.ends(), 0);
}
