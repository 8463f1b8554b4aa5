//! REGISTER: a session begins with its nick, or neither.
//!
//! The nick is looked at first: a node that repeats an unanswered registration finds its own session
//! under `NickInUse { by }`, and knows that the first one came through.

use crate::Stamp;
use crate::directory::state::Answer;
use crate::directory::{
    Directory, DirectoryEvent, DirectoryRefusal, NewSession, Session, UserModes,
};
use crate::planted::planted;
use std::sync::Arc;

pub(in crate::directory) fn register(
    directory: &mut Directory,
    at: Stamp,
    new: NewSession,
) -> Answer {
    if let Some(holder) = directory.by_nick(new.nick.as_str())
        && !planted!("nick-unchecked")
    {
        return Err(DirectoryRefusal::NickInUse { by: holder.id });
    }
    if !directory.is_split && directory.is_reserved(new.nick.as_str(), new.account.as_deref()) {
        return Err(DirectoryRefusal::NickReserved(new.nick));
    }
    if directory.session(new.session).is_some() {
        return Err(DirectoryRefusal::SessionIdInUse);
    }
    if directory.member(new.node).is_none() && !directory.is_split {
        // Sent before its node was removed: nobody would ever end this session.
        return Err(DirectoryRefusal::UnknownMember);
    }
    let session = Arc::new(Session {
        id: new.session,
        nick: new.nick,
        user: new.user,
        host: new.host,
        realname: new.realname,
        account: new.account,
        node: new.node,
        is_secure: new.is_secure,
        modes: UserModes::default(),
        operator: None,
        away: None,
        since: at,
    });
    directory.put(session.clone());
    Ok(vec![DirectoryEvent::Registered(session)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::scene::{Scene, account, add, register};
    use crate::directory::{DirectoryCommand, NewSession};

    #[test]
    fn of_two_who_claim_one_nick_the_first_gets_it() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(register(10, "alice", 1), &["alice registered"]);
        let refused = "refused NickInUse { by: SessionId(10) }";
        scene.sees(register(20, "ALICE", 1), &[refused]);
        scene.sees(register(10, "bob", 1), &["refused SessionIdInUse"]);
        scene.sees(register(20, "bob", 1), &["bob registered"]);
        assert_eq!(scene.directory.session_count(), 2);
        assert_eq!(scene.directory.session_count_of(NodeId(1)), 2);
        assert_eq!(scene.directory.by_nick("Alice"), scene.directory.by_nick("alice"));
    }

    #[test]
    fn the_name_of_an_account_is_the_nick_of_its_owner_alone() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(account("Alice", Some(1), None), &["account Alice registered"]);
        scene.sees(register(10, "alice", 1), &["refused NickReserved(Nick(\"alice\"))"]);
        let as_account = |id, nick, account: &str| match register(id, nick, 1) {
            DirectoryCommand::Register(it) => {
                DirectoryCommand::Register(NewSession { account: Some(account.into()), ..it })
            }
            other => other,
        };
        scene.sees(as_account(10, "ALICE", "bob"), &["refused NickReserved(Nick(\"ALICE\"))"]);
        scene.sees(as_account(10, "ALICE", "alice"), &["ALICE registered"]);
    }

    #[test]
    fn a_registration_sent_twice_finds_itself() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.sees(register(10, "alice", 1), &["alice registered"]);
        let refused = "refused NickInUse { by: SessionId(10) }";
        scene.sees(register(10, "alice", 1), &[refused]);
    }

    #[test]
    fn a_node_that_is_no_member_registers_nobody() {
        let mut scene = Scene::default();
        scene.sees(register(10, "alice", 1), &["refused UnknownMember"]);
    }
}
