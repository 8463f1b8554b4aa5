//! END: a session is over, and its nick is free.

use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use crate::{Nick, SessionId};
use std::sync::Arc;

pub(in crate::directory) fn end(
    directory: &mut Directory,
    id: SessionId,
    reason: Arc<str>,
    by: Option<Nick>,
) -> Answer {
    let Some(session) = directory.take(id) else {
        return Err(DirectoryRefusal::UnknownSession);
    };
    Ok(vec![DirectoryEvent::Ended { session, reason, by }])
}

#[cfg(test)]
mod tests {
    use crate::SessionId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add, nick, register};

    #[test]
    fn an_ended_session_frees_its_nick() {
        let mut scene = Scene::default();
        scene.sees(add(1, "a"), &["member 1 added"]);
        scene.registers(10, "alice", 1);
        let kill = || DirectoryCommand::End {
            session: SessionId(10),
            reason: "spam".into(),
            by: Some(nick("oper")),
        };
        scene.sees(kill(), &["alice ended by oper: spam"]);
        scene.sees(kill(), &["refused UnknownSession"]);
        scene.sees(register(20, "alice", 1), &["alice registered"]);
    }
}
