//! The network keeps its own promises: one seed is one run, and a disk loses only what was not synced.

use super::{Disk, Id, Input, Net, Node, Now, Out, Watch, find_failure, run_seeds};

/// Counts what it is asked on disk, and tells the others what it has synced.
struct Counter {
    me: Id,
    others: Vec<Id>,
    count: u64,
    unsynced: Vec<(u64, u64)>,
    synced: u64,
    heard: Vec<(Id, u64)>,
}

#[derive(Clone, Default)]
struct Count(u64);

impl Disk for Count {
    type Write = u64;

    fn write(&mut self, write: &u64) {
        assert_eq!(*write, self.0 + 1, "writes survive in order");
        self.0 = *write;
    }
}

impl Node for Counter {
    type Message = u64;
    type Disk = Count;
    type Ask = ();
    type Setup = Vec<Id>;

    fn start(me: Id, _now: Now, _seed: u64, disk: &Count, setup: &Vec<Id>) -> Counter {
        let others = setup.iter().copied().filter(|it| *it != me).collect();
        let count = disk.0;
        Counter { me, others, count, unsynced: Vec::new(), synced: count, heard: Vec::new() }
    }

    fn step(&mut self, _now: Now, input: Input<u64, ()>, disk: &Count, out: &mut Out<Counter>) {
        assert_eq!(self.count, disk.0, "what was written can be read");
        match input {
            Input::Ask(()) => {
                self.count += 1;
                out.writes.push(self.count);
                self.unsynced.push((out.ticket, self.count));
            }
            Input::Synced(ticket) => {
                let done = self.unsynced.iter().filter(|it| it.0 <= ticket);
                self.synced = done.map(|it| it.1).max().unwrap_or(0).max(self.synced);
                self.unsynced.retain(|it| it.0 > ticket);
            }
            Input::Tick => out.sends.extend(self.others.iter().map(|it| (*it, self.synced))),
            Input::Receive(from, count) => self.heard.push((from, count)),
            Input::Link(..) => {}
        }
    }
}

/// Nobody ever has less than it told, and all runs leave a trace.
#[derive(Default)]
struct Memory {
    told: std::collections::BTreeMap<Id, u64>,
    trace: Vec<(Id, u64, usize)>,
    is_wrong_at: Option<u64>,
}

impl Watch<Counter> for Memory {
    fn look(&mut self, id: Id, node: &mut Counter, disk: &Count) -> Result<(), String> {
        assert_eq!(id, node.me);
        for (from, count) in &node.heard {
            let told = self.told.entry(*from).or_default();
            *told = (*told).max(*count);
        }
        self.trace.push((id, disk.0, node.heard.len()));
        if self.told.get(&id).is_some_and(|it| *it > disk.0) {
            return Err(format!("{id} has {} and told {}", disk.0, self.told[&id]));
        }
        if self.is_wrong_at.is_some_and(|it| it <= disk.0) {
            return Err("far enough".to_owned());
        }
        Ok(())
    }

    fn may_wipe(&self, id: Id, _net: &Net<Counter>) -> bool {
        id < 1000
    }

    fn disturb(&mut self, net: &mut Net<Counter>) {
        for id in net.ids() {
            net.ask(id, ());
        }
    }
}

fn run(net: &mut Net<Counter>, watch: &mut Memory) -> Result<(), String> {
    net.setup.clone().into_iter().for_each(|it| net.add(it, Count::default()));
    net.storm(4_000_000, watch)?;
    net.calm(1_000_000, watch)?;
    for id in net.ids() {
        let count = net.written(id).expect("it is there").0;
        assert_eq!(net.synced(id).expect("it is there").0, count, "in the end all is synced");
    }
    Ok(())
}

#[test]
fn nothing_that_was_synced_is_lost() {
    run_seeds(100, |_| vec![1, 2, 3], |net: &mut Net<Counter>| run(net, &mut Memory::default()));
}

#[test]
fn one_seed_is_one_run() {
    for seed in 0..10 {
        let trace = || {
            let mut watch = Memory::default();
            run(&mut Net::new(seed, vec![1, 2, 3], false), &mut watch).expect("it passes");
            watch.trace
        };
        assert_eq!(trace(), trace());
    }
}

#[test]
fn a_failure_is_found_and_names_its_seed() {
    let found = find_failure(
        10,
        |_| vec![1, 2],
        |net: &mut Net<Counter>| {
            let mut watch = Memory { is_wrong_at: Some(2), ..Memory::default() };
            run(net, &mut watch)
        },
    );
    assert_eq!(found.map(|it| it.1), Some("far enough".to_owned()));
}
