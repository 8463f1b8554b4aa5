//! DRAIN: groups, leaderships and clients shall leave a node, or may come back to it.

use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};

pub(in crate::directory) fn drain(
    directory: &mut Directory,
    id: NodeId,
    is_drained: bool,
) -> Answer {
    if !directory.members.contains_key(&id) {
        return Err(DirectoryRefusal::UnknownMember);
    }
    let has_changed = match is_drained {
        true => directory.orders.drained.insert(id),
        false => directory.orders.drained.remove(&id),
    };
    Ok(match has_changed {
        true => vec![DirectoryEvent::Drained(id, is_drained)],
        false => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};

    #[test]
    fn a_drained_member_stays_one_and_is_drained_until_that_is_taken_back() {
        let drain = |is_drained| DirectoryCommand::Drain { id: NodeId(1), is_drained };
        let mut scene = Scene::default();
        scene.sees(drain(true), &["refused UnknownMember"]);
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(drain(false), &[]);
        scene.sees(drain(true), &["member 1 drained: true"]);
        scene.sees(drain(true), &[]);
        assert!(scene.directory.is_drained(NodeId(1)));
        scene.sees(drain(false), &["member 1 drained: false"]);
        assert!(!scene.directory.is_drained(NodeId(1)));
    }

    #[test]
    fn who_is_removed_is_no_longer_drained() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.apply(DirectoryCommand::Drain { id: NodeId(1), is_drained: true });
        scene.apply(DirectoryCommand::RemoveMember { id: NodeId(1) });
        scene.sees(add(1, "a"), &["member 1 added"]);
        assert!(!scene.directory.is_drained(NodeId(1)));
    }
}
