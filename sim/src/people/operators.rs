//! Those who rule a room of their own against each other: modes, topics, kicks; and come in again.

use super::Home;
use super::home::in_room;
use super::rooms::OF_OPERATORS as ROOM;
use node::Ask;
use node::door::RoomAsk;
use rand::Rng;
use rand::rngs::SmallRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

pub(super) fn begin(home: Home, number: u64) {
    spawn_local(rule(home, number));
}

async fn rule(home: Home, number: u64) {
    let mut random = home.random("ruler", number);
    let mut attempts = 0;
    while !home.is_closing() {
        let (conn, nick) = home.enter("ruler", None, &[ROOM], &mut attempts).await;
        home.story.is_known_as(&format!("ruler {}", home.node), &nick);
        while !home.is_closing() && home.door.is_attached(conn) {
            if !home.door.is_inside(conn, ROOM) && !home.join(conn, ROOM).await {
                break;
            }
            let verb = deed(&home, &mut random);
            // Refusals are as good: they must be the same everywhere.
            home.ask(conn, verb).await;
            sleep(Duration::from_millis(random.random_range(50..400))).await;
        }
        if !home.is_closing() {
            home.leave(conn, "Resigned");
        }
    }
}

fn deed(home: &Home, random: &mut SmallRng) -> Ask {
    let other = format!("ruler {}", random.random_range(0..3));
    let other: Arc<str> = home.story.nick_of(&other).unwrap_or_default().into();
    let is_set = random.random_bool(0.5);
    let verb = match random.random_range(0..10) {
        0..3 => RoomAsk::Topic { text: format!("topic {}", random.random::<u16>()).into() },
        3 => RoomAsk::Kick { nick: other, reason: "Out".into() },
        4 => RoomAsk::Part { reason: "".into() },
        5..8 => RoomAsk::Modes(vec![(random.random_bool(0.7), 'o', Some(other))]),
        8 => RoomAsk::Modes(vec![(is_set, 'm', None), (!is_set, 't', None)]),
        _ => RoomAsk::Modes(vec![(is_set, 'v', Some(other))]),
    };
    in_room(ROOM, verb)
}
