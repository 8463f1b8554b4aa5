//! END KEYLESS: every session of a node that nobody can go on with is over, in the order of their ids.

use super::end_all::end_each;
use crate::NodeId;
use crate::directory::{Directory, DirectoryEvent};
use std::sync::Arc;

pub(in crate::directory) fn end_keyless(
    directory: &mut Directory,
    node: NodeId,
    reason: &Arc<str>,
) -> Vec<DirectoryEvent> {
    let of_node = directory.sessions_of(node).map(|it| it.id);
    let keyless = of_node.filter(|id| !directory.has_key(*id)).collect();
    end_each(directory, keyless, reason)
}

#[cfg(test)]
mod tests {
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};
    use crate::{NodeId, SessionId};

    #[test]
    fn sessions_with_a_key_stay() {
        let mut scene = Scene::default();
        scene.apply(add(1, "a"));
        scene.registers(20, "bob", 1);
        scene.registers(10, "alice", 1);
        scene.apply(DirectoryCommand::SetKey { session: SessionId(10), key: [1; 32] });
        let end = || DirectoryCommand::EndKeyless { node: NodeId(1), reason: "restarted".into() };
        scene.sees(end(), &["bob ended: restarted"]);
        scene.sees(end(), &[]);
        assert!(scene.directory.by_nick("alice").is_some());
    }
}
