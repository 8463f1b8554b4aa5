//! REPLACE: a dead node leaves for good, and another member takes its places on the ring: what lived on
//! the one moves to the other, and nothing else moves for that.

use super::remove_member;
use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryRefusal, MemberState};

pub(in crate::directory) fn replace(directory: &mut Directory, dead: NodeId, by: NodeId) -> Answer {
    let known = directory.members.contains_key(&by) && dead != by;
    let Some(old) = directory.members.get(&dead).filter(|_| known) else {
        return Err(DirectoryRefusal::UnknownMember);
    };
    if old.state != MemberState::Down {
        return Err(DirectoryRefusal::MemberAlive(dead));
    }
    let place = directory.place_of(old).clone();
    directory.orders.drained.remove(&dead); // That was about the machine, not about its places.
    directory.orders.hand_over(dead, by);
    directory.orders.places.insert(by, place);
    remove_member(directory, dead)
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::scene::{Scene, add, mark};
    use crate::directory::{DirectoryCommand, MemberState};

    fn place_of(scene: &Scene, id: u64) -> &str {
        let member = scene.directory.member(NodeId(id)).expect("it is a member");
        scene.directory.place_of(member)
    }

    #[test]
    fn a_dead_members_places_go_to_the_one_that_replaces_it_and_on_to_the_next() {
        let replace = |dead, by| DirectoryCommand::Replace { dead: NodeId(dead), by: NodeId(by) };
        let mut scene = Scene::default();
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
            scene.sees(add(id, name), &[&format!("member {id} added")]);
        }
        scene.registers(10, "alice", 1);
        scene.sees(replace(1, 2), &["refused MemberAlive(NodeId(1))"]);
        scene.sees(replace(1, 9), &["refused UnknownMember"]);
        scene.sees(replace(1, 1), &["refused UnknownMember"]);
        scene.sees(mark(1, MemberState::Down), &["member 1 Down"]);
        let gone = ["alice ended: Server left the network", "member 1 removed"];
        scene.sees(replace(1, 2), &gone);
        assert_eq!((place_of(&scene, 2), place_of(&scene, 3)), ("a", "c"));

        scene.sees(mark(2, MemberState::Down), &["member 2 Down"]);
        scene.sees(replace(2, 3), &["member 2 removed"]);
        assert_eq!(place_of(&scene, 3), "a");
    }

    #[test]
    fn a_pinned_group_follows_to_the_replacement_and_to_a_new_identity() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(2, "b"), &["member 2 added"]);
        scene.apply(DirectoryCommand::Place { group: 3, replicas: vec![NodeId(1)] });
        scene.apply(DirectoryCommand::Pin { group: 3, replicas: vec![NodeId(1)] });
        scene.apply(mark(1, MemberState::Down));
        scene.apply(DirectoryCommand::Replace { dead: NodeId(1), by: NodeId(2) });
        assert_eq!(scene.directory.pin(3), Some(&[NodeId(2)][..]));

        scene.apply(mark(2, MemberState::Down));
        let mut wiped = add(5, "b");
        if let DirectoryCommand::AddMember { replaces, .. } = &mut wiped {
            *replaces = Some(NodeId(2));
        }
        scene.apply(wiped);
        assert_eq!(scene.directory.pin(3), Some(&[NodeId(5)][..]));
        assert_eq!(place_of(&scene, 5), "a");
    }
}
