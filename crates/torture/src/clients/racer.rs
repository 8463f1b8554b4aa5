//! Several at once want one nick; who gets it gives it back soon.

use super::{PATIENCE, Round};
use crate::cluster::irc;
use crate::irc::Client;
use checker::{Claim, ClaimOutcome, Evidence, Name, Release};
use std::io;
use std::thread;
use std::time::Duration;

/// So often each of them tries.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(120);

/// A few claims in a row, each on another node.
pub(crate) fn run(round: &Round, number: usize, nick: &str) -> Evidence {
    let mut evidence = Evidence::default();
    for turn in 0..TRIES {
        if round.is_quiet() {
            break;
        }
        let client: Name = format!("racer{number}.{turn}").into();
        let node = (number + turn) % round.nodes();
        // One who could not even connect has claimed nothing.
        let Ok(mut connection) = Client::connect(irc(node)) else {
            thread::sleep(PAUSE);
            continue;
        };
        if connection.negotiate("racer").and_then(|()| connection.send("CAP END")).is_err() {
            continue;
        }
        let begin_ms = round.now_ms();
        let outcome = claim(&mut connection, nick).unwrap_or(ClaimOutcome::Unknown);
        let nick: Name = nick.into();
        let end_ms = round.now_ms();
        let mine = |begin_ms| Release {
            client: client.clone(),
            nick: nick.clone(),
            begin_ms,
            end_ms: None,
        };
        match outcome {
            // Its node may die at any time from now on, or it quits: nobody says when it is free.
            ClaimOutcome::Held | ClaimOutcome::Unknown => evidence.releases.push(mine(begin_ms)),
            ClaimOutcome::InUse | ClaimOutcome::Refused => {}
        }
        evidence.claims.push(Claim {
            client: client.clone(),
            nick: nick.clone(),
            begin_ms,
            end_ms,
            outcome,
        });
        thread::sleep(PAUSE);
        let _ = connection.send("QUIT :yours now"); // Or its node is dead.
    }
    evidence
}

fn claim(connection: &mut Client, nick: &str) -> io::Result<ClaimOutcome> {
    connection.send(&format!("NICK {nick}"))?;
    let answer =
        connection.wait(PATIENCE, |it| ["001", "433", "ERROR"].contains(&it.verb.as_str()))?;
    Ok(match answer.verb.as_str() {
        "001" => ClaimOutcome::Held,
        "433" => ClaimOutcome::InUse,
        _ => ClaimOutcome::Unknown,
    })
}
