//! Nodes that are members and have lost, or never found, the way to the directory.

use super::*;
use crate::core::standing::Standing;

/// Links that stand: what was sent to whom.
#[derive(Default)]
struct Wires(BTreeMap<PeerId, usize>);

impl Links for Wires {
    fn send(&mut self, to: PeerId, fill: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        fill(&mut Vec::new());
        *self.0.entry(to).or_default() += 1;
        true
    }
}

/// A node that has just joined, and was told of one other member, which it reaches.
fn newcomer() -> Alone {
    let peers = vec![(7, "127.0.0.1:1".to_owned()), (11, "b:1".to_owned())];
    let mut it = Alone::as_who(Phase::Joining { addresses: Vec::new() }, 1, peers);
    it.core.follow_directory();
    it.core.link(11, true);
    it
}

impl Alone {
    /// Rounds of duties until it asks who is a member now: whom, and what it sent meanwhile.
    fn until_it_asks(&mut self) -> (Vec<String>, Wires) {
        let mut wires = Wires::default();
        for _ in 0..200 {
            self.wait(cluster::DUTY_MS);
            self.core.tick();
            self.core.settle(&mut wires);
            if let Some(addresses) = self.core.take_inquiry() {
                return (addresses, wires);
            }
        }
        panic!("it asks nobody");
    }
}

impl Alone {
    fn until_outside(&mut self) {
        for _ in 0..40 {
            self.wait(cluster::DUTY_MS);
            self.core.tick();
            self.core.settle(&mut Wires::default());
            if self.core.footing.standing() != Standing::Member {
                return;
            }
        }
        panic!("it has a way to the directory");
    }
}

fn answer(cluster: u64, applied: u64) -> MembersAnswer {
    let members = [(7, "127.0.0.1:1"), (11, "b:1"), (12, "c:1")];
    let members = members.map(|(id, address)| (id, address.to_owned())).to_vec();
    MembersAnswer { cluster, applied, members, directory: vec![12] }
}

#[test]
fn who_knows_only_members_without_the_directory_asks_and_follows_whom_it_is_told_of() {
    let mut it = newcomer();
    it.core.take_members();
    // 11 is asked for the directory again and again, and holds none of it.
    let (asked, wires) = it.until_it_asks();
    assert_eq!(asked, ["b:1"]);
    assert!(wires.0[&11] > 0);

    it.core.told_of_members(vec![answer(1, 40), answer(1, 90), answer(1, 60)]);
    assert_eq!(it.core.take_members(), Some(answer(1, 90).members));
    it.core.link(12, true);
    let mut wires = Wires::default();
    for _ in 0..8 {
        it.wait(cluster::DUTY_MS);
        it.core.tick();
        it.core.settle(&mut wires);
    }
    assert_eq!(wires.0.keys().copied().collect::<Vec<_>>(), [12], "11 does not hold it");
    // 12 does not answer either.
    let mut asked = it.until_it_asks().0;
    asked.sort();
    assert_eq!(asked, ["b:1", "c:1"]);
}

#[test]
fn an_answer_of_another_cluster_or_without_members_is_none() {
    let mut it = newcomer();
    it.core.take_members();
    it.until_it_asks();
    it.core.told_of_members(vec![answer(2, 90)]);
    it.core.told_of_members(vec![MembersAnswer { members: Vec::new(), ..answer(1, 90) }]);
    it.core.told_of_members(Vec::new());
    assert_eq!(it.core.take_members(), None);
    assert_eq!(it.until_it_asks().0, ["b:1"], "and it asks again");
}

#[test]
fn a_member_that_is_told_it_is_none_any_more_ends() {
    let mut it = Alone::with(&[]);
    it.core.engine.drop_replica(DIRECTORY); // Whoever has it has let go of this node.
    it.until_outside();
    let mut removed = answer(1, 1_000_000);
    removed.members.retain(|it| it.0 != 7);
    it.core.told_of_members(vec![removed]);
    let why = it.core.fatal().expect("it is none");
    assert!(why.contains("an operator removed this node"), "{why}");
}

#[test]
fn who_was_removed_while_it_was_down_is_told_when_it_is_started_again() {
    let mut it = Alone::with(&[]);
    it.core.engine.drop_replica(DIRECTORY);
    it.core.is_fresh = false; // As after a start: what its disk has of the directory has it in it.
    it.until_outside();
    let mut removed = answer(1, 1_000_000);
    removed.members.retain(|it| it.0 != 7);
    it.core.told_of_members(vec![removed]);
    let why = it.core.fatal().expect("it is none");
    assert!(why.contains("an operator removed this node"), "{why}");
}

#[test]
fn who_was_taken_in_just_now_does_not_mind_somebody_who_has_not_heard_of_it() {
    let mut it = newcomer();
    it.core.take_members();
    it.until_it_asks();
    let mut behind = answer(1, 90);
    behind.members.retain(|it| it.0 != 7);
    it.core.told_of_members(vec![behind]);
    assert_eq!(it.core.fatal(), None);
}

#[test]
fn a_member_with_a_way_to_the_directory_believes_nobody_else() {
    let mut it = Alone::with(&[]);
    it.core.take_members();
    it.core.told_of_members(vec![answer(1, 1_000_000)]);
    assert_eq!(it.core.take_members(), None);
}
