//! RENAME: another nick for a session, at once and for it alone.

use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use crate::{Nick, SessionId};
use std::sync::Arc;

pub(in crate::directory) fn rename(directory: &mut Directory, id: SessionId, nick: Nick) -> Answer {
    let Some(mut session) = directory.session(id).cloned() else {
        return Err(DirectoryRefusal::UnknownSession);
    };
    let holder = directory.by_nick(nick.as_str());
    if let Some(holder) = holder.filter(|it| it.id != id) {
        return Err(DirectoryRefusal::NickInUse { by: holder.id });
    }
    if !directory.is_split && directory.is_reserved(nick.as_str(), session.account.as_deref()) {
        let is_case = session.nick.key() == nick.key(); // Theirs since before it was registered.
        if !is_case {
            return Err(DirectoryRefusal::NickReserved(nick));
        }
    }
    if session.nick == nick {
        return Ok(Vec::new());
    }
    let from = std::mem::replace(&mut Arc::make_mut(&mut session).nick, nick);
    directory.put(session.clone());
    Ok(vec![DirectoryEvent::Renamed { session, from }])
}

#[cfg(test)]
mod tests {
    use crate::SessionId;
    use crate::directory::scene::{Scene, account, add, nick};
    use crate::directory::{Change, DirectoryCommand};

    fn rename(session: u64, to: &str) -> DirectoryCommand {
        DirectoryCommand::Rename { session: SessionId(session), nick: nick(to) }
    }

    #[test]
    fn a_nick_changes_hands_at_once() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        scene.registers(20, "bob", 1);
        let refused = "refused NickInUse { by: SessionId(20) }";
        scene.sees(rename(10, "Bob"), &[refused]);
        scene.sees(rename(10, "carol"), &["alice is now carol"]);
        assert!(scene.directory.by_nick("alice").is_none());
        scene.sees(rename(20, "Alice"), &["bob is now Alice"]);
        scene.sees(rename(20, "Alice"), &[]);
        scene.sees(rename(30, "dave"), &["refused UnknownSession"]);
    }

    #[test]
    fn the_name_of_an_account_is_for_its_owner() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "bob", 1);
        scene.sees(account("Alice", Some(1), None), &["account Alice registered"]);
        scene.sees(rename(10, "alice"), &["refused NickReserved(Nick(\"alice\"))"]);
        let change = Change::Account(Some("Alice".into()));
        scene.apply(DirectoryCommand::Alter { session: SessionId(10), change });
        scene.sees(rename(10, "alice"), &["bob is now alice"]);
    }

    #[test]
    fn changing_only_the_case_is_a_change() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        scene.sees(rename(10, "Alice"), &["alice is now Alice"]);
        let session = scene.directory.by_nick("aLICE").expect("it has the nick");
        assert_eq!(session.nick.as_str(), "Alice");
    }
}
