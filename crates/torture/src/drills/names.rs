//! The network of fifteen nodes with names kept by Fast Bully: it runs down to one live node, each killed in
//! turn, and back up. There is no cut, so no two people ever have one name.
//!
//! After each step two on two nodes want one name at once, and exactly one gets it; whoever has a name on a node
//! that is up keeps it; and the names of the dead are free again after the grace.

use super::crowd::{Crowd, println};
use crate::clients::PATIENCE;
use crate::cluster::{Cluster, irc};
use crate::irc::Client;
use crate::wait::wait_for;
use anyhow::{Context, ensure};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time until a name is granted again after a node was killed or came back: failing links are noticed, the next
/// in rank asks the others, and a node that comes back first fetches the registry.
const GRANTED_MAX: Duration = Duration::from_secs(30);

/// Somebody with a name, connected to a node.
struct Holder {
    nick: String,
    node: usize,
    client: Client,
}

enum Claimed {
    Held(Client),
    InUse,
}

pub(super) fn act(cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    let mut holders: Vec<Holder> = Vec::new();
    let mut freed: Vec<String> = Vec::new();
    let (mut slowest, mut steps) = (Duration::ZERO, 0..);
    let mut step = |cluster: &Cluster, holders: &mut Vec<Holder>, crowd: &mut Crowd| {
        let number: usize = steps.next().expect("there are more numbers");
        let live: Vec<usize> =
            (0..cluster.chat_nodes()).filter(|it| cluster.is_running(*it)).collect();
        let took = race(&live, number, holders).with_context(|| format!("step {number}"))?;
        slowest = slowest.max(took);
        keep_their_names(&live, holders).with_context(|| format!("step {number}"))?;
        crowd.note(format!("step {number}: {} people, a name after {took:?}", holders.len()));
        anyhow::Ok(())
    };
    step(cluster, &mut holders, crowd)?;
    // Rooms and directory in turn; the first node lives on.
    let (rooms, all) = (cluster.chat_nodes(), cluster.len());
    let order: Vec<usize> = (1..rooms)
        .rev()
        .zip((rooms..all).rev().map(Some).chain([None; 16]))
        .flat_map(|(room, directory)| [Some(room), directory].into_iter().flatten())
        .collect();
    ensure!(order.len() == all - 1, "all but one are killed: {order:?}");
    for node in &order {
        cluster.kill9(*node)?;
        crowd.note(format!("{} is killed", cluster.name(*node)));
        let (lost, kept) = holders.into_iter().partition(|it| it.node == *node);
        holders = kept;
        freed.extend(Vec::into_iter(lost).map(|it: Holder| it.nick));
        step(cluster, &mut holders, crowd)?;
    }
    ensure!(!freed.is_empty(), "somebody was on the nodes that were killed");
    for nick in &freed {
        let taken =
            wait_for(&format!("{nick} to be free"), GRANTED_MAX, || match claim(0, nick) {
                Ok(Claimed::Held(client)) => Some(client),
                _ => None,
            })?;
        holders.push(Holder { nick: nick.clone(), node: 0, client: taken });
    }
    crowd.note(format!("alone, with {} names of the dead given away again", freed.len()));
    for node in order.iter().rev() {
        cluster.restart(*node)?;
        crowd.note(format!("{} is back", cluster.name(*node)));
        if *node < rooms {
            granted(*node, &format!("back{node}")).context("who is back takes people in")?;
        }
        step(cluster, &mut holders, crowd)?;
    }
    cluster.wait_ready()?;
    step(cluster, &mut holders, crowd)?;
    println(&format!(
        "down to one of {all} nodes and back up: {} names held at the end, {} of dead nodes given away again, \
         the slowest name after {slowest:?}",
        holders.len(),
        freed.len()
    ));
    for mut it in holders {
        let _ = it.client.send("QUIT :done"); // It ends with its connection anyway.
    }
    Ok(())
}

/// Two want one name on two nodes (or on one that is alone): one gets it, the other hears that it is in use. How long the
/// first answer took.
fn race(live: &[usize], number: usize, holders: &mut Vec<Holder>) -> anyhow::Result<Duration> {
    let nick = format!("person{number}");
    let began = Instant::now();
    let claims = [live[number % live.len()], live[(number + 1) % live.len()]].map(|node| {
        let nick = nick.clone();
        thread::spawn(move || (node, granted_or_in_use(node, &nick)))
    });
    let mut held = 0;
    for it in claims {
        let (node, claimed) = it.join().expect("a claimer does not panic");
        if let Claimed::Held(client) = claimed? {
            held += 1;
            holders.push(Holder { nick: nick.clone(), node, client });
        }
    }
    let took = began.elapsed();
    ensure!(held == 1, "{held} of two got {nick}");
    Ok(took)
}

/// Whoever has a name on a node that is up has it for everybody, and is still connected.
fn keep_their_names(live: &[usize], holders: &mut [Holder]) -> anyhow::Result<()> {
    for (at, it) in holders.iter_mut().enumerate() {
        ensure!(live.contains(&it.node), "{} is on a dead node", it.nick);
        it.client.send("PING :here").with_context(|| it.nick.clone())?;
        let pong = it.client.wait(GRANTED_MAX, |line| line.verb == "PONG" || line.verb == "NICK");
        let pong = pong.with_context(|| format!("{} is connected", it.nick))?;
        ensure!(pong.verb == "PONG", "{} was renamed", it.nick);
        let node = live[at % live.len()];
        let claimed = granted_or_in_use(node, &it.nick)?;
        ensure!(matches!(claimed, Claimed::InUse), "{} was given away twice", it.nick);
    }
    Ok(())
}

fn granted(node: usize, nick: &str) -> anyhow::Result<()> {
    match granted_or_in_use(node, nick)? {
        Claimed::Held(mut client) => client.send("QUIT :thanks").context("it was connected"),
        Claimed::InUse => anyhow::bail!("{nick} is in use"),
    }
}

/// Tries until the node says yes or no.
fn granted_or_in_use(node: usize, nick: &str) -> anyhow::Result<Claimed> {
    wait_for(&format!("an answer about {nick} on node {node}"), GRANTED_MAX, || {
        claim(node, nick).ok()
    })
}

fn claim(node: usize, nick: &str) -> std::io::Result<Claimed> {
    let mut client = Client::connect(irc(node))?;
    client.negotiate("drill")?;
    client.send(&format!("NICK {nick}"))?;
    client.send("CAP END")?;
    let answers = ["001", "433", "ERROR"];
    let answer = client.wait(PATIENCE, |it| answers.contains(&it.verb.as_str()))?;
    match answer.verb.as_str() {
        "001" => Ok(Claimed::Held(client)),
        "433" => Ok(Claimed::InUse),
        _ => Err(std::io::Error::other("not answered")),
    }
}
