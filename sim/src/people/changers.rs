//! Server operators who cannot make up their minds how a room should be replicated, while people talk in it, and
//! those who can.

use super::Home;
use super::home::in_room;
use super::rooms::{OF_GOSSIP, THAT_CHANGES, THAT_GOSSIPS_AT_TIMES};
use chat::Replication;
use chat::directory::Change;
use node::Ask;
use node::door::RoomAsk;
use rand::Rng;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

pub(super) fn begin(home: Home, number: u64) {
    let orders = &[Replication::Raft, Replication::PrimaryBackup];
    spawn_local(change(home, number, THAT_CHANGES, orders));
}

/// One who wants gossip, and one who wants that, too.
pub(super) fn begin_gossip(home: Home, number: u64) {
    spawn_local(change(home.clone(), number + 100, OF_GOSSIP, &[Replication::Gossip]));
    spawn_local(change(home, number + 200, THAT_GOSSIPS_AT_TIMES, &Replication::ALL));
}

async fn change(home: Home, number: u64, room: &'static str, of: &[Replication]) {
    let mut random = home.random("changer", number);
    let (mut attempts, role) = (0, format!("changer{}", &room[1..]));
    while !home.is_closing() {
        let (conn, _) = home.enter(&role, None, &[room], &mut attempts).await;
        home.ask(conn, Ask::Alter(Change::Operator(Some("sim".into())))).await;
        while !home.is_closing() && home.door.is_attached(conn) {
            sleep(Duration::from_millis(random.random_range(200..3_000))).await;
            let to = of[random.random_range(0..of.len())];
            // It may be so already: that is refused.
            home.ask(conn, in_room(room, RoomAsk::Replicate(to))).await;
        }
        if !home.is_closing() {
            home.leave(conn, "Undecided");
        }
    }
}
