//! The rooms of a round: of each way to replicate there is one, and of Raft two.

use crate::clients::{ANSWER_MAX, Round};
use crate::cluster::irc;
use crate::irc::Client;
use anyhow::Context;
use checker::{Guarantee, Name};
use std::collections::BTreeMap;
use std::time::Duration;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The end of its name.
    pub(crate) suffix: &'static str,
    /// By `MODE +R`; none: as new rooms are.
    replication: Option<&'static str>,
    guarantee: Guarantee,
}

/// All there are in a round.
pub(crate) const ALL: &[Kind] = &[
    Kind { suffix: "a", replication: None, guarantee: Guarantee::Total },
    Kind { suffix: "b", replication: None, guarantee: Guarantee::Total },
    Kind { suffix: "p", replication: Some("primary-backup"), guarantee: Guarantee::Total },
    Kind { suffix: "g", replication: Some("gossip"), guarantee: Guarantee::PerSender },
];

/// What they promise; `Total` where nothing is said.
pub(crate) fn guarantees(rooms: &[String]) -> BTreeMap<Name, Guarantee> {
    let kind = |room: &String| ALL.iter().find(|it| room.ends_with(it.suffix));
    let all = rooms.iter().filter_map(|it| Some((it.as_str().into(), kind(it)?.guarantee)));
    all.filter(|(_, it)| *it != Guarantee::Total).collect()
}

/// Makes them, through the first node. Whoever comes first later is their operator.
pub(crate) fn make(round: &Round) -> anyhow::Result<()> {
    let nick = format!("r{}maker", round.number);
    let mut maker = Client::register(irc(0), &nick, ANSWER_MAX).context("a maker of rooms")?;
    for room in &round.rooms {
        maker.join(room, ANSWER_MAX).with_context(|| format!("{room} is not made"))?;
        let kind = ALL.iter().find(|it| room.ends_with(it.suffix));
        if let Some(to) = kind.and_then(|it| it.replication) {
            replicate(&mut maker, room, to)?;
        }
    }
    maker.send("QUIT :made")?;
    Ok(())
}

/// Changes how a room is replicated, as its operator; waits until it is.
pub(crate) fn replicate(operator: &mut Client, room: &str, to: &str) -> anyhow::Result<()> {
    const CHANGED_MAX: Duration = Duration::from_secs(10);
    let modes = if to == "raft" { "-R".to_owned() } else { format!("+R {to}") };
    operator.send(&format!("MODE {room} {modes}"))?;
    let is_answer = |it: &crate::irc::Line| {
        let is_it = it.is("MODE") && it.param(0) == room && modes.starts_with(it.param(1));
        is_it || it.is("FAIL") || (it.is("482") && it.param(1) == room)
    };
    let answer = operator
        .wait(CHANGED_MAX, is_answer)
        .with_context(|| format!("{room} does not become {to}"))?;
    anyhow::ensure!(answer.is("MODE"), "{room} does not become {to}: {answer:?}");
    Ok(())
}
