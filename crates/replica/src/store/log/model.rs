//! The log against a model: random operations, failing calls, power losses and flipped bytes.
//!
//! After a crash the log is exactly as it was after some submit at or after the last one reported
//! as synced. After a flip it is as before, or says it is damaged, or reports the last batch torn.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::store::disk::SimDisk;

#[derive(Debug, Clone, Default, PartialEq)]
struct ModelGroup {
    purged: (u64, u64),
    hard_state: Option<HardState>,
    meta: Option<Bytes>,
    entries: Vec<(u64, Bytes, Bytes)>,
}

type Model = BTreeMap<GroupId, ModelGroup>;

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 5000,
        batch_bytes_max: 3000,
        cache_bytes: 500,
        segments_max: 4,
        inline: true,
    }
}

struct World {
    rng: SmallRng,
    disk: SimDisk,
    log: Log,
    now: Model,
    /// The model after each ticket that recovery may still come back to.
    states: BTreeMap<u64, Model>,
    ticket: u64,
    synced: Arc<AtomicU64>,
    term: u64,
}

fn open(disk: &SimDisk, synced: &Arc<AtomicU64>) -> Result<(Log, Recovered), OpenError> {
    let synced = synced.clone();
    let on_synced = move |it: Result<u64, LogError>| {
        if let Ok(ticket) = it {
            assert!(synced.swap(ticket, Ordering::SeqCst) < ticket, "tickets go up");
        }
    };
    Log::open(Arc::new(disk.clone()), options(), Box::new(on_synced))
}

impl World {
    fn bytes(&mut self, max: usize) -> Bytes {
        (0..self.rng.random_range(0..max)).map(|_| self.rng.random::<u8>()).collect()
    }

    /// One random append, already taken in by the model.
    fn append(&mut self) -> Append {
        let group = GroupId(self.rng.random_range(0..4));
        let (body, context) = (self.bytes(120), self.bytes(8));
        let choice = self.rng.random_range(0..100);
        let dice: f64 = self.rng.random();
        self.term += u64::from(dice < 0.05);
        let term = self.term;
        let it = self.now.entry(group).or_default();
        let (first, last) = (it.purged.0 + 1, it.purged.0 + it.entries.len() as u64);
        match choice {
            0..75 => {
                let back = if dice > 0.9 { ((dice - 0.9) * 300.0) as u64 } else { 0 };
                let index = (last + 1).saturating_sub(back).max(first);
                it.entries.truncate((index - first) as usize);
                it.entries.push((term, body.clone(), context.clone()));
                Append::Entry { group, index, term, kind: group.0 as u8, body, context }
            }
            75..85 => {
                let state = HardState { term, vote: choice, commit: last };
                it.hard_state = Some(state);
                Append::HardState { group, term, vote: choice, commit: last }
            }
            85..88 => {
                it.meta = Some(body.clone());
                Append::Meta { group, body }
            }
            88..99 => {
                let ahead = if dice > 0.95 { 5 } else { 0 };
                // Group 0 hardly ever purges, so that copying forward has something to do.
                let part = if group.0 == 0 && dice < 0.9 { 0.0 } else { dice };
                let index = first - 1 + ((last + 1 - first) as f64 * part) as u64 + ahead;
                let known = it.entries.get((index.max(first) - first) as usize).map(|it| it.0);
                let term = match known {
                    Some(known) if dice < 0.93 => known,
                    _ => term + 1,
                };
                if index > it.purged.0 {
                    let matches = known == Some(term);
                    let gone = ((index - it.purged.0) as usize).min(it.entries.len());
                    it.entries.drain(..if matches { gone } else { it.entries.len() });
                    it.purged = (index, term);
                }
                Append::Purge { group, index, term }
            }
            _ => {
                self.now.remove(&group);
                Append::Drop { group }
            }
        }
    }

    fn submit(&mut self) -> Result<(), LogError> {
        let appends = (0..self.rng.random_range(0..8)).map(|_| self.append()).collect();
        self.ticket += 1;
        self.states.insert(self.ticket, self.now.clone());
        self.log.submit(appends, self.ticket)
    }

    fn life(&mut self) {
        for _ in 0..self.rng.random_range(0..400) {
            if self.submit().is_err() {
                return;
            }
            if self.rng.random_bool(0.6) {
                self.log.pump();
            }
            if self.rng.random_bool(0.1) {
                compare(&self.log, &self.now);
            }
        }
    }

    fn reopen(&mut self) {
        let seed = self.rng.random();
        self.disk = match self.rng.random_range(0..10) {
            0 => self.disk.kill(),
            _ => self.disk.crash(seed),
        };
        if self.rng.random_bool(0.3) {
            self.die_while_opening();
        }
        self.log = open(&self.disk, &self.synced).unwrap().0;
        let synced = self.synced.load(Ordering::SeqCst);
        let recovered = contents(&self.log);
        let (&ticket, state) = (self.states.range(synced..))
            .find(|(_, it)| visible(it) == recovered)
            .unwrap_or_else(|| panic!("synced {synced} of {} is not what was found", self.ticket));
        self.now = visible(state);
        self.states.retain(|&it, _| it <= ticket);
        self.states.insert(ticket, self.now.clone());
        self.synced.store(ticket, Ordering::SeqCst);
        self.ticket = ticket;
    }

    /// Recovery itself may be cut off anywhere.
    fn die_while_opening(&mut self) {
        self.disk.fail_after(self.rng.random_range(0..8), libc::EIO, true);
        let _ = open(&self.disk, &self.synced);
        self.disk = self.disk.crash(self.rng.random());
    }
}

/// A group of which only defaults are known is as good as none.
fn visible(model: &Model) -> Model {
    let mut model = model.clone();
    model.retain(|_, it| *it != ModelGroup::default());
    model
}

fn contents(log: &Log) -> Model {
    let mut model = Model::new();
    for group in log.groups() {
        let mut read = Vec::new();
        let (first, last) = (log.first_index(group), log.last_index(group));
        log.entries(group, first, last + 1, usize::MAX, &mut read).unwrap();
        for (it, index) in read.iter().zip(first..) {
            assert_eq!((it.index, it.kind), (index, group.0 as u8));
            assert_eq!(log.term(group, index).unwrap(), it.term);
        }
        let entries: Vec<_> = read.into_iter().map(|it| (it.term, it.body, it.context)).collect();
        assert_eq!(entries.len() as u64, last + 1 - first);
        let (hard_state, meta) = (log.hard_state(group), log.meta(group));
        model.insert(group, ModelGroup { purged: log.purged(group), hard_state, meta, entries });
    }
    visible(&model)
}

fn compare(log: &Log, model: &Model) {
    assert!(contents(log) == visible(model), "what is read differs from what was submitted");
}

fn run(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let (disk, synced) = (SimDisk::new(), Arc::new(AtomicU64::new(0)));
    let log = open(&disk, &synced).unwrap().0;
    let fails = rng.random_bool(0.7);
    let states = BTreeMap::from([(0, Model::new())]);
    let now = Model::new();
    let mut world = World { rng, disk, log, now, states, ticket: 0, synced, term: 1 };
    for _ in 0..5 {
        if fails {
            let operations = world.rng.random_range(0..600);
            let for_ever = world.rng.random_bool(0.8);
            world.disk.fail_after(operations, libc::EIO, for_ever);
        }
        world.life();
        world.reopen();
    }
    flip_everywhere(world);
}

fn flip_everywhere(mut world: World) {
    world.life();
    while world.log.pump() {}
    let before_last = world.ticket;
    // A batch of its own: the only one that may be taken for torn.
    let (group, body) = (GroupId(1), Bytes::from_static(b"the last"));
    world.now.entry(group).or_default().meta = Some(body.clone());
    world.ticket += 1;
    world.log.submit(vec![Append::Meta { group, body }], world.ticket).unwrap();
    while world.log.pump() {}
    assert_eq!(world.synced.load(Ordering::SeqCst), world.ticket);
    compare(&world.log, &world.now);
    let names: Vec<String> = world.disk.list().unwrap();
    for _ in 0..40 {
        let name = &names[world.rng.random_range(0..names.len())];
        let len = world.disk.read(name).map_or(0, |it| it.len() as u64);
        let disk = world.disk.fork();
        let offset = world.rng.random_range(0..len.max(1));
        disk.flip(name, offset, 1 << world.rng.random_range(0..8));
        match open(&disk, &Arc::default()) {
            Err(OpenError::Damaged { .. }) => {}
            Err(other) => panic!("{other} after a flip in {name} at {offset}"),
            Ok((log, recovered)) => {
                let found = contents(&log);
                let is_last_lost =
                    recovered.torn.is_some() && found == visible(&world.states[&before_last]);
                assert!(
                    is_last_lost || found == visible(&world.now),
                    "silently other contents after a flip in {name} at {offset}"
                );
            }
        }
    }
}

#[test]
fn equals_the_model_through_crashes_and_flips() {
    let variable = |name, otherwise| {
        std::env::var(name).ok().map_or(otherwise, |it: String| it.parse::<u64>().unwrap())
    };
    let first = variable("STARLING_SEED", 1);
    let count = variable("STARLING_SEEDS", if first == 1 { 100 } else { 1 });
    for seed in first..first + count {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("reproduce with STARLING_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
