//! ADD MEMBER: a node joins, comes back with a new address, or takes the place of its lost self.

use super::remove_member;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal, Member, MemberState, Roles};
use crate::{NodeId, Stamp};
use std::sync::Arc;

pub(in crate::directory) fn add_member(
    directory: &mut Directory,
    at: Stamp,
    id: NodeId,
    name: Arc<str>,
    address: Arc<str>,
    roles: Roles,
    replaces: Option<NodeId>,
) -> Answer {
    let mut events = Vec::new();
    let holder = directory.members().find(|it| it.id != id && it.name.eq_ignore_ascii_case(&name));
    if let Some(holder) = holder {
        let by = holder.id;
        // Only the dead give their place away: a living namesake would be cut off by a typing error.
        if replaces != Some(by) || holder.state != MemberState::Down {
            return Err(DirectoryRefusal::NameTaken { by });
        }
        directory.orders.hand_over(by, id);
        events = remove_member(directory, by)?;
    }
    let known = directory.member(id);
    let member = Member {
        id,
        name,
        address,
        roles,
        // Who comes back is as live as it was last judged to be: others judge that.
        state: known.map_or(MemberState::Up, |it| it.state),
        since: known.map_or(at, |it| it.since),
    };
    if known != Some(&member) {
        directory.members.insert(id, member);
        events.push(DirectoryEvent::MemberAdded(id));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, add, mark};
    use crate::directory::{DirectoryCommand, MemberState};
    use crate::{NodeId, Stamp};
    use std::sync::Arc;

    fn replace(id: u64, name: &str, old: u64) -> DirectoryCommand {
        let mut command = add(id, name);
        if let DirectoryCommand::AddMember { replaces, .. } = &mut command {
            *replaces = Some(NodeId(old));
        }
        command
    }

    #[test]
    fn a_node_comes_back_with_a_new_address() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(1, "a"), &[]);
        scene.sees(mark(1, MemberState::Draining), &["member 1 Draining"]);
        let mut moved = add(1, "a");
        if let DirectoryCommand::AddMember { address, .. } = &mut moved {
            *address = Arc::from("elsewhere:1");
        }
        scene.sees(moved, &["member 1 added"]);
        let member = scene.directory.member(NodeId(1)).expect("it was added");
        assert_eq!(&*member.address, "elsewhere:1");
        assert_eq!(member.state, MemberState::Draining);
        assert!(member.since > Stamp::default());
    }

    #[test]
    fn two_nodes_cannot_have_one_name() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(2, "A"), &["refused NameTaken { by: NodeId(1) }"]);
        scene.sees(add(2, "b"), &["member 2 added"]);
        scene.sees(add(2, "a"), &["refused NameTaken { by: NodeId(1) }"]);
        assert_eq!(scene.directory.members().count(), 2);
    }

    #[test]
    fn a_new_identity_takes_the_place_of_a_dead_one_it_names() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(3, "c"), &["member 3 added"]);
        scene.registers(10, "alice", 1);
        let refused = "refused NameTaken { by: NodeId(1) }";
        scene.sees(replace(2, "a", 1), &[refused]); // Still alive.
        scene.sees(mark(1, MemberState::Down), &["member 1 Down"]);
        scene.sees(replace(2, "a", 3), &[refused]); // Another one is named.
        scene.sees(
            replace(2, "a", 1),
            &["alice ended: Server left the network", "member 1 removed", "member 2 added"],
        );
        assert!(scene.directory.by_nick("alice").is_none());
        scene.sees(replace(2, "a", 1), &[]);
    }
}
