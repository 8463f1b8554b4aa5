//! Steady sends of many clients in one room, through the deaths of the nodes they are on.
//!
//! A client keeps a few messages under way and a record of what it learned of each. When its node
//! dies it goes to the next one, under a new nick, and on with its next number.

use super::client::{Batches, Client, Line, outcome};
use super::cluster::Cluster;
use super::judge::{Tally, judge};
use super::wait_for;
use checker::{Evidence, Heard, History, Kept, Live, Outcome, Sent};
use irc_proto::time;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Messages of one client under way at a time.
const WINDOW: usize = 4;
/// Between two messages of one client.
const PACE: Duration = Duration::from_millis(30);
/// A node that gives no answer for so long is given up.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// A room without a majority has one after its nodes were started again; that long at most.
const PROGRESS_MAX: Duration = Duration::from_secs(60);

/// Clients at work.
pub(crate) struct Traffic {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<Report>>,
}

struct Shared {
    room: String,
    nodes: Vec<SocketAddr>,
    begun: Instant,
    stops: AtomicBool,
    echoed: AtomicUsize,
}

/// What one client has to say.
#[derive(Default)]
struct Report {
    sent: Vec<Sent>,
    heard: Vec<Live>,
}

impl Traffic {
    /// Starts clients, spread over all nodes.
    pub(crate) fn start(nodes: Vec<SocketAddr>, room: &str, clients: usize) -> Traffic {
        let shared = Arc::new(Shared {
            room: room.to_owned(),
            nodes,
            begun: Instant::now(),
            stops: AtomicBool::new(false),
            echoed: AtomicUsize::new(0),
        });
        let work = |sender| {
            let shared = shared.clone();
            thread::spawn(move || work(&shared, sender))
        };
        Traffic { workers: (0..clients).map(work).collect(), shared: shared.clone() }
    }

    /// Returns when so many more messages have been acknowledged.
    #[track_caller]
    pub(crate) fn more(&self, messages: usize) {
        let goal = self.shared.echoed.load(Ordering::Relaxed) + messages;
        wait_for("messages to be acknowledged", PROGRESS_MAX, || {
            (self.shared.echoed.load(Ordering::Relaxed) >= goal).then_some(())
        });
    }

    /// Ends the sending, waits for the last answers, and judges all against the history of every
    /// node. Panics with the violations if there are any.
    #[track_caller]
    pub(crate) fn finish(mut self, cluster: &Cluster) -> Tally {
        let mut evidence = self.stop();
        evidence.finals = settled_histories(cluster, &self.shared.room);
        let tally = judge(&evidence).unwrap_or_else(|violations| {
            let told = violations.iter().map(|it| format!("\n{}: {}", it.invariant, it.story));
            panic!("{} promises are broken:{}", violations.len(), told.collect::<String>())
        });
        eprintln!("{tally:?}");
        tally
    }

    /// Ends the sending and waits for the last answers; what the nodes remember is still to be added.
    pub(crate) fn stop(&mut self) -> Evidence {
        self.shared.stops.store(true, Ordering::Relaxed);
        let mut evidence = Evidence::default();
        for worker in self.workers.drain(..) {
            let report = worker.join().expect("a client does not panic");
            evidence.sent.extend(report.sent);
            evidence.live.extend(report.heard);
        }
        evidence
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::Relaxed); // A failed test leaves no clients behind.
    }
}

/// The history of every node, once they are equal; if they do not become so, as they are at last.
pub(crate) fn settled_histories(cluster: &Cluster, room: &str) -> Vec<History> {
    let deadline = Instant::now() + Duration::from_secs(15);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let of_node = |index| {
            let nick = format!("reader{index}x{attempt}");
            let items = history(cluster.irc(index), room, &nick);
            History { node: cluster.name(index).into(), place: room.into(), items }
        };
        let all: Vec<History> = (0..cluster.len()).map(of_node).collect();
        let are_equal = all.iter().all(|it| it.items == all[0].items);
        if are_equal || Instant::now() > deadline {
            return all;
        }
    }
}

/// The messages of our clients in the history that a node shows.
#[track_caller]
pub(crate) fn history(node: SocketAddr, room: &str, nick: &str) -> Vec<Kept> {
    let lines = Client::register(node, nick, ANSWER_MAX).and_then(|mut client| {
        client.join(room, ANSWER_MAX)?;
        let lines = client.history(room)?;
        client.send("QUIT")?;
        Ok(lines)
    });
    let lines = lines.unwrap_or_else(|why| panic!("no history from {node}: {why}"));
    lines.iter().filter_map(seen).collect()
}

impl Shared {
    /// The run's time.
    fn now_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

fn work(shared: &Shared, sender: usize) -> Report {
    let mut report = Report::default();
    let mut number = 0;
    let mut session = 0;
    while !shared.stops.load(Ordering::Relaxed) {
        let node = shared.nodes[(sender + session) % shared.nodes.len()];
        let nick = format!("s{sender}x{session}");
        let begun = Client::register(node, &nick, ANSWER_MAX)
            .and_then(|mut client| client.join(&shared.room, ANSWER_MAX).map(|()| client));
        if let Ok(client) = begun {
            let mut session = Session {
                shared,
                client,
                person: format!("s{sender}"),
                node: node.to_string(),
                nick: nick.clone(),
                under_way: HashMap::new(),
                batches: Batches::default(),
                heard: Vec::new(),
                report: &mut report,
            };
            let _ = session.run(&mut number); // Its node died; what was under way stays unknown.
            let heard = std::mem::take(&mut session.heard);
            report.heard.push(Live {
                connection: nick.into(),
                node: node.to_string().into(),
                place: shared.room.as_str().into(),
                is_unbroken: true,
                items: heard,
            });
        } else {
            thread::sleep(PACE); // Not as fast as possible against a node that is down.
        }
        session += 1;
    }
    report
}

struct Session<'a> {
    shared: &'a Shared,
    client: Client,
    person: String,
    node: String,
    /// Names the session: never used twice.
    nick: String,
    /// By label: place in the report and time of sending.
    under_way: HashMap<String, (usize, Instant)>,
    batches: Batches,
    heard: Vec<Heard>,
    report: &'a mut Report,
}

impl Session<'_> {
    fn run(&mut self, number: &mut u64) -> io::Result<()> {
        let mut next = Instant::now();
        loop {
            let stops = self.shared.stops.load(Ordering::Relaxed);
            if stops && self.under_way.is_empty() {
                return self.client.send("QUIT :done");
            }
            let now = Instant::now();
            if self.under_way.values().any(|(_, sent)| now - *sent > ANSWER_MAX) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if !stops && now >= next && self.under_way.len() < WINDOW {
                next = now + PACE;
                self.send(*number)?;
                *number += 1;
            }
            if let Some(line) = self.client.next(next.max(now + PACE / 4))? {
                self.learn(&line);
            }
        }
    }

    fn send(&mut self, number: u64) -> io::Result<()> {
        let (room, nick) = (&self.shared.room, &self.nick);
        let text = format!("m {nick} {number}");
        let now_ms = self.shared.now_ms();
        let (place, node) = (room.as_str().into(), self.node.as_str().into());
        let mut sent = Sent::new(place, nick.as_str().into(), number, node, now_ms);
        sent.person = self.person.as_str().into();
        sent.text = Some(text.as_str().into());
        sent.answer(Outcome::Unknown, now_ms); // Even if sending fails it may have arrived.
        self.report.sent.push(sent);
        let place = self.report.sent.len() - 1;
        self.under_way.insert(number.to_string(), (place, Instant::now()));
        self.client.send(&format!("@label={number} PRIVMSG {room} :{text}"))
    }

    fn learn(&mut self, line: &Line) {
        let label = self.batches.label(line);
        let seen = seen(line);
        let seen_ms = self.shared.now_ms();
        if let Some(record) = seen.clone() {
            self.heard.push(Heard { seen_ms, record });
        }
        let Some((place, _)) = label.and_then(|it| self.under_way.remove(&it)) else {
            return;
        };
        let sent = &mut self.report.sent[place];
        match seen {
            Some(seen) => {
                let name = (sent.sender.clone(), sent.number);
                assert_eq!(seen.message, Some(name), "an answer with a wrong label");
                self.shared.echoed.fetch_add(1, Ordering::Relaxed);
                sent.id = Some(seen.id);
                sent.answer(Outcome::Done, seen_ms);
            }
            None => sent.answer(outcome(line), seen_ms),
        }
    }
}

/// One of our messages, with its id.
fn seen(line: &Line) -> Option<Kept> {
    let mut words = line.param(1).split(' ');
    if !line.is("PRIVMSG") || words.next() != Some("m") {
        return None;
    }
    let message = (words.next()?.into(), words.next()?.parse().ok()?);
    let id = line.tag("msgid").expect("every message has an id");
    Some(Kept {
        id: id.into(),
        at_ms: line.tag("time").map_or(0, |it| time::parse(it).expect("a time")),
        message: Some(message),
        body: format!("{} {}", line.source, line.param(1)).into(),
    })
}
