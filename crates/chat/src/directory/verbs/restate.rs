//! RESTATE: what a session changed of itself where the others could not see it is so here, too.

use super::alter;
use super::claim::{displace, is_earlier, name_aside};
use crate::directory::state::Answer;
use crate::directory::{Change, Directory, DirectoryEvent, DirectoryRefusal, Session};
use std::sync::Arc;

pub(in crate::directory) fn restate(directory: &mut Directory, session: Session) -> Answer {
    let Some(known) = directory.session(session.id).cloned() else {
        return Err(DirectoryRefusal::UnknownSession);
    };
    let mut events = Vec::new();
    if known.nick != session.nick {
        let holder = directory.by_nick(session.nick.as_str()).cloned();
        let holder = holder.filter(|it| it.id != session.id); // (Only the case may have changed.)
        let is_free = holder.as_ref().is_none_or(|it| is_earlier(&known, it));
        if let Some(holder) = holder.filter(|_| is_free) {
            let aside = name_aside(directory, &holder.nick, holder.id.0);
            events.push(displace(directory, &holder, aside));
        }
        if is_free {
            let renamed = Arc::new(Session { nick: session.nick.clone(), ..(*known).clone() });
            directory.put(renamed.clone());
            let from = known.nick.clone();
            events.push(DirectoryEvent::Renamed { session: renamed, from });
        }
    }
    let id = session.id;
    for change in changes(session) {
        events.extend(alter(directory, id, change).expect("it was known just now"));
    }
    Ok(events)
}

/// All that may have changed of a session beside its nick, as it is now.
fn changes(it: Session) -> [Change; 6] {
    [
        Change::Host { user: it.user, host: it.host },
        Change::Realname(it.realname),
        Change::Account(it.account),
        Change::Modes(it.modes),
        Change::Operator(it.operator.as_deref().cloned()),
        Change::Away(it.away.as_deref().cloned()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, add, nick};
    use crate::directory::{DirectoryCommand, Session, UserModes};
    use crate::{SessionId, Stamp};
    use std::sync::Arc;

    /// With alice, who came first, and bob.
    fn scene() -> Scene {
        let mut scene = Scene::default();
        scene.apply(add(1, "a"));
        scene.registers(10, "alice", 1);
        scene.registers(20, "bob", 1);
        scene
    }

    /// As it is, but for this.
    fn restated(scene: &Scene, id: u64, change: impl Fn(&mut Session)) -> DirectoryCommand {
        let known = scene.directory.session(SessionId(id)).expect("it is in");
        let mut session = (**known).clone();
        change(&mut session);
        DirectoryCommand::Restate(session)
    }

    #[test]
    fn what_changed_is_said_and_nothing_else() {
        let mut scene = scene();
        let nothing = restated(&scene, 10, |_| {});
        scene.sees(nothing, &[]);
        let all = restated(&scene, 10, |it| {
            it.nick = nick("alison");
            it.away = Some(Arc::<str>::from("lunch").into());
            it.operator = Some(Arc::<str>::from("admin").into());
            it.modes = UserModes { bot: true, ..it.modes };
            it.since = Stamp(0); // Is when it was registered, whoever says something else.
        });
        let since = scene.directory.session(SessionId(10)).map(|it| it.since);
        let modes = UserModes { bot: true, ..UserModes::default() };
        scene.sees(
            all,
            &[
                "alice is now alison",
                &format!("alison altered: Modes({modes:?})"),
                "alison altered: Operator(Some(\"admin\"))",
                "alison altered: Away(Some(\"lunch\"))",
            ],
        );
        assert_eq!(scene.directory.session(SessionId(10)).map(|it| it.since), since);
        let case = restated(&scene, 10, |it| it.nick = nick("Alison"));
        scene.sees(case, &["alison is now Alison"]);
    }

    #[test]
    fn of_two_with_one_nick_the_earlier_has_it_and_the_other_keeps_one_of_its_own() {
        let mut scene = scene();
        let to_bob = restated(&scene, 10, |it| it.nick = nick("Bob"));
        scene.sees(to_bob, &["bob gave way as bob_1", "alice is now Bob"]);
        let back = restated(&scene, 20, |it| it.nick = nick("bob"));
        scene.sees(back, &[]);
        assert_eq!(scene.directory.by_nick("bob").map(|it| it.id), Some(SessionId(10)));
        assert_eq!(scene.directory.by_nick("bob_1").map(|it| it.id), Some(SessionId(20)));
    }

    #[test]
    fn who_is_gone_stays_gone() {
        let mut scene = scene();
        let gone = restated(&scene, 10, |it| it.nick = nick("alison"));
        scene.apply(DirectoryCommand::End {
            session: SessionId(10),
            reason: "bye".into(),
            by: None,
        });
        scene.sees(gone, &["refused UnknownSession"]);
    }
}
