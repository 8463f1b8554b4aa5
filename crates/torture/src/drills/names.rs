//! The network of fifteen nodes with names kept by Fast Bully: it runs down to one live node, each killed in
//! turn, and back up. There is no cut, so no two people ever have one name.
//!
//! After each step two on two nodes want one name at once, and exactly one gets it; whoever has a name on a node
//! that is up keeps it; and the names of the dead are free again after the grace. All claims are judged as one
//! history, too.

use super::crowd::{Crowd, println};
use crate::clients::{PATIENCE, Round};
use crate::cluster::{Cluster, irc};
use crate::irc::Client;
use crate::run::DRILL_GRACE_S;
use crate::wait::wait_for;
use anyhow::{Context, ensure};
use checker::{Claim, ClaimOutcome, Evidence, Name, Release};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Longest time until a name is granted again after a node was killed or came back: failing links are noticed, the next
/// in rank asks the others, and a node that comes back first fetches the registry.
const GRANTED_MAX: Duration = Duration::from_secs(30);
/// Longest time until a dead node's names are free: the grace, and until it was missed.
const FREED_MAX: Duration = Duration::from_secs(DRILL_GRACE_S + 15);

pub(super) fn act(cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    let mut people = People::new(crowd.round.clone());
    let done = down_and_up(cluster, crowd, &mut people);
    crowd.seen = people.go_home();
    done
}

fn down_and_up(
    cluster: &mut Cluster,
    crowd: &mut Crowd,
    people: &mut People,
) -> anyhow::Result<()> {
    people.step(cluster, crowd)?;
    let order = order(cluster.chat_nodes(), cluster.len());
    let mut freed = Vec::new();
    for node in &order {
        freed.extend(people.lose(*node));
        cluster.kill9(*node)?;
        crowd.note(format!("{} is killed", cluster.name(*node)));
        people.step(cluster, crowd)?;
    }
    ensure!(!freed.is_empty(), "somebody was on the nodes that were killed");
    for nick in &freed {
        wait_for(&format!("{nick} to be free"), FREED_MAX, || {
            people.claims(0, nick).then_some(())
        })?;
    }
    crowd.note(format!("alone, with {} names of the dead given away again", freed.len()));
    for node in order.iter().rev() {
        cluster.restart(*node)?;
        crowd.note(format!("{} is back", cluster.name(*node)));
        if *node < cluster.chat_nodes() {
            let nick = format!("back{node}");
            wait_for("who is back to take people in", GRANTED_MAX, || {
                people.claims(*node, &nick).then_some(())
            })?;
        }
        people.step(cluster, crowd)?;
    }
    cluster.wait_ready()?;
    people.step(cluster, crowd)?;
    println(&format!(
        "down to one of {} nodes and back up: {} names held at the end, {} of dead nodes given away again, the \
         slowest name after {:?}",
        cluster.len(),
        people.holders.len(),
        freed.len(),
        people.slowest
    ));
    Ok(())
}

/// All but the first: those with rooms and those of the directory in turn, each kind from its last.
fn order(with_rooms: usize, all: usize) -> Vec<usize> {
    let mut rooms = (1..with_rooms).rev();
    let mut directory = (with_rooms..all).rev();
    let mut order = Vec::new();
    while order.len() < all - 1 {
        order.extend(rooms.next());
        order.extend(directory.next());
    }
    order
}

/// Somebody with a name, connected to a node.
struct Holder {
    who: Name,
    nick: String,
    node: usize,
    client: Client,
}

struct People {
    round: Arc<Round>,
    holders: Vec<Holder>,
    seen: Evidence,
    steps: usize,
    claims: usize,
    slowest: Duration,
}

impl People {
    fn new(round: Arc<Round>) -> People {
        People {
            round,
            holders: Vec::new(),
            seen: Evidence::default(),
            steps: 0,
            claims: 0,
            slowest: Duration::ZERO,
        }
    }

    /// One name is wanted by two, and nobody else's is to be had.
    fn step(&mut self, cluster: &Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
        let is_live = |it: &usize| cluster.is_running(*it);
        let live: Vec<usize> = (0..cluster.chat_nodes()).filter(is_live).collect();
        let number = self.steps;
        self.steps += 1;
        let took = self.race(&live, number).with_context(|| format!("step {number}"))?;
        self.slowest = self.slowest.max(took);
        self.keep_their_names(&live).with_context(|| format!("step {number}"))?;
        crowd.note(format!("step {number}: {} people, a name after {took:?}", self.holders.len()));
        Ok(())
    }

    /// Two want one name on two nodes, or on the one that is left. How long it took until both had their answers.
    fn race(&mut self, live: &[usize], number: usize) -> anyhow::Result<Duration> {
        let nick = format!("person{number}");
        let began = Instant::now();
        let mut open = vec![live[number % live.len()], live[(number + 1) % live.len()]];
        let mut held = 0;
        while !open.is_empty() {
            let asked = open.iter().map(|node| (*node, self.next_who()));
            let asked: Vec<_> = asked.collect();
            let threads = asked.into_iter().map(|(node, who)| {
                let (round, nick) = (self.round.clone(), nick.clone());
                thread::spawn(move || (node, claim(&round, who, node, &nick)))
            });
            open.clear();
            for it in threads.collect::<Vec<_>>() {
                let (node, (claim, client)) = it.join().expect("a claimer does not panic");
                match self.note(node, claim, client) {
                    ClaimOutcome::Held => held += 1,
                    ClaimOutcome::InUse => {}
                    _ => open.push(node), // Asked again.
                }
            }
            ensure!(began.elapsed() <= GRANTED_MAX, "no answer about {nick} on {open:?}");
        }
        ensure!(held == 1, "{held} of two got {nick}");
        Ok(began.elapsed())
    }

    /// Whoever has a name on a node that is up is still connected, and has it for everybody.
    fn keep_their_names(&mut self, live: &[usize]) -> anyhow::Result<()> {
        for at in 0..self.holders.len() {
            let it = &mut self.holders[at];
            ensure!(live.contains(&it.node), "{} is on a dead node", it.nick);
            it.client.send("PING :here").with_context(|| it.nick.clone())?;
            let is_it = |line: &crate::irc::Line| line.verb == "PONG" || line.verb == "NICK";
            let heard = it.client.wait(GRANTED_MAX, is_it);
            let heard = heard.with_context(|| format!("{} is connected", it.nick))?;
            ensure!(heard.verb == "PONG", "{} was renamed", it.nick);
            let nick = it.nick.clone();
            let node = live[at % live.len()];
            let outcome = wait_for(&format!("an answer about {nick}"), GRANTED_MAX, || {
                let outcome = self.ask(node, &nick);
                (outcome != ClaimOutcome::Unknown).then_some(outcome)
            })?;
            ensure!(outcome == ClaimOutcome::InUse, "{nick} was given away twice");
        }
        Ok(())
    }

    /// Whether somebody who wants it there has got the name.
    fn claims(&mut self, node: usize, nick: &str) -> bool {
        self.ask(node, nick) == ClaimOutcome::Held
    }

    fn ask(&mut self, node: usize, nick: &str) -> ClaimOutcome {
        let who = self.next_who();
        let (claim, client) = claim(&self.round, who, node, nick);
        self.note(node, claim, client)
    }

    fn next_who(&mut self) -> Name {
        self.claims += 1;
        format!("claimer{}", self.claims).into()
    }

    fn note(&mut self, node: usize, claim: Claim, client: Option<Client>) -> ClaimOutcome {
        let outcome = claim.outcome;
        let (who, nick) = (claim.client.clone(), claim.nick.to_string());
        match client {
            Some(client) => self.holders.push(Holder { who, nick, node, client }),
            None if outcome == ClaimOutcome::Unknown => {
                self.let_go(who, claim.nick.clone(), claim.begin_ms);
            }
            None => {}
        }
        self.seen.claims.push(claim);
        outcome
    }

    /// The node is about to be killed: who is on it, and whose names are free some time later.
    fn lose(&mut self, node: usize) -> Vec<String> {
        let now_ms = self.round.now_ms();
        let all = std::mem::take(&mut self.holders);
        let (lost, kept) = all.into_iter().partition::<Vec<_>, _>(|it| it.node == node);
        self.holders = kept;
        for it in &lost {
            self.let_go(it.who.clone(), it.nick.as_str().into(), now_ms);
        }
        lost.into_iter().map(|it| it.nick).collect()
    }

    fn let_go(&mut self, client: Name, nick: Name, begin_ms: u64) {
        self.seen.releases.push(Release { client, nick, begin_ms, end_ms: None });
    }

    fn go_home(mut self) -> Evidence {
        for mut it in std::mem::take(&mut self.holders) {
            let _ = it.client.send("QUIT :done"); // It ends with its connection anyway.
        }
        self.seen
    }
}

/// One claim, and the connection of whoever has got the name.
fn claim(round: &Round, client: Name, node: usize, nick: &str) -> (Claim, Option<Client>) {
    let begin_ms = round.now_ms();
    let (outcome, connection) = match ask(node, nick) {
        Ok((ClaimOutcome::Held, connection)) => (ClaimOutcome::Held, Some(connection)),
        Ok((outcome, _)) => (outcome, None),
        Err(_) => (ClaimOutcome::Unknown, None),
    };
    let claim = Claim { client, nick: nick.into(), begin_ms, end_ms: round.now_ms(), outcome };
    (claim, connection)
}

fn ask(node: usize, nick: &str) -> std::io::Result<(ClaimOutcome, Client)> {
    let mut client = Client::connect(irc(node))?;
    client.negotiate("drill")?;
    client.send(&format!("NICK {nick}"))?;
    client.send("CAP END")?;
    let answers = ["001", "433", "ERROR"];
    let answer = client.wait(PATIENCE, |it| answers.contains(&it.verb.as_str()))?;
    let outcome = match answer.verb.as_str() {
        "001" => ClaimOutcome::Held,
        "433" => ClaimOutcome::InUse,
        _ => ClaimOutcome::Unknown,
    };
    Ok((outcome, client))
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn all_but_the_first_are_killed_once() {
        assert_eq!(order(3, 5), [2, 4, 1, 3]);
        assert_eq!(order(2, 6), [1, 5, 4, 3, 2]);
    }
}
