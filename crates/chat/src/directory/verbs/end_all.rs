//! END ALL: every session of a node is over, in the order of their ids.

use crate::directory::{Directory, DirectoryEvent};
use crate::{NodeId, SessionId};
use std::sync::Arc;

pub(in crate::directory) fn end_all(
    directory: &mut Directory,
    node: NodeId,
    reason: &Arc<str>,
) -> Vec<DirectoryEvent> {
    let ids = directory.sessions_of(node).map(|it| it.id).collect();
    end_each(directory, ids, reason)
}

/// Ends these, in this order.
pub(super) fn end_each(
    directory: &mut Directory,
    ids: Vec<SessionId>,
    reason: &Arc<str>,
) -> Vec<DirectoryEvent> {
    let ended = ids.into_iter().filter_map(|id| directory.take(id));
    ended
        .map(|session| DirectoryEvent::Ended { session, reason: reason.clone(), by: None })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};

    #[test]
    fn a_dead_nodes_sessions_end_in_order_and_no_others() {
        let end_all = || DirectoryCommand::EndAll { node: NodeId(1), reason: "a died".into() };
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(add(2, "b"), &["member 2 added"]);
        scene.registers(30, "carol", 1);
        scene.registers(20, "bob", 2);
        scene.registers(10, "alice", 1);
        scene.sees(end_all(), &["alice ended: a died", "carol ended: a died"]);
        scene.sees(end_all(), &[]);
        assert_eq!(scene.directory.session_count_of(NodeId(1)), 0);
        assert_eq!(scene.directory.session_count_of(NodeId(2)), 1);
    }
}
