//! One round: clients at work, faults, all healed, everybody looked at, everything judged.

use crate::clients::talker::{Goes, Talker};
use crate::clients::witness::Witness;
use crate::clients::{Round, gather, racer, reader};
use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::rooms;
use crate::wait::wait_for;
use anyhow::Context;
use checker::{Evidence, History, Name, Shown, Violation};
use rand::Rng;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Acknowledged messages before the first fault: the round is in full swing.
const SOME: usize = 60;
const RACERS: usize = 4;
/// After all faults, somebody on every node must be acknowledged within this.
const SERVED_MAX: Duration = Duration::from_secs(30);
/// And every node must show the same.
const EQUAL_MAX: Duration = Duration::from_secs(20);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) violations: Vec<Violation>,
    pub(crate) summary: String,
    pub(crate) deeds: Vec<(u64, String)>,
}

/// Clients at work; each gives back what it saw.
type Workers = Vec<JoinHandle<Evidence>>;

pub(crate) fn run(
    cluster: &mut Cluster,
    number: u64,
    faults: &[&'static Fault],
    rng: &mut SmallRng,
) -> anyhow::Result<Result> {
    let rooms: Vec<String> =
        rooms::ALL.iter().map(|it| format!("#r{number}{}", it.suffix)).collect();
    let round = Arc::new(Round::new(number, rooms, identities(cluster)));
    rooms::make(&round)?;
    let mut workers = start(&round);
    let done = go_through(cluster, &round, faults, rng, &mut workers);
    // However it went, nobody stays behind.
    round.is_quiet.store(true, Ordering::SeqCst);
    round.is_over.store(true, Ordering::SeqCst);
    let mut evidence = Evidence::default();
    for worker in workers {
        gather(&mut evidence, worker.join().expect("a client does not panic"));
    }
    let end = done?;
    evidence.guarantees = rooms::guarantees(&round.rooms);
    evidence.deeds = end.deeds;
    evidence.finals = end.finals;
    evidence.shown = end.shown;
    evidence.attached = end.attached;
    evidence.lost_disks = end.lost_disks;
    let mut violations = checker::check(&evidence);
    violations.extend(end.violations);
    Ok(Result { violations, summary: evidence.summary(), deeds: evidence.deeds })
}

/// What is known at the end, beside what clients saw.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) deeds: Vec<(u64, String)>,
    pub(crate) finals: Vec<History>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) attached: BTreeMap<Name, Vec<Name>>,
    /// What was on these nodes' disks alone is gone since then.
    pub(crate) lost_disks: Vec<(Name, u64)>,
    pub(crate) violations: Vec<Violation>,
}

fn go_through(
    cluster: &mut Cluster,
    round: &Arc<Round>,
    faults: &[&'static Fault],
    rng: &mut SmallRng,
    workers: &mut Workers,
) -> anyhow::Result<End> {
    let mut end = End::default();
    // Slower disks, more messages that are under way when something happens.
    let sync_ms = [0, 0, 4, 12, 30][rng.random_range(0..5)];
    for node in 0..cluster.len() {
        cluster.disk(node).slow(sync_ms)?;
    }
    end.deeds.push((round.now_ms(), format!("every sync takes {sync_ms} ms longer")));
    let before = cluster.ids();
    let lives = identities(cluster);
    wait_for("messages to be acknowledged", SERVED_MAX, || {
        (round.acknowledged.load(Ordering::SeqCst) >= SOME).then_some(())
    })?;
    race(round, workers);
    for fault in faults {
        let with_disks = identities(cluster);
        let deed = (fault.inflict)(cluster, rng).with_context(|| fault.name)?;
        end.deeds.push((round.now_ms(), format!("{}: {deed}", fault.name)));
        let now = identities(cluster);
        let lost = with_disks.into_iter().filter(|it| !now.contains(it));
        end.lost_disks.extend(lost.map(|it| (it.into(), round.now_ms())));
        round.set_identities(now);
        let hold = fault.hold(rng);
        let together = rng.random_bool(0.5); // Else the next begins when this one is nearly over.
        thread::sleep(if faults.len() > 1 && together { hold / 4 } else { hold });
    }
    cluster.heal()?;
    end.deeds.push((round.now_ms(), "all is healed".to_owned()));
    cluster.wait_ready()?;
    end.deeds.push((round.now_ms(), "all nodes are ready".to_owned()));
    end.violations.extend(strangers(cluster, &before, &lives));

    serve(round, workers)?;
    round.is_quiet.store(true, Ordering::SeqCst);
    wait_for("the last answers", SERVED_MAX, || {
        (round.under_way.load(Ordering::SeqCst) == 0).then_some(())
    })
    .or_else(|_| anyhow::Ok(()))?; // The checker says who was not answered.
    look(round, &mut end)?;
    Ok(end)
}

fn start(round: &Arc<Round>) -> Workers {
    let number = round.number;
    let mut workers = Workers::new();
    for node in 0..round.nodes() {
        for (index, room) in round.rooms.iter().enumerate() {
            let person = format!("r{number}t{node}{index}");
            let talker = Arc::new(Talker::new(person, room, node, Goes::On));
            workers.push(work(round, move |round| talker.run(round)));
        }
    }
    for index in 0..2 {
        let person = format!("r{number}r{index}");
        workers.push(work(round, move |round| reader::run(round, &person, index)));
    }
    workers
}

fn race(round: &Arc<Round>, workers: &mut Workers) {
    let nick = format!("r{}race", round.number);
    for index in 0..RACERS {
        let nick = nick.clone();
        workers.push(work(round, move |round| racer::run(round, index, &nick)));
    }
}

/// Somebody on each node is acknowledged in each room.
fn serve(round: &Arc<Round>, workers: &mut Workers) -> anyhow::Result<()> {
    const ACKNOWLEDGED: usize = 2;
    let mut talkers = Vec::new();
    for node in 0..round.nodes() {
        for (index, room) in round.rooms.iter().enumerate() {
            let person = format!("r{}s{node}{index}", round.number);
            let talker = Arc::new(Talker::new(person, room, node, Goes::Nowhere));
            talkers.push(talker.clone());
            workers.push(work(round, move |round| talker.run(round)));
        }
    }
    wait_for("clients of every node to be acknowledged", SERVED_MAX, || {
        let is_served = |it: &Arc<Talker>| it.acknowledged.load(Ordering::SeqCst) >= ACKNOWLEDGED;
        talkers.iter().all(is_served).then_some(())
    })
}

/// Every node's histories and occupants, once they are as they should be; if they do not become so, as
/// they are at last.
pub(crate) fn look(round: &Round, end: &mut End) -> anyhow::Result<()> {
    let witnesses: std::io::Result<Vec<Witness>> =
        (0..round.nodes()).map(|node| Witness::new(round, node)).collect();
    let mut witnesses = witnesses.context("a client at the end")?;
    let deadline = Instant::now() + EQUAL_MAX;
    for room in &round.rooms {
        loop {
            let all = witnesses.iter_mut().map(|it| it.history(round, room));
            let all: Vec<History> = all.collect::<std::io::Result<_>>().context("history")?;
            let are_equal = all.iter().all(|it| it.items == all[0].items);
            if are_equal || Instant::now() > deadline {
                end.finals.extend(all);
                break;
            }
        }
        loop {
            let all = witnesses.iter_mut().map(|it| it.names(round, room));
            let all: Vec<Shown> = all.collect::<std::io::Result<_>>().context("NAMES")?;
            let expected: Vec<Name> =
                round.occupants(room).iter().map(|it| it.as_str().into()).collect();
            if all.iter().all(|it| it.who == expected) || Instant::now() > deadline {
                end.shown.extend(all);
                end.attached.insert(room.as_str().into(), expected);
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
    witnesses.into_iter().for_each(|it| it.leave(round));
    Ok(())
}

/// Nodes that kept their disk and came back as somebody else: they believed their files damaged, which
/// nothing that we do makes them.
fn strangers(
    cluster: &Cluster,
    before: &BTreeMap<String, String>,
    lives: &[String],
) -> Vec<Violation> {
    let after = cluster.ids();
    let now = identities(cluster);
    let kept_disk = (0..cluster.len()).filter(|it| lives[*it] == now[*it]);
    let names = kept_disk.map(|it| cluster.name(it).to_owned());
    let strange = names.filter(|it| before.get(it) != after.get(it));
    strange
        .map(|it| {
            Violation::new("identity", format!("{it} gave its files up and came back as new"))
        })
        .collect()
}

pub(crate) fn identities(cluster: &Cluster) -> Vec<String> {
    (0..cluster.len()).map(|it| cluster.identity(it)).collect()
}

fn work(
    round: &Arc<Round>,
    job: impl FnOnce(&Round) -> Evidence + Send + 'static,
) -> JoinHandle<Evidence> {
    let round = round.clone();
    thread::spawn(move || job(&round))
}
