//! Those who read histories while it all happens: on from what they have seen, and the newest again.

use super::Home;
use super::rooms::OF_TALKERS;
use rand::Rng;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

const PAGE: usize = 30;
const NEWEST: usize = 10;

pub(super) fn begin(home: Home, number: u64) {
    spawn_local(read(home, number));
}

async fn read(home: Home, number: u64) {
    let mut random = home.random("bookworm", number);
    let (mut attempts, mut seen) = (0, None);
    let room = OF_TALKERS[random.random_range(0..OF_TALKERS.len())];
    while !home.is_closing() {
        let (conn, _) = home.enter("bookworm", None, &[room], &mut attempts).await;
        // Who reads stays the same person under every nick: the node must not go back.
        let reader = format!("bookworm {} of life {}", home.node + 1, home.life);
        while !home.is_closing() && home.door.is_attached(conn) {
            let is_newest = random.random_bool(0.3);
            let (after, limit) = if is_newest { (None, NEWEST) } else { (seen, PAGE) };
            if let Some(page) = home.read(conn, &reader, room, after, limit).await
                && let Some(last) = page.last()
            {
                seen = seen.max(Some(*last));
            }
            sleep(Duration::from_millis(random.random_range(50..400))).await;
        }
        if !home.is_closing() {
            home.leave(conn, "Trying again");
        }
    }
}
