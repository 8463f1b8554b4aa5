//! MARK MEMBER: the directory's leader judges a member's liveness anew.

use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal, MemberState};
use crate::{NodeId, Stamp};

pub(in crate::directory) fn mark_member(
    directory: &mut Directory,
    at: Stamp,
    id: NodeId,
    state: MemberState,
) -> Answer {
    let Some(member) = directory.members.get_mut(&id) else {
        return Err(DirectoryRefusal::UnknownMember);
    };
    if member.state == state {
        return Ok(Vec::new());
    }
    member.state = state;
    member.since = at;
    Ok(vec![DirectoryEvent::MemberMarked(id, state)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::MemberState;
    use crate::directory::scene::{Scene, add, mark};

    #[test]
    fn a_mark_counts_when_it_changes_something() {
        let mut scene = Scene::default();
        scene.sees(mark(1, MemberState::Down), &["refused UnknownMember"]);
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(mark(1, MemberState::Up), &[]);
        scene.sees(mark(1, MemberState::Down), &["member 1 Down"]);
        let since = scene.directory.member(NodeId(1)).map(|it| it.since);
        scene.sees(mark(1, MemberState::Down), &[]);
        assert_eq!(scene.directory.member(NodeId(1)).map(|it| it.since), since);
    }
}
