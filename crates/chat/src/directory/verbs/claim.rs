//! CLAIM: a session that was registered where the others could not see it is registered here, too.
//!
//! Two sides of a cut have each given names away. Of two who have the same one the earlier keeps it; the
//! other is called something alike from then on, and keeps all else.

use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal, Session};
use crate::{NICK_BYTES_MAX, Nick};
use std::sync::Arc;

/// A name that was given instead of another one is no longer than this, or than that one.
const ASIDE_BYTES: usize = 16;

pub(in crate::directory) fn claim(directory: &mut Directory, mut session: Session) -> Answer {
    if directory.session(session.id).is_some() {
        return Err(DirectoryRefusal::SessionIdInUse); // It is known: nothing has to be claimed.
    }
    let Some(holder) = directory.by_nick(session.nick.as_str()).cloned() else {
        let session = Arc::new(session);
        directory.put(session.clone());
        return Ok(vec![DirectoryEvent::Registered(session)]);
    };
    let is_earlier = is_earlier(&session, &holder);
    let loser = if is_earlier { holder.id } else { session.id };
    let aside = name_aside(directory, &holder.nick, loser.0);
    if is_earlier {
        let displaced = displace(directory, &holder, aside);
        let session = Arc::new(session);
        directory.put(session.clone());
        return Ok(vec![displaced, DirectoryEvent::Registered(session)]);
    }
    let from = std::mem::replace(&mut session.nick, aside);
    let session = Arc::new(session);
    directory.put(session.clone());
    Ok(vec![
        DirectoryEvent::Registered(session.clone()),
        DirectoryEvent::Displaced { session, from },
    ])
}

/// Sessions begin at different moments on different nodes; if not, one order is as good as another.
pub(super) fn is_earlier(session: &Session, than: &Session) -> bool {
    (session.since, session.id) < (than.since, than.id)
}

/// Its nick is free from now on.
pub(super) fn displace(directory: &mut Directory, holder: &Session, aside: Nick) -> DirectoryEvent {
    let loser = Arc::new(Session { nick: aside, ..holder.clone() });
    directory.put(loser.clone());
    DirectoryEvent::Displaced { session: loser, from: holder.nick.clone() }
}

/// Free, valid, and to be recognized by people.
pub(super) fn name_aside(directory: &Directory, nick: &Nick, id: u64) -> Nick {
    let max = nick.as_str().len().clamp(ASIDE_BYTES, NICK_BYTES_MAX);
    let with = |end: String| {
        let kept = nick.as_str().len().min(max - end.len()); // Nicks are ASCII.
        Nick::parse(&format!("{}{end}", &nick.as_str()[..kept]), NICK_BYTES_MAX)
            .expect("a nick with a sign, letters and digits behind it is one")
    };
    let is_free = |it: &Nick| directory.by_nick(it.as_str()).is_none();
    let numbered = (1..100).map(|number| with(format!("_{number}"))).find(is_free);
    // Whoever takes all these on purpose does not know the session's id: the first is free, or the next.
    let drawn = || (0..).map(|more| with(format!("_{:08x}", id.wrapping_add(more) as u32)));
    numbered.or_else(|| drawn().find(is_free)).expect("there are fewer sessions than names")
}

#[cfg(test)]
mod tests {
    use super::super::super::{Directory, DirectoryCommand, Session};
    use crate::directory::scene::{Scene, add, nick, register};
    use crate::{SessionId, Stamp};

    fn scene() -> Scene {
        let mut scene = Scene::default();
        scene.apply(add(1, "a"));
        scene.apply(add(2, "b"));
        scene
    }

    fn session(id: u64, name: &str, since: u64) -> Session {
        let mut elsewhere = scene();
        elsewhere.apply(register(id, name, 2));
        let session = elsewhere.directory.session(SessionId(id)).expect("it is registered");
        Session { since: Stamp(since), ..(**session).clone() }
    }

    fn claim(id: u64, name: &str, since: u64) -> DirectoryCommand {
        DirectoryCommand::Claim(session(id, name, since))
    }

    fn has(directory: &Directory, name: &str, id: u64) {
        assert_eq!(directory.by_nick(name).map(|it| it.id), Some(SessionId(id)), "{name}");
    }

    #[test]
    fn a_name_that_nobody_has_is_claimed_with_the_time_of_its_registration() {
        let mut scene = scene();
        scene.sees(claim(10, "alice", 3), &["alice registered"]);
        assert_eq!(scene.directory.session(SessionId(10)).map(|it| it.since), Some(Stamp(3)));
        scene.sees(claim(10, "alice", 3), &["refused SessionIdInUse"]);
    }

    #[test]
    fn of_two_with_one_name_the_earlier_keeps_it_wherever_it_was() {
        let mut scene = scene();
        scene.registers(20, "Alice", 1);
        scene.sees(claim(10, "alice", 0), &["Alice gave way as Alice_1", "alice registered"]);
        has(&scene.directory, "alice", 10);
        has(&scene.directory, "alice_1", 20);
        let later = u64::MAX >> 2;
        scene.sees(claim(30, "ALICE", later), &["alice_2 registered", "ALICE gave way as alice_2"]);
        has(&scene.directory, "alice", 10);
        has(&scene.directory, "alice_2", 30);
        assert_eq!(scene.directory.session_count(), 3);
    }

    #[test]
    fn a_name_is_found_however_many_are_taken_and_stays_short() {
        let mut scene = scene();
        let long = "a".repeat(16);
        scene.registers(1, &long, 1);
        for number in 1..100 {
            let taken = format!("{}_{number}", &long[..15 - format!("{number}").len()]);
            scene.registers(1_000 + number, &taken, 1);
        }
        let later = u64::MAX >> 2;
        scene.apply(claim(0xAB, &long, later));
        let loser = scene.directory.session(SessionId(0xAB)).expect("it is in");
        assert_eq!(loser.nick, nick("aaaaaaa_000000ab"));
    }
}
