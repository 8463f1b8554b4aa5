//! REMOVE MEMBER: a node leaves for good, and its sessions end with it. Where its groups live next is
//! for `Place` to say.

use super::end_all;
use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};

const REASON: &str = "Server left the network";

pub(in crate::directory) fn remove_member(directory: &mut Directory, id: NodeId) -> Answer {
    if directory.members.remove(&id).is_none() {
        return Err(DirectoryRefusal::UnknownMember);
    }
    directory.orders.forget(id);
    let mut events = match directory.is_split {
        true => Vec::new(),
        false => end_all(directory, id, &REASON.into()),
    };
    events.push(DirectoryEvent::MemberRemoved(id));
    Ok(events)
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};

    #[test]
    fn a_removed_member_takes_its_sessions_along() {
        let remove = || DirectoryCommand::RemoveMember { id: NodeId(1) };
        let mut scene = Scene::default();
        scene.sees(remove(), &["refused UnknownMember"]);
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(2, "b"), &["member 2 added"]);
        scene.registers(10, "alice", 1);
        scene.registers(20, "bob", 2);
        scene.sees(remove(), &["alice ended: Server left the network", "member 1 removed"]);
        assert_eq!(scene.directory.session_count(), 1);
        assert!(scene.directory.by_nick("bob").is_some());
    }
}
