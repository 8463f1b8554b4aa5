//! RANK: a member's priority among those who may decide on names, as its configuration has it.

use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};

pub(in crate::directory) fn rank(directory: &mut Directory, id: NodeId, priority: i32) -> Answer {
    if !directory.members.contains_key(&id) {
        return Err(DirectoryRefusal::UnknownMember);
    }
    if directory.priority(id) == priority {
        return Ok(Vec::new());
    }
    match priority {
        0 => _ = directory.orders.priorities.remove(&id),
        _ => _ = directory.orders.priorities.insert(id, priority),
    }
    Ok(vec![DirectoryEvent::Ranked(id, priority)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::scene::{Scene, add, mark};
    use crate::directory::{DirectoryCommand, MemberState};

    fn rank(id: u64, priority: i32) -> DirectoryCommand {
        DirectoryCommand::Rank { id: NodeId(id), priority }
    }

    fn order(scene: &Scene) -> Vec<&str> {
        scene.directory.by_rank().iter().map(|it| &*it.name).collect()
    }

    #[test]
    fn the_higher_priority_ranks_higher_and_names_break_ties() {
        let mut scene = Scene::default();
        for (id, name) in [(1, "b"), (2, "c"), (3, "a")] {
            scene.sees(add(id, name), &[&format!("member {id} added")]);
        }
        assert_eq!(order(&scene), ["a", "b", "c"]);
        scene.sees(rank(3, 5), &["member 3 has priority 5"]);
        scene.sees(rank(3, 5), &[]);
        assert_eq!(order(&scene), ["b", "c", "a"]);
        scene.sees(rank(1, 5), &["member 1 has priority 5"]);
        assert_eq!(order(&scene), ["c", "a", "b"]);
        scene.sees(rank(1, -1), &["member 1 has priority -1"]);
        scene.sees(rank(3, 0), &["member 3 has priority 0"]);
        assert_eq!(order(&scene), ["b", "a", "c"]);
        scene.sees(rank(9, 1), &["refused UnknownMember"]);
    }

    #[test]
    fn a_priority_goes_with_its_member_and_over_to_who_takes_its_place() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(rank(1, 3), &["member 1 has priority 3"]);
        scene.sees(mark(1, MemberState::Down), &["member 1 Down"]);
        let mut wiped = add(2, "a");
        if let DirectoryCommand::AddMember { replaces, .. } = &mut wiped {
            *replaces = Some(NodeId(1));
        }
        scene.sees(wiped, &["member 1 removed", "member 2 added"]);
        assert_eq!(scene.directory.priority(NodeId(2)), 3);
        scene.apply(DirectoryCommand::RemoveMember { id: NodeId(2) });
        scene.sees(add(2, "a"), &["member 2 added"]);
        assert_eq!(scene.directory.priority(NodeId(2)), 0);
    }
}
