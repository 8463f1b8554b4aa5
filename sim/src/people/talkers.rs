//! Those who talk all the time.

use super::Home;
use super::home::Line;
use super::rooms::OF_TALKERS;
use rand::Rng;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

/// Messages of one talker without an answer, at most.
const WINDOW: u32 = 16;
/// Between two of their messages, or bursts. There is one for each room: shorter, and a run costs more and
/// finds nothing more.
const PAUSE_MS: std::ops::Range<u64> = 5..80;

pub(super) fn begin(home: Home, number: u64) {
    let role = format!("talker{}", (b'A' + number as u8) as char);
    spawn_local(talk(home, role, number));
}

/// Those of a node that is leaving.
pub(super) fn move_in(home: &Home, from: &Home) {
    let role = format!("from{}-{}-talker", from.node + 1, from.life);
    spawn_local(talk(home.clone(), role, 100));
}

/// Says one numbered message after the other until the run closes, under a new nick whenever the
/// session is lost.
async fn talk(home: Home, role: String, number: u64) {
    let mut random = home.random(&role, number);
    let room = OF_TALKERS[(number as usize) % OF_TALKERS.len()];
    let mut attempts = 0;
    while !home.is_closing() {
        let (conn, nick) = home.enter(&role, None, &[room], &mut attempts).await;
        let in_flight = Rc::new(Cell::new(0));
        let is_lost = Rc::new(Cell::new(false));
        let mut number = 0;
        while !home.is_closing() && !is_lost.get() {
            let burst = if random.random_bool(0.1) { 8 } else { 1 };
            for _ in 0..burst {
                if in_flight.get() < WINDOW {
                    number += 1;
                    let line =
                        Line { place: room, target: room, person: &nick, sender: &nick, number };
                    let said = home.say(conn, &line);
                    let (in_flight, is_lost) = (in_flight.clone(), is_lost.clone());
                    in_flight.set(in_flight.get() + 1);
                    spawn_local(async move {
                        is_lost.set(!said.await || is_lost.get());
                        in_flight.set(in_flight.get() - 1);
                    });
                }
            }
            sleep(Duration::from_millis(random.random_range(PAUSE_MS))).await;
        }
        if is_lost.get() {
            home.leave(conn, "Trying again");
        }
    }
}
