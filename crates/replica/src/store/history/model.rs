//! The history against a model: random operations, crashes and flipped bytes.
//!
//! After a crash it holds exactly what some finished checkpoint (or the one that was cut off)
//! covered; after a flip it equals the model or says what is damaged.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::store::disk::{Disk, SimDisk};

type Rooms = BTreeMap<(u32, Vec<u8>), Vec<(u64, u64, Vec<u8>)>>;

fn options() -> HistoryOptions {
    HistoryOptions { segment_bytes: 6000, live_percent_min: 60, collect_bytes_max: 3000 }
}

struct World {
    rng: SmallRng,
    disk: SimDisk,
    history: History,
    now: Rooms,
    index: u64,
    sort: u64,
}

impl World {
    fn append(&mut self) -> Result<(), HistoryError> {
        let (group, room) = (self.rng.random_range(0..2), self.rng.random_range(0..5u8));
        let key = (group, vec![b'#', b'a' + room]);
        self.index += u64::from(self.rng.random_bool(0.7));
        self.sort += self.rng.random_range(1..4);
        let sort = self.sort;
        let body: Vec<u8> = (0..self.rng.random_range(0..120)).map(|_| self.rng.random()).collect();
        let record = Record { index: self.index, sort, body: &body };
        self.history.append(GroupId(group), &key.1, record)?;
        self.now.entry(key).or_default().push((self.index, sort, body));
        Ok(())
    }

    fn shrink(&mut self) -> Result<(), HistoryError> {
        let Some(key) = self.now.keys().nth(self.rng.random_range(0..10)).cloned() else {
            return Ok(());
        };
        let group = GroupId(key.0);
        match self.rng.random_range(0..20) {
            0 => {
                self.history.drop_group(group)?;
                self.now.retain(|it, _| it.0 != key.0);
            }
            1..6 => {
                self.history.drop_room(group, &key.1)?;
                self.now.remove(&key);
            }
            _ => {
                let records = self.now.get_mut(&key).unwrap();
                if records.is_empty() {
                    return Ok(());
                }
                let at = self.rng.random_range(0..records.len());
                let sort = records[at].1 + self.rng.random_range(0..2);
                records.retain(|it| it.1 >= sort);
                self.history.forget_before(group, &key.1, sort)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), HistoryError> {
        compare(&self.history, &self.now)?;
        let Some((key, records)) = self.now.iter().nth(self.rng.random_range(0..10)) else {
            return Ok(());
        };
        let (group, room) = (GroupId(key.0), key.1.as_slice());
        let sort = self.rng.random_range(0..self.index * 3 + 5);
        let n = self.rng.random_range(0..80);
        let sorts = |found: Vec<Stored>| found.iter().map(|it| it.sort).collect::<Vec<_>>();
        let before: Vec<u64> = records.iter().map(|it| it.1).filter(|&it| it < sort).collect();
        let after =
            records.iter().map(|it| it.1).filter(|&it| it > sort).take(n).collect::<Vec<_>>();
        assert_eq!(
            sorts(self.history.before(group, room, sort, n)?),
            before[before.len().saturating_sub(n)..]
        );
        assert_eq!(sorts(self.history.after(group, room, sort, n)?), after);
        let (low, high) = (self.rng.random_range(0..=self.index), self.index);
        let piece = self.history.catch_up(group, low, high, None, usize::MAX)?;
        let lacking = self.now.iter().filter(|(it, _)| it.0 == key.0).flat_map(|it| it.1);
        assert_eq!(piece.records.len(), lacking.filter(|it| it.0 > low && it.0 <= high).count());
        Ok(())
    }
}

/// Both ways: everything the model has, and nothing else.
fn compare(history: &History, model: &Rooms) -> Result<(), HistoryError> {
    for (key, records) in model {
        let found = history.range(GroupId(key.0), &key.1, 0..u64::MAX)?;
        let found: Vec<_> = found.iter().map(|it| (it.index, it.sort, it.body.to_vec())).collect();
        let brief = |all: &[(u64, u64, Vec<u8>)]| all.iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(brief(&found), brief(records), "sorts of room {key:?}");
        assert!(found == *records, "bodies of room {key:?}");
        assert_eq!(history.count(GroupId(key.0), &key.1), records.len() as u64);
    }
    for group in history.groups() {
        for (room, info) in history.rooms(group) {
            let known = model.get(&(group.0, room.to_vec())).map_or(0, Vec::len) as u64;
            assert_eq!(info.next_ordinal - info.first_ordinal, known);
        }
    }
    Ok(())
}

fn decode(blob: Option<Vec<u8>>) -> u64 {
    blob.map_or(0, |it| u64::from_le_bytes(it.try_into().unwrap()))
}

fn run(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let disk = SimDisk::new();
    let (history, _) = History::open(Arc::new(disk.clone()), options()).unwrap();
    let mut checkpoints: BTreeMap<u64, (u64, Rooms)> = BTreeMap::from([(0, (0, Rooms::new()))]);
    let (mut finished, mut number) = (0, 0);
    let fails = rng.random_bool(0.5);
    let mut world = World { rng, disk, history, now: Rooms::new(), index: 1, sort: 0 };
    for _life in 0..6 {
        if fails {
            let operations = world.rng.random_range(0..200);
            world.disk.fail_after(operations, libc::EIO, true);
        }
        for _ in 0..world.rng.random_range(0..600) {
            let done = match world.rng.random_range(0..100) {
                0..84 => world.append(),
                84..87 => world.shrink(),
                87..90 => world.compare(),
                _ => {
                    number += 1;
                    checkpoints.insert(number, (world.index, world.now.clone()));
                    let done = world.history.begin_checkpoint(&number.to_le_bytes());
                    let done = done.and_then(|job| {
                        let more = world.rng.random_range(0..20);
                        (0..more).try_for_each(|_| world.append())?;
                        if world.rng.random_bool(0.05) {
                            return Err(HistoryError::Busy); // The crash comes before the job ran.
                        }
                        let done = job.run();
                        world.history.finish_checkpoint(done)
                    });
                    finished = if done.is_ok() { number } else { finished };
                    done
                }
            };
            if done.is_err() {
                break;
            }
        }
        let crash_seed = world.rng.random();
        world.disk = if world.rng.random_bool(0.8) {
            world.disk.crash(crash_seed)
        } else {
            world.disk.kill()
        };
        // The dead process's handle fails for ever; its lock died with it.
        let (history, blob) = History::open(Arc::new(world.disk.clone()), options()).unwrap();
        let found = decode(blob);
        assert!(found >= finished, "checkpoint {finished} was finished, {found} was found");
        world.history = history;
        (world.index, world.now) = checkpoints[&found].clone();
        finished = found;
        compare(&world.history, &world.now).unwrap();
    }
    flip_everywhere(world);
}

/// Whatever byte is damaged: an error, or nothing wrong to be seen.
fn flip_everywhere(mut world: World) {
    world.history.checkpoint(&1u64.to_le_bytes()).unwrap();
    for name in world.disk.list().unwrap() {
        let len = world.disk.read(&name).unwrap().len() as u64;
        for _ in 0..8.min(len) {
            let offset = world.rng.random_range(0..len);
            let disk = world.disk.fork();
            disk.flip(&name, offset, 1 << world.rng.random_range(0..8));
            match History::open(Arc::new(disk), options()) {
                Err(HistoryOpenError::Damaged { .. }) => {}
                Err(other) => panic!("{other} after a flip in {name} at {offset}"),
                Ok((history, _)) => match compare(&history, &world.now) {
                    Ok(()) | Err(HistoryError::Damaged { .. }) => {}
                    Err(other) => panic!("{other} after a flip in {name} at {offset}"),
                },
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
