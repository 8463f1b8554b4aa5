//! Those who write to each other directly: the one of each node to those of its neighbours.
//!
//! A conversation belongs to two accounts, whatever nicks and nodes they have: whoever is logged in as
//! one of them may read it, on every node. So each node has one for each account, to read at the end.

use super::Home;
use super::home::Line;
use chat::Place;
use rand::Rng;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

/// Those who were there at the start; who joins later has nobody to write to.
pub(crate) const COUNT: usize = 3;

fn account(number: usize) -> String {
    format!("pal{}", number % COUNT)
}

/// The conversation between one and the next, as the evidence names it.
pub(crate) fn conversation(number: usize) -> String {
    let identity = |number| format!("a:{}", account(number));
    crate::story::place(&Place::direct(&identity(number), &identity(number + 1)))
}

/// Under which nick somebody reads on this node as one of them.
pub(crate) fn auditor(node: usize, number: usize) -> String {
    format!("auditor {node} {}", number % COUNT)
}

pub(super) fn begin(home: Home, _: u64) {
    if home.node < COUNT {
        spawn_local(write(home));
    }
}

async fn write(home: Home) {
    let (me, role) = (home.node, account(home.node));
    let mut random = home.random(&role, 0);
    let mut attempts = 0;
    while !home.is_closing() {
        let (conn, nick) = home.enter(&role, Some(&role), &[], &mut attempts).await;
        home.story.is_known_as(&role, &nick);
        let mut number = 0;
        while !home.is_closing() && home.door.is_attached(conn) {
            let is_next = random.random_bool(0.5);
            let (other, pair) =
                if is_next { (me + 1, me) } else { (me + COUNT - 1, me + COUNT - 1) };
            if let Some(target) = home.story.nick_of(&account(other)) {
                number += 1;
                let place = conversation(pair);
                let line =
                    Line { place: &place, target: &target, person: &role, sender: &nick, number };
                if !home.say(conn, &line).await {
                    break;
                }
            }
            sleep(Duration::from_millis(random.random_range(30..250))).await;
        }
        if !home.is_closing() {
            home.leave(conn, "Trying again");
        }
    }
}

/// Lets those come in who read at the end.
pub(super) fn audit(home: Home, _: u64) {
    for number in 0..COUNT {
        spawn_local(stand_by(home.clone(), number));
    }
}

async fn stand_by(home: Home, number: usize) {
    let mut attempts = 0;
    let known_as = auditor(home.node, number);
    loop {
        let role = format!("auditor{number}");
        let (conn, nick) = home.enter(&role, Some(&account(number)), &[], &mut attempts).await;
        home.door.set_auditor(number, conn);
        home.story.is_known_as(&known_as, &nick);
        while home.door.is_attached(conn) {
            sleep(Duration::from_millis(300)).await;
        }
    }
}
