//! Server operators who cannot make up their minds how a room should be replicated, while people talk in it.

use super::Home;
use super::home::in_room;
use super::rooms::THAT_CHANGES as ROOM;
use chat::Replication;
use chat::directory::Change;
use node::Ask;
use node::door::RoomAsk;
use rand::Rng;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

pub(super) fn begin(home: Home, number: u64) {
    spawn_local(change(home, number));
}

async fn change(home: Home, number: u64) {
    let mut random = home.random("changer", number);
    let mut attempts = 0;
    while !home.is_closing() {
        let (conn, _) = home.enter("changer", None, &[ROOM], &mut attempts).await;
        home.ask(conn, Ask::Alter(Change::Operator(Some("sim".into())))).await;
        while !home.is_closing() && home.door.is_attached(conn) {
            sleep(Duration::from_millis(random.random_range(200..3_000))).await;
            let to = match random.random_bool(0.5) {
                true => Replication::Raft,
                false => Replication::PrimaryBackup,
            };
            // It may be so already: that is refused.
            home.ask(conn, in_room(ROOM, RoomAsk::Replicate(to))).await;
        }
        if !home.is_closing() {
            home.leave(conn, "Undecided");
        }
    }
}
