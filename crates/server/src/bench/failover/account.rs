//! What became of every message of a `failover` run.
//!
//! Promise: a message counts as lost only if its sender was told that it is kept and a surviving
//! receiver never got it; one whose fate the server left open is never a loss, and never silently
//! dropped from the account either.

use crate::bench::engine::Handler;
use crate::bench::failure::Failure;
use crate::bench::latency::Latency;
use crate::bench::message::{RunTag, Stamp};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    Acked,
    Failed(Failure),
}

struct Sent {
    client: usize,
    fate: Fate,
}

pub(super) struct Account {
    run: RunTag,
    servers: usize,
    /// Message number n (from 1) is at n - 1. Numbers grow over all senders together.
    messages: Vec<Sent>,
    /// By client and message: how often it came.
    seen: Vec<Vec<u8>>,
    /// By client and sender: the highest number seen.
    highest: Vec<Vec<u32>>,
    /// By server: when its clients heard that a message is kept.
    acks_ns: Vec<Vec<u64>>,
    /// By server, too: those that fall must not colour the others.
    latency: Vec<Latency>,
    pub(super) heard: u64,
    reordered: Vec<u64>,
    stray: Vec<u64>,
}

/// The counts, over receivers that survived.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    pub(super) sent: u64,
    pub(super) acked: u64,
    pub(super) refused: u64,
    pub(super) unknown: u64,
    /// Sent on a surviving server, and never answered.
    pub(super) unanswered: u64,
    /// Sent on the server that fell, and never answered.
    pub(super) unanswered_by_fallen: u64,
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) reordered: u64,
    pub(super) stray: u64,
    pub(super) refused_but_delivered: u64,
}

impl Outcome {
    pub(super) fn faults(&self) -> u64 {
        self.lost + self.duplicated + self.reordered + self.stray + self.refused_but_delivered
    }
}

impl Account {
    pub(super) fn new(run: RunTag, clients: usize, servers: usize) -> Account {
        Account {
            run,
            servers,
            messages: Vec::new(),
            seen: vec![Vec::new(); clients],
            highest: vec![vec![0; clients]; clients],
            acks_ns: vec![Vec::new(); servers],
            latency: (0..servers).map(|_| Latency::new()).collect(),
            heard: 0,
            reordered: vec![0; clients],
            stray: vec![0; clients],
        }
    }

    /// The stamp of the next message of this client.
    pub(super) fn send(&mut self, client: usize, due_ns: u64) -> Stamp {
        self.messages.push(Sent { client, fate: Fate::Open });
        Stamp {
            run: self.run,
            sender: client,
            sequence: self.messages.len() as u32,
            sent_ns: due_ns,
        }
    }

    fn failed(&mut self, client: usize, label: Option<usize>, failure: Failure) {
        let is_open = |message: &Sent| message.client == client && message.fate == Fate::Open;
        // Without a label the answer does not say which: servers answer in order, so the oldest.
        let number = match label {
            Some(number) => {
                self.messages.get(number.wrapping_sub(1)).is_some_and(is_open).then(|| number - 1)
            }
            None => self.messages.iter().position(is_open),
        };
        if let Some(number) = number {
            self.messages[number].fate = Fate::Failed(failure);
        }
    }

    /// Nothing more can come for clients of servers that stand.
    pub(super) fn is_settled(&self, has_survived: impl Fn(usize) -> bool) -> bool {
        let outcome = self.outcome(has_survived);
        outcome.unanswered == 0 && outcome.lost == 0
    }

    pub(super) fn outcome(&self, has_survived: impl Fn(usize) -> bool) -> Outcome {
        let survivors: Vec<usize> =
            (0..self.seen.len()).filter(|client| has_survived(*client)).collect();
        let mut outcome = Outcome { sent: self.messages.len() as u64, ..Outcome::default() };
        for (number, message) in self.messages.iter().enumerate() {
            let counts =
                survivors.iter().map(|client| self.seen[*client].get(number).copied().unwrap_or(0));
            let missing = counts.clone().filter(|count| *count == 0).count() as u64;
            outcome.duplicated +=
                counts.map(|count| u64::from(count.saturating_sub(1))).sum::<u64>();
            match message.fate {
                Fate::Acked => {
                    outcome.acked += 1;
                    outcome.lost += missing;
                }
                Fate::Failed(Failure::Refused) => {
                    outcome.refused += 1;
                    outcome.refused_but_delivered += u64::from(missing < survivors.len() as u64);
                }
                Fate::Failed(Failure::Unknown) => outcome.unknown += 1,
                Fate::Open if has_survived(message.client) => outcome.unanswered += 1,
                Fate::Open => outcome.unanswered_by_fallen += 1,
            }
        }
        outcome.reordered = survivors.iter().map(|client| self.reordered[*client]).sum();
        outcome.stray = survivors.iter().map(|client| self.stray[*client]).sum();
        outcome
    }

    /// From due to acknowledged, on these servers.
    pub(super) fn latency(&self, servers: &[usize]) -> Latency {
        let mut all = Latency::new();
        servers.iter().for_each(|server| all.add(&self.latency[*server]));
        all
    }

    /// The longest time without an acknowledgement on any of these servers.
    pub(super) fn longest_pause_ns(&self, servers: &[usize], from_ns: u64, until_ns: u64) -> u64 {
        let mut times: Vec<u64> =
            servers.iter().flat_map(|server| &self.acks_ns[*server]).copied().collect();
        times.sort_unstable();
        longest_gap_ns(&times, from_ns, until_ns)
    }
}

/// The longest gap that ends after `from_ns`; `until_ns` ends the last one.
fn longest_gap_ns(times: &[u64], from_ns: u64, until_ns: u64) -> u64 {
    let before = times.iter().copied().rfind(|at| *at <= from_ns).unwrap_or(from_ns);
    let during = times.iter().copied().filter(|at| (from_ns + 1..until_ns).contains(at));
    let mut last = before;
    let gap_to = |at: u64| at - std::mem::replace(&mut last, at);
    during.chain([until_ns]).map(gap_to).max().unwrap_or(0)
}

impl Handler for Account {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        self.heard += 1;
        let Some(stamp) = Stamp::of_line(line) else {
            if let Some(failure) = Failure::of_line(line) {
                self.failed(client, label_of(line), failure);
            }
            return;
        };
        let number = (stamp.sequence as usize).wrapping_sub(1);
        let is_ours = stamp.run == self.run
            && self.messages.get(number).is_some_and(|it| it.client == stamp.sender);
        if !is_ours {
            self.stray[client] += 1;
            return;
        }
        let seen = &mut self.seen[client];
        if seen.len() <= number {
            seen.resize(number + 1, 0);
        }
        seen[number] = seen[number].saturating_add(1);
        if seen[number] > 1 {
            return; // A double, and no order to speak of.
        }
        let highest = &mut self.highest[client][stamp.sender];
        self.reordered[client] += u64::from(stamp.sequence < *highest);
        *highest = stamp.sequence.max(*highest);
        if client == stamp.sender {
            self.messages[number].fate = Fate::Acked;
            let server = client % self.servers;
            self.latency[server].record(now_ns.saturating_sub(stamp.sent_ns));
            self.acks_ns[server].push(now_ns);
        }
    }
}

/// The message number that we gave as a label, if the answer carries it.
fn label_of(line: &[u8]) -> Option<usize> {
    let tags = line.strip_prefix(b"@")?.split(|byte| *byte == b' ').next()?;
    let label = tags.split(|byte| *byte == b';').find_map(|tag| tag.strip_prefix(b"label="))?;
    std::str::from_utf8(label).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
