//! Reads the history of all rooms again and again, and moves between nodes meanwhile: what was there
//! once must be there, wherever it is looked for.

use super::Round;
use checker::{Evidence, Name};
use std::io;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// Reads from one node before it moves on.
const READS: usize = 3;
const PACE: Duration = Duration::from_millis(150);

/// Until the round is quiet.
pub(crate) fn run(round: &Round, person: &str, home: usize) -> Evidence {
    let mut evidence = Evidence::default();
    let mut newest: Vec<Option<Name>> = vec![None; round.rooms.len()];
    for life in 0.. {
        if round.is_quiet.load(Ordering::SeqCst) {
            break;
        }
        let nick = format!("{person}x{life}");
        let node = (home + life) % round.nodes();
        let _ = visit(round, person, &nick, node, &mut newest, &mut evidence); // Its node died.
        round.leave(&nick);
        thread::sleep(PACE);
    }
    evidence
}

fn visit(
    round: &Round,
    person: &str,
    nick: &str,
    node: usize,
    newest: &mut [Option<Name>],
    evidence: &mut Evidence,
) -> io::Result<()> {
    let (mut client, node) = round.register(node, nick)?;
    let person: Name = person.into();
    for room in &round.rooms {
        client.join(room, super::PATIENCE)?;
    }
    for _ in 0..READS {
        for (room, newest) in round.rooms.iter().zip(newest.iter_mut()) {
            let read = round.read((&mut client, &node), &person, room, newest.clone())?;
            if let Some(last) = read.items.last() {
                *newest = Some(last.id.clone());
            }
            evidence.reads.push(read);
        }
        let pause = Instant::now() + PACE;
        while let Some(line) = client.next(pause)? {
            let _ = line; // Others note what passes live.
        }
    }
    client.send("QUIT :moving on")
}
