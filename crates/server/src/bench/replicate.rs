//! Rooms that shall be replicated in a certain way: made so before the load begins.
//!
//! Promise: a load that is said to be of a strategy is of that strategy. Whoever comes into a room first
//! becomes its operator and asks for it; without the server's word that it is so, there are no figures.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use chat::Replication;

use super::clock::now_ns;
use super::engine::{Engine, Handler};
use super::message::body;
use super::population::{TURN, all_open, join_some};
use super::progress::Progress;

/// Longer than a group of a healthy cluster needs to take a room over.
const SETTLED_MAX: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 15 });

/// A room, and how it shall be replicated.
pub(super) type Wanted = (String, Replication);

/// Joins every client to its rooms, those first who can say how a room shall be replicated.
pub(super) fn join_as(
    engine: &mut Engine,
    rooms_of: impl Fn(usize) -> Vec<String>,
    wanted: &[Wanted],
    parallel: usize,
    progress: &Progress,
) -> Result<()> {
    let clients = engine.connections.len();
    let first = |room: &String| (0..clients).find(|it| rooms_of(*it).contains(room));
    let firsts: Option<Vec<usize>> = wanted.iter().map(|(room, _)| first(room)).collect();
    let firsts = firsts.context("a room without occupants has no operator")?;
    let makers: BTreeSet<usize> = firsts.iter().copied().collect();
    let others: Vec<usize> = (0..clients).filter(|it| !makers.contains(it)).collect();
    let makers: Vec<usize> = makers.into_iter().collect();
    join_some(engine, &makers, &rooms_of, parallel, progress)?;
    settle_on(engine, wanted, &firsts, progress)?;
    join_some(engine, &others, &rooms_of, parallel, progress)?;
    Ok(())
}

/// Each room's first occupant asks, and waits for the answer.
fn settle_on(
    engine: &mut Engine,
    wanted: &[Wanted],
    askers: &[usize],
    progress: &Progress,
) -> Result<()> {
    progress.phase("choosing how rooms are replicated", wanted.len());
    for ((room, replication), asker) in wanted.iter().zip(askers) {
        let (_, out) = engine.client(*asker);
        out.extend_from_slice(format!("MODE {room} {}\r\n", modes(*replication)).as_bytes());
        engine.flush(*asker);
    }
    let is_settled = vec![false; wanted.len()];
    let mut answers = Answers { wanted, is_settled, refusal: None };
    let end_ns = now_ns() + SETTLED_MAX.as_nanos() as u64;
    while answers.is_settled.contains(&false) {
        engine.turn(TURN, &mut answers)?;
        all_open(engine)?;
        if let Some(refusal) = &answers.refusal {
            bail!("the server does not replicate a room as asked (only Starling can): {refusal}");
        }
        let seconds = SETTLED_MAX.as_secs();
        ensure!(
            now_ns() < end_ns,
            "the server did not say within {seconds} s that a room is replicated as asked (only Starling can)"
        );
        progress.at(answers.is_settled.iter().filter(|it| **it).count());
    }
    Ok(())
}

/// As Starling writes and reads it.
fn modes(replication: Replication) -> String {
    match replication {
        Replication::Raft => "-R".to_owned(),
        other => format!("+R {other}"),
    }
}

struct Answers<'a> {
    wanted: &'a [Wanted],
    is_settled: Vec<bool>,
    refusal: Option<String>,
}

/// What a line says of a room that was asked for.
enum Said {
    Settled,
    Refused,
}

impl Handler for Answers<'_> {
    fn line(&mut self, _: usize, line: &[u8], _: u64) {
        let text = String::from_utf8_lossy(body(line));
        for ((room, replication), is_settled) in self.wanted.iter().zip(&mut self.is_settled) {
            match said(&text, room, *replication) {
                Some(Said::Settled) => *is_settled = true,
                Some(Said::Refused) if !*is_settled => {
                    self.refusal = Some(String::from_utf8_lossy(line).into_owned());
                }
                _ => {}
            }
        }
    }
}

fn said(text: &str, room: &str, replication: Replication) -> Option<Said> {
    let words: Vec<&str> =
        text.split_ascii_whitespace().map(|it| it.trim_start_matches(':')).collect();
    let is_its = words.contains(&room);
    match words.first().copied()? {
        "MODE" if is_its && words[2..].join(" ") == modes(replication) => Some(Said::Settled),
        "FAIL" if is_its && text.contains("replicated so already") => Some(Said::Settled),
        "FAIL" if is_its => Some(Said::Refused),
        // Unknown mode, no power, bad parameter, no such room. Not all of them name the room.
        "472" | "501" => Some(Said::Refused),
        "403" | "442" | "461" | "482" | "696" if is_its => Some(Said::Refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_counts_as_settled() {
        let is = |text: &str, replication| match said(text, "#r", replication) {
            Some(Said::Settled) => "settled",
            Some(Said::Refused) => "refused",
            None => "nothing",
        };
        for (text, replication, expected) in [
            ("MODE #r +R gossip", Replication::Gossip, "settled"),
            ("MODE #r +R :gossip", Replication::Gossip, "settled"),
            ("MODE #r +R", Replication::Gossip, "nothing"), // Another server's idea of +R.
            ("MODE #q +R gossip", Replication::Gossip, "nothing"),
            ("MODE #r -R", Replication::Raft, "settled"),
            (
                "FAIL MODE NOT_DONE #r :That was not done: the room is replicated so already",
                Replication::Raft,
                "settled",
            ),
            ("FAIL MODE NOT_DONE #r :That was not done", Replication::Raft, "refused"),
            ("472 nick R :is unknown mode char to me", Replication::Gossip, "refused"),
            ("482 nick #r :You're not channel operator", Replication::Gossip, "refused"),
            ("482 nick #q :You're not channel operator", Replication::Gossip, "nothing"),
        ] {
            assert_eq!(is(text, replication), expected, "{text}");
        }
    }
}
