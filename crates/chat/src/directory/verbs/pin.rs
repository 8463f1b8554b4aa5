//! PIN: a group lives where an operator says, or again where the ring does.

use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use std::collections::BTreeSet;

/// With no nodes: the ring decides again.
pub(in crate::directory) fn pin(
    directory: &mut Directory,
    group: u32,
    mut replicas: Vec<NodeId>,
) -> Answer {
    let mut named = BTreeSet::new();
    replicas.retain(|it| named.insert(*it)); // Twice on one node is no second copy.
    if replicas.iter().any(|it| !directory.members.contains_key(it)) {
        return Err(DirectoryRefusal::UnknownMember);
    }
    // Bounds the pins by the groups there are.
    if !directory.placements.contains_key(&group) {
        return Err(DirectoryRefusal::UnknownGroup);
    }
    let pins = &mut directory.orders.pins;
    if pins.get(&group).map_or(&[][..], Vec::as_slice) == replicas {
        return Ok(Vec::new());
    }
    match replicas.is_empty() {
        true => _ = pins.remove(&group),
        false => _ = pins.insert(group, replicas),
    }
    Ok(vec![DirectoryEvent::Pinned(group)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};

    fn pin(replicas: &[u64]) -> DirectoryCommand {
        let replicas = replicas.iter().copied().map(NodeId).collect();
        DirectoryCommand::Pin { group: 3, replicas }
    }

    #[test]
    fn a_group_that_was_placed_is_pinned_to_members_and_released() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(pin(&[1]), &["refused UnknownGroup"]);
        scene.apply(DirectoryCommand::Place { group: 3, replicas: vec![NodeId(1)] });
        scene.sees(pin(&[1, 2]), &["refused UnknownMember"]);
        scene.sees(pin(&[]), &[]);
        scene.sees(pin(&[1]), &["group 3 pinned"]);
        scene.sees(pin(&[1, 1]), &[]);
        assert_eq!(scene.directory.pin(3), Some(&[NodeId(1)][..]));
        scene.sees(pin(&[]), &["group 3 pinned"]);
        assert_eq!(scene.directory.pin(3), None);
    }

    #[test]
    fn a_pin_forgets_a_removed_member_and_ends_with_the_last_one() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(2, "b"), &["member 2 added"]);
        scene.apply(DirectoryCommand::Place { group: 3, replicas: vec![NodeId(1)] });
        scene.sees(pin(&[1, 2]), &["group 3 pinned"]);
        scene.apply(DirectoryCommand::RemoveMember { id: NodeId(1) });
        assert_eq!(scene.directory.pin(3), Some(&[NodeId(2)][..]));
        scene.apply(DirectoryCommand::RemoveMember { id: NodeId(2) });
        assert_eq!(scene.directory.pin(3), None);
    }
}
