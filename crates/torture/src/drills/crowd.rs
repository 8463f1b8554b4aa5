//! The people of a drill: somebody who talks in each room on each node, and an onlooker on each node.

use super::Drill;
use crate::clients::talker::{Goes, Talker};
use crate::clients::witness::Witness;
use crate::clients::{ANSWER_MAX, BREATH, Round, gather};
use crate::cluster::{Cluster, irc, web};
use crate::irc::Client;
use crate::rooms;
use crate::round::{End, Result, identities, look};
use crate::wait::wait_for;
use anyhow::Context;
use checker::{Evidence, Guarantee, History, Name, Outcome, Sent, Violation};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What may be waited for where nothing is wrong.
const SERVED_MAX: Duration = Duration::from_secs(30);

/// What a drill wants to be true of all that was said, looked at when everybody has gone.
pub(super) type Claim = Box<dyn FnOnce(&Evidence) -> Vec<Violation>>;

pub(super) struct Crowd {
    pub(super) round: Arc<Round>,
    /// On each node that clients can use, in its order.
    pub(super) onlookers: Vec<Witness>,
    /// Operator of all rooms, on the first node until it moves.
    pub(super) operator: Client,
    workers: Vec<JoinHandle<Evidence>>,
    talkers: Vec<Arc<Talker>>,
    guarantees: BTreeMap<Name, Guarantee>,
    deeds: Vec<(u64, String)>,
    claims: Vec<Claim>,
    /// What the drill itself did and saw, to be judged with all else.
    pub(super) seen: Evidence,
}

impl Crowd {
    /// Makes the rooms, each replicated as it says, and waits until everybody has been heard.
    pub(super) fn gather(cluster: &Cluster, drill: &Drill) -> anyhow::Result<Crowd> {
        let rooms = drill.rooms;
        let names: Vec<String> = rooms.iter().map(|it| it.0.to_owned()).collect();
        let mut homes = identities(cluster);
        homes.truncate(cluster.chat_nodes());
        let round = Arc::new(Round::new(0, names, homes));
        let mut operator = Client::register(irc(0), "operator", ANSWER_MAX)?;
        for (room, replication) in rooms {
            operator.join(room, ANSWER_MAX)?;
            round.enter("operator", room);
            if *replication != "raft" {
                rooms::replicate(&mut operator, room, replication)?;
            }
        }
        let nodes = 0..cluster.chat_nodes();
        let goes = match drill.splits_roles {
            true => Goes::WhereTold((cluster.chat_nodes()..cluster.len()).map(web).collect()),
            false => Goes::Nowhere,
        };
        let stay = nodes.clone().filter(|_| !drill.splits_roles); // Where all go, nobody looks on.
        let onlookers = stay.map(|it| onlooker(&round, it));
        let onlookers = onlookers.collect::<std::io::Result<Vec<_>>>().context("onlookers")?;
        let mut crowd = Crowd {
            round,
            onlookers,
            operator,
            workers: Vec::new(),
            talkers: Vec::new(),
            guarantees: BTreeMap::new(),
            deeds: Vec::new(),
            claims: Vec::new(),
            seen: Evidence::default(),
        };
        for (room, replication) in rooms {
            if *replication == "gossip" {
                crowd.is_per_sender(room);
            }
            nodes.clone().for_each(|node| crowd.begin_talking(room, node, goes.clone()));
        }
        crowd.wait_served()?;
        Ok(crowd)
    }

    /// The room promises each sender's order only, live.
    pub(super) fn is_per_sender(&mut self, room: &str) {
        self.guarantees.insert(room.into(), Guarantee::PerSender);
    }

    fn begin_talking(&mut self, room: &str, node: usize, goes: Goes) {
        let person = format!("t{node}{}", self.workers.len());
        let talker = Arc::new(Talker::new(person, room, node, goes));
        self.talkers.push(talker.clone());
        let round = self.round.clone();
        self.workers.push(thread::spawn(move || talker.run(&round)));
    }

    /// Everybody is acknowledged some more times.
    pub(super) fn wait_served(&self) -> anyhow::Result<()> {
        let nodes: Vec<usize> = (0..self.round.nodes()).collect();
        self.wait_served_on(&nodes)
    }

    /// The same of those on these nodes.
    pub(super) fn wait_served_on(&self, nodes: &[usize]) -> anyhow::Result<()> {
        const SOME: usize = 20;
        let count = |it: &Arc<Talker>| it.acknowledged.load(Ordering::SeqCst);
        let here = || self.talkers.iter().filter(|it| nodes.contains(&it.home));
        let wanted: Vec<usize> = here().map(|it| count(it) + SOME).collect();
        wait_for("everybody to be acknowledged", SERVED_MAX, || {
            here().zip(&wanted).all(|(it, wanted)| count(it) >= *wanted).then_some(())
        })
    }

    /// Notes what was done or seen, now. Gives the time of that.
    pub(super) fn note(&mut self, deed: impl Into<String>) -> u64 {
        let now_ms = self.round.now_ms();
        self.deeds.push((now_ms, deed.into()));
        now_ms
    }

    pub(super) fn claim(&mut self, claim: impl FnOnce(&Evidence) -> Vec<Violation> + 'static) {
        self.claims.push(Box::new(claim));
    }

    /// Nobody says more, and what was said is answered.
    pub(super) fn fall_silent(&self) -> anyhow::Result<()> {
        self.round.is_quiet.store(true, Ordering::SeqCst);
        wait_for("the last answers", SERVED_MAX, || {
            (self.round.under_way.load(Ordering::SeqCst) == 0).then_some(())
        })
    }

    /// Lets time pass; who only looks on goes on reading.
    pub(super) fn watch(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.onlookers.iter_mut().try_for_each(Witness::drain).context("an onlooker")?;
            while self.operator.next(Instant::now() + BREATH).context("the operator")?.is_some() {}
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// What every node's onlooker is shown of a room.
    pub(super) fn histories(&mut self, room: &str) -> std::io::Result<Vec<History>> {
        let round = self.round.clone();
        self.onlookers.iter_mut().map(|it| it.history(&round, room)).collect()
    }

    /// Looks at everything, sends everybody home and judges.
    pub(super) fn judge(mut self, cluster: &Cluster) -> anyhow::Result<Result> {
        let silent = self.fall_silent();
        for onlooker in self.onlookers.drain(..) {
            onlooker.leave(&self.round);
        }
        let _ = self.operator.send("QUIT :done"); // It is not needed any more, either way.
        self.round.leave("operator");
        let mut end = End::default();
        let looked = look(&self.round, &mut end);
        self.round.is_over.store(true, Ordering::SeqCst);
        let mut evidence = std::mem::take(&mut self.seen);
        for worker in self.workers.drain(..) {
            gather(&mut evidence, worker.join().expect("a client does not panic"));
        }
        silent?;
        looked?;
        evidence.guarantees = std::mem::take(&mut self.guarantees);
        (evidence.finals, evidence.shown, evidence.attached) =
            (end.finals, end.shown, end.attached);
        evidence.deeds = std::mem::take(&mut self.deeds);
        let mut violations = checker::check(&evidence);
        violations.extend(end.violations);
        violations.extend(self.claims.drain(..).flat_map(|it| it(&evidence)));
        let lives = identities(cluster);
        let summary = format!("{}, {} nodes", evidence.summary(), lives.len());
        Ok(Result { violations, summary, deeds: evidence.deeds })
    }
}

/// One who is in all rooms. A node that begins to follow a group may have to say that it does not know what became
/// of a JOIN: then somebody else comes.
fn onlooker(round: &Round, node: usize) -> std::io::Result<Witness> {
    const ATTEMPTS: usize = 5;
    let come = |attempt| Witness::named(round, node, format!("onlooker{node}x{attempt}"));
    let mut comes = (0..ATTEMPTS).map(come);
    let first = comes.next().expect("there are some attempts");
    first.or_else(|why| comes.find_map(std::result::Result::ok).ok_or(why))
}

/// What was sent in a room through these nodes from one moment to another.
pub(super) fn sent<'a>(
    evidence: &'a Evidence,
    room: &'a str,
    nodes: &'a [Name],
    (from_ms, to_ms): (u64, u64),
) -> impl Iterator<Item = &'a Sent> {
    let is_it = move |it: &&Sent| {
        *it.place == *room && nodes.contains(&it.node) && (from_ms..to_ms).contains(&it.sent_ms)
    };
    evidence.sent.iter().filter(is_it)
}

/// After `at_ms`, somebody on these nodes is acknowledged within the bound for what they said since then.
pub(super) fn served_within(
    what: &'static str,
    (room, nodes): (&'static str, Vec<Name>),
    at_ms: u64,
    bound_ms: u64,
) -> impl FnOnce(&Evidence) -> Vec<Violation> {
    move |evidence| {
        let since = sent(evidence, room, &nodes, (at_ms, u64::MAX));
        let done = since.filter(|it| it.outcome == Outcome::Done);
        let first = done.map(|it| it.answered_ms).min();
        let took = first.map(|it| it.saturating_sub(at_ms));
        println(&format!("{what}: {room} was written again after {took:?} ms (bound {bound_ms})"));
        match took {
            Some(it) if it <= bound_ms => Vec::new(),
            _ => vec![Violation::new("served", format!("{what}: {room} after {took:?} ms"))],
        }
    }
}

pub(super) fn println(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{text}"); // Nobody may be listening.
}
