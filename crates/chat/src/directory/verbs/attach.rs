//! ATTACH: somebody who shows a session's secret goes on with it, from whichever node.

use crate::directory::state::Answer;
use crate::directory::{Attach, Directory, DirectoryEvent, DirectoryRefusal};
use std::sync::Arc;

pub(in crate::directory) fn attach(directory: &mut Directory, it: Attach) -> Answer {
    let Some(mut session) = directory.session(it.session).cloned() else {
        return Err(DirectoryRefusal::UnknownSession);
    };
    if directory.member(it.node).is_none() && !directory.is_split {
        return Err(DirectoryRefusal::UnknownMember); // As for who comes in: nobody would ever end it.
    }
    if !directory.keys.open(it.session, it.key, it.next) {
        return Err(DirectoryRefusal::WrongKey);
    }
    let changed = Arc::make_mut(&mut session);
    let from = std::mem::replace(&mut changed.node, it.node);
    changed.is_secure = it.is_secure;
    directory.put(session.clone());
    Ok(vec![DirectoryEvent::Attached { session, from }])
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, add};
    use crate::directory::{Attach, Directory, DirectoryCommand};
    use crate::{NodeId, SessionId};

    fn attach(session: u64, key: u8, next: u8, node: u64) -> DirectoryCommand {
        DirectoryCommand::Attach(Attach {
            session: SessionId(session),
            key: [key; 32],
            next: [next; 32],
            node: NodeId(node),
            is_secure: true,
        })
    }

    fn scene() -> Scene {
        let mut scene = Scene::default();
        scene.apply(add(1, "a"));
        scene.apply(add(2, "b"));
        scene.registers(10, "alice", 1);
        scene.sees(DirectoryCommand::SetKey { session: SessionId(10), key: [1; 32] }, &[]);
        scene
    }

    #[test]
    fn a_session_goes_where_its_secret_is_shown_until_the_next_one_is_known() {
        let mut scene = scene();
        scene.sees(attach(10, 1, 2, 2), &["alice came from 1 to 2"]);
        assert_eq!(scene.directory.session_count_of(NodeId(1)), 0);
        assert_eq!(scene.directory.by_nick("alice").map(|it| it.node), Some(NodeId(2)));
        scene.sees(attach(10, 1, 3, 1), &["alice came from 2 to 1"]);
        scene.sees(attach(10, 2, 9, 1), &["refused WrongKey"]);
        let confirm = |key| DirectoryCommand::ConfirmKey { session: SessionId(10), key: [key; 32] };
        scene.sees(confirm(2), &[]); // It came late, and says nothing of the newest.
        scene.sees(attach(10, 1, 3, 1), &["alice came from 1 to 1"]);
        scene.sees(confirm(3), &[]);
        scene.sees(attach(10, 1, 9, 2), &["refused WrongKey"]);
        scene.sees(attach(10, 3, 4, 2), &["alice came from 1 to 2"]);
    }

    #[test]
    fn without_a_key_or_a_session_nothing_is_opened() {
        let mut scene = scene();
        scene.registers(20, "bob", 1);
        scene.sees(attach(20, 0, 1, 2), &["refused WrongKey"]);
        scene.sees(attach(30, 0, 1, 2), &["refused UnknownSession"]);
        let end = DirectoryCommand::End { session: SessionId(10), reason: "bye".into(), by: None };
        scene.sees(end, &["alice ended: bye"]);
        scene.registers(10, "carol", 1);
        scene.sees(attach(10, 1, 2, 2), &["refused WrongKey"]);
    }

    #[test]
    fn keys_outlive_a_restart_and_other_changes() {
        let mut scene = scene();
        let nick = crate::directory::scene::nick("alicia");
        scene.apply(DirectoryCommand::Rename { session: SessionId(10), nick });
        let restored = Directory::restore(&scene.directory.snapshot()).expect("our own snapshot");
        assert!(restored.has_key(SessionId(10)));
        scene.directory = restored;
        scene.sees(attach(10, 1, 2, 2), &["alicia came from 1 to 2"]);
    }
}
