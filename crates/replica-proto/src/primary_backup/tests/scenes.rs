//! Single situations, in fair weather.

use super::super::{Log, PeerId, Route};
use super::storms::found;
use super::watch::{Truth, is_whole};
use super::{Ask, DIRECTORY, Member, Options, Replica, Setup};
use crate::testnet::{Net, Weather};

const SECOND: u64 = 1_000_000;

struct Scene {
    net: Net<Member>,
    truth: Truth,
}

impl Scene {
    fn new(nodes: u64, copies: usize, options: Options) -> Scene {
        let setup = Setup { nodes, copies, options, offers_per_tick: 2, checkpoint_chance: 100 };
        let mut net = Net::new(7, setup, false);
        net.weather = Weather::fair();
        let truth = found(&mut net);
        let mut this = Scene { net, truth };
        this.pass(SECOND);
        this
    }

    /// So much time passes; how many were committed in it.
    fn pass(&mut self, us: u64) -> usize {
        let before = self.truth.committed.len();
        self.net.run_for(us, &mut self.truth).expect("all stays true");
        self.truth.committed.len() - before
    }

    fn replica(&self, id: PeerId) -> &Replica {
        match self.net.node(id) {
            Some(Member::Replica(it)) => it,
            _ => panic!("{id} is no replica that is up"),
        }
    }

    fn in_sync(&self) -> Vec<PeerId> {
        let mut in_sync = self.truth.latest().in_sync.clone();
        in_sync.sort_unstable();
        in_sync
    }

    fn cut_off(&mut self, id: PeerId) {
        let ids = self.net.ids();
        self.net.split(&ids, &[id]);
    }

    #[track_caller]
    fn ends_whole(&mut self) {
        self.net.ids().into_iter().for_each(|it| self.net.ask(it, Ask::Quiet));
        self.pass(SECOND);
        assert_eq!(is_whole(&self.truth, &self.net), Ok(()));
    }
}

#[test]
fn two_nodes_and_a_witness_keep_working_through_the_loss_of_any_one() {
    let mut scene = Scene::new(2, 2, Options::default());
    for lost in [1, 2, DIRECTORY] {
        scene.net.crash(lost);
        scene.pass(SECOND);
        assert!(scene.pass(SECOND) > 10, "without {lost} it goes on");
        scene.net.restart(lost);
        scene.pass(2 * SECOND);
        assert_eq!(scene.in_sync(), [1, 2], "{lost} is back");
    }
    scene.ends_whole();
}

#[test]
fn a_backup_that_dies_is_taken_out_at_once_and_comes_back() {
    let mut scene = Scene::new(3, 3, Options::default());
    scene.net.crash(3);
    assert!(scene.pass(SECOND / 10) > 0);
    assert_eq!(scene.in_sync(), [1, 2]);
    scene.net.restart(3);
    scene.pass(SECOND);
    assert_eq!(scene.in_sync(), [1, 2, 3]);
    scene.ends_whole();
}

#[test]
fn a_backup_that_stands_still_is_taken_out_when_its_time_is_over() {
    let mut scene = Scene::new(2, 2, Options::default());
    scene.net.pause(2, 2 * SECOND);
    scene.pass(SECOND / 10);
    assert_eq!(scene.pass(SECOND / 4), 0, "commits wait for it");
    scene.pass(SECOND / 2);
    assert_eq!(scene.in_sync(), [1]);
    assert!(scene.pass(SECOND / 2) > 0);
    scene.pass(2 * SECOND);
    scene.ends_whole();
}

#[test]
fn a_primary_that_is_cut_off_commits_nothing_and_says_so() {
    let mut scene = Scene::new(3, 3, Options::default());
    scene.cut_off(1);
    scene.pass(SECOND / 100);
    let commit = scene.replica(1).machine.status().commit;
    assert_eq!(scene.replica(1).machine.route(), Route::Nowhere);
    assert!(scene.pass(2 * SECOND) > 10, "the others go on");
    assert_eq!(scene.replica(1).machine.status().commit, commit);
    scene.net.heal();
    scene.pass(2 * SECOND);
    assert_eq!(scene.in_sync(), [1, 2, 3]);
    scene.ends_whole();
}

#[test]
fn a_primary_that_starts_again_asks_for_a_new_epoch_with_the_same_set() {
    let mut scene = Scene::new(2, 2, Options::default());
    let before = scene.truth.latest().clone();
    scene.net.crash(1);
    scene.net.restart(1);
    scene.pass(SECOND / 10);
    let is_new = |it: &&_| **it > before.epoch;
    let next = scene.truth.views.keys().find(is_new).expect("another view was decided");
    assert_eq!(scene.truth.views[next].in_sync, before.in_sync);
    scene.pass(2 * SECOND);
    scene.ends_whole();
}

#[test]
fn below_the_smallest_set_nothing_is_committed() {
    let mut scene = Scene::new(2, 2, Options { min_in_sync: 2, ..Options::default() });
    scene.net.crash(2);
    scene.pass(SECOND / 10);
    assert_eq!(scene.pass(2 * SECOND), 0);
    assert_eq!(scene.replica(1).machine.route(), Route::Nowhere);
    assert_eq!(scene.in_sync(), [1, 2]);
    scene.net.restart(2);
    assert!(scene.pass(2 * SECOND) > 10);
    scene.ends_whole();
}

#[test]
fn a_replica_without_a_disk_is_given_the_state_when_the_log_no_longer_reaches_back() {
    let mut scene = Scene::new(2, 2, Options::default());
    scene.pass(2 * SECOND);
    scene.net.wipe(2, &mut scene.truth);
    scene.pass(3 * SECOND);
    assert_eq!(scene.in_sync(), [1, 1002]);
    let begins_at = scene.net.synced(1002).expect("it is there").log.purged().0;
    assert!(begins_at > 0, "it did not have to be told everything");
    scene.ends_whole();
}

#[test]
fn a_group_moves_to_other_nodes_while_it_is_written_to() {
    let mut scene = Scene::new(4, 2, Options::default());
    scene.truth.placement = vec![3, 4];
    scene.net.ask(DIRECTORY, Ask::Place(vec![3, 4]));
    assert!(scene.pass(2 * SECOND) > 50);
    assert_eq!(scene.in_sync(), [3, 4]);
    assert_eq!(scene.truth.latest().primary, 3);
    scene.ends_whole();
}

#[test]
fn a_primary_gives_its_part_away_when_asked() {
    let mut scene = Scene::new(3, 3, Options::default());
    scene.net.ask(1, Ask::StepDown);
    scene.pass(SECOND / 10);
    assert_ne!(scene.truth.latest().primary, 1);
    assert!(scene.pass(SECOND) > 10);
    scene.ends_whole();
}

#[test]
fn a_lease_is_held_while_backups_answer_and_ends_when_they_do_not() {
    let mut scene = Scene::new(2, 2, Options::default());
    let has_lease = |scene: &Scene, id| {
        let it = scene.replica(id);
        it.machine.has_lease(it.now_ms)
    };
    assert!(has_lease(&scene, 1) && !has_lease(&scene, 2));
    scene.cut_off(1);
    scene.pass(SECOND / 2);
    assert!(!has_lease(&scene, 1));
}

#[test]
fn an_observer_is_given_what_is_committed_and_nothing_else() {
    let scene = Scene::new(2, 2, Options::default());
    let replica = scene.replica(1);
    let commit = replica.machine.status().commit;
    let begins_after = replica.log.purged().0;
    let entries = |after, upto| replica.machine.entries(after, upto, &replica.log);
    let found = entries(begins_after, commit).expect("all of it is there");
    assert_eq!(found.len() as u64, commit - begins_after);
    assert_eq!(entries(commit, commit), Some(Vec::new()));
    assert_eq!(entries(begins_after, commit + 1), None);
    if begins_after > 0 {
        assert_eq!(entries(begins_after - 1, commit), None, "that is purged");
    }
}

/// Prints how long nobody could write: `cargo test -p replica-proto write_pause -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
#[allow(clippy::print_stdout)]
fn write_pause() {
    for (copies, what) in [(2, "two copies"), (3, "three copies")] {
        let mut scene = Scene::new(3, copies, Options::default());
        scene.pass(SECOND / 100); // What it said last has arrived.
        scene.net.crash(1);
        let mut us = 0;
        while scene.pass(100) == 0 || scene.truth.latest().primary == 1 {
            us += 100;
        }
        println!("{what}: {us} us after the primary's death the first commit");
    }
}
