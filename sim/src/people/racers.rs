//! Those who all want the same few nicks: they register under one, take another, quit, come again.

use super::Home;
use super::home::parse_nick;
use checker::ClaimOutcome;
use node::door::Refused;
use node::{Answer, Ask};
use rand::Rng;
use rand::rngs::SmallRng;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

const NICKS: &[&str] = &["smith", "jones"];

pub(super) fn begin(home: Home, number: u64) {
    spawn_local(race(home, number));
}

async fn race(home: Home, number: u64) {
    let mut random = home.random("racer", number);
    let mut tries = 0;
    while !home.is_closing() {
        tries += 1;
        let client = format!("racer{number}-{}-{}-{tries}", home.node + 1, home.life);
        attempt(&home, &client, &mut random).await;
        sleep(Duration::from_millis(random.random_range(50..500))).await;
    }
}

/// One session: comes in under a nick that others want or takes it later, and quits.
async fn attempt(home: &Home, client: &str, random: &mut SmallRng) {
    let conn = home.door.connect();
    let mut nick = match random.random_bool(0.5) {
        true => any(random),
        false => client,
    };
    let claim = home.story.claims(home.node, client, nick);
    let answer = home.register(conn, nick, None).await;
    let outcome = outcome(&answer);
    home.story.claimed(claim, outcome);
    if outcome != ClaimOutcome::Held {
        return home.leave(conn, "Lost");
    }
    for _ in 0..random.random_range(0..3) {
        sleep(Duration::from_millis(random.random_range(5..150))).await;
        let next = any(random);
        if next == nick {
            continue;
        }
        let claim = home.story.claims(home.node, client, next);
        let begin_ms = home.story.now_ms();
        let outcome = self::outcome(&home.ask(conn, Ask::Rename(parse_nick(next))).await);
        home.story.claimed(claim, outcome);
        match outcome {
            ClaimOutcome::Held => {
                home.story.released(client, nick, Some(begin_ms));
                nick = next;
            }
            ClaimOutcome::InUse => {}
            ClaimOutcome::Refused | ClaimOutcome::Unknown => {
                // Whether they still have the old one, they cannot tell.
                home.story.released(client, nick, None);
                return home.leave(conn, "Lost");
            }
        }
    }
    sleep(Duration::from_millis(random.random_range(5..150))).await;
    let begin_ms = home.story.now_ms();
    let reason = "Done".into();
    let is_done = matches!(home.ask(conn, Ask::End { reason }).await, Some(Answer::Done));
    home.story.released(client, nick, is_done.then_some(begin_ms));
    home.leave(conn, "Done");
}

fn any(random: &mut SmallRng) -> &'static str {
    NICKS[random.random_range(0..NICKS.len())]
}

fn outcome(answer: &Option<Answer>) -> ClaimOutcome {
    match answer {
        Some(Answer::Registered(_) | Answer::Done) => ClaimOutcome::Held,
        Some(Answer::Refused(why)) => match why.as_slice() {
            [Refused::NickInUse(_)] => ClaimOutcome::InUse,
            _ => ClaimOutcome::Refused,
        },
        _ => ClaimOutcome::Unknown,
    }
}
