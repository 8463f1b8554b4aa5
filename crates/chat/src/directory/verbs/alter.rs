//! ALTER: something else that others see of a session changes.

use crate::SessionId;
use crate::directory::state::Answer;
use crate::directory::{Aside, Change, Directory, DirectoryEvent, DirectoryRefusal, Session};
use std::sync::Arc;

pub(in crate::directory) fn alter(
    directory: &mut Directory,
    id: SessionId,
    change: Change,
) -> Answer {
    let Some(before) = directory.session(id).cloned() else {
        return Err(DirectoryRefusal::UnknownSession);
    };
    let mut session = before.clone();
    carry_out(Arc::make_mut(&mut session), change.clone());
    if session == before {
        return Ok(Vec::new());
    }
    directory.put(session.clone());
    Ok(vec![DirectoryEvent::Altered { session, before, change }])
}

fn carry_out(session: &mut Session, change: Change) {
    match change {
        Change::Away(away) => session.away = away.map(Aside::from),
        Change::Realname(realname) => session.realname = realname,
        Change::Host { user, host } => {
            session.user = user;
            session.host = host;
        }
        Change::Account(account) => session.account = account,
        Change::Modes(modes) => session.modes = modes,
        Change::Operator(operator) => session.operator = operator.map(Aside::from),
    }
}

#[cfg(test)]
mod tests {
    use crate::SessionId;
    use crate::directory::scene::{Scene, add};
    use crate::directory::{Change, DirectoryCommand, DirectoryEvent, UserModes};

    fn alter(session: u64, change: Change) -> DirectoryCommand {
        DirectoryCommand::Alter { session: SessionId(session), change }
    }

    #[test]
    fn every_change_is_seen_once() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        let changes = [
            Change::Away(Some("lunch".into())),
            Change::Away(None),
            Change::Realname("Alice A.".into()),
            Change::Host { user: "al".into(), host: "cloak".into() },
            Change::Account(Some("alice".into())),
            Change::Modes(UserModes { bot: true, ..UserModes::default() }),
            Change::Operator(Some("admin".into())),
        ];
        for change in changes {
            let seen = format!("alice altered: {change:?}");
            scene.sees(alter(10, change.clone()), &[&seen]);
            scene.sees(alter(10, change), &[]);
        }
        let who = scene.directory.by_nick("alice").expect("she is here").who();
        assert_eq!(who.source(), "alice!al@cloak");
        assert!(who.is_operator && who.is_bot);
        scene.sees(alter(20, Change::Away(None)), &["refused UnknownSession"]);
    }

    #[test]
    fn the_event_holds_the_session_before_and_after() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        let outcome = scene.apply(alter(10, Change::Away(Some("lunch".into()))));
        let [DirectoryEvent::Altered { session, before, .. }] = &*outcome.events else {
            panic!("one change, one event: {outcome:?}");
        };
        assert_eq!(before.away, None);
        assert_eq!(session.away.as_ref().map(|it| &***it), Some("lunch"));
        assert_eq!(scene.directory.session(SessionId(10)), Some(session));
    }
}
