//! The history on a damaged disk: opening and reading answer, and never with a message that was not
//! written.
//!
//! The input is a story: what is appended, forgotten and checkpointed, and which bytes rot; or files
//! that nobody of ours wrote. Without damage it is what the last finished checkpoint covered.
#![no_main]

use arbitrary::{Result, Unstructured};
use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use replica::GroupId;
use replica::store::history::{HistoryOpenError, HistoryOptions, Record, Stored};
use replica::store::{Disk, History, SimDisk};
use std::collections::BTreeMap;
use std::sync::Arc;

const OPTIONS: HistoryOptions =
    HistoryOptions { segment_bytes: 2000, live_percent_min: 60, collect_bytes_max: 1000 };
const STEPS_MAX: usize = 100;
const OPEN_BYTES_MAX: usize = 8 << 20;
const ROOMS: [&[u8]; 2] = [b"#a", b"#b"];

/// The `sort`s that each room of each group holds.
type Sorts = BTreeMap<(u32, usize), Vec<u64>>;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let disk = SimDisk::new();
    if input.ratio(1, 4)? {
        foreign_files(input, &disk)?;
        let _ = open(&disk).map(|history| check(&history));
        return Ok(());
    }
    let mut history = open(&disk).expect("an empty disk");
    let kept = write(input, &mut history)?;
    drop(history);
    let disk = if input.arbitrary()? { disk.crash(input.arbitrary()?) } else { disk.kill() };
    let is_damaged = damage(input, &disk)?;
    match open(&disk) {
        Ok(history) if !is_damaged => {
            let found = check(&history).expect("nothing was damaged");
            assert_eq!(found, kept);
        }
        Ok(history) => {
            check(&history);
        }
        Err(why) => assert!(is_damaged, "{why}"),
    }
    Ok(())
}

fn open(disk: &SimDisk) -> std::result::Result<History, HistoryOpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (opened, peak) = peak_bytes_of(|| History::open(disk, OPTIONS));
    assert!(peak <= OPEN_BYTES_MAX, "{peak} bytes to open");
    opened.map(|it| it.0)
}

/// Appends and shrinks; what the last checkpoint covers.
fn write(input: &mut Unstructured<'_>, history: &mut History) -> Result<Sorts> {
    let (mut now, mut kept) = (Sorts::new(), Sorts::new());
    for step in 1..=STEPS_MAX as u64 {
        if input.is_empty() {
            break;
        }
        let group: u32 = input.int_in_range(1..=2)?;
        let place: usize = input.int_in_range(0..=1)?;
        let (id, room) = (GroupId(group), ROOMS[place]);
        match input.int_in_range(0..=15)? {
            0 => {
                history.checkpoint(b"blob").expect("the disk is well");
                kept = now.clone();
            }
            1 => {
                history.drop_room(id, room).expect("the disk is well");
                now.remove(&(group, place));
            }
            2 => {
                history.drop_group(id).expect("the disk is well");
                now.retain(|it, _| it.0 != group);
            }
            3 => {
                let sort = step.saturating_sub(input.int_in_range(0..=9)?);
                history.forget_before(id, room, sort).expect("the disk is well");
                now.entry((group, place)).or_default().retain(|it| *it >= sort);
            }
            _ => {
                let times = input.int_in_range(1..=12)?;
                let filling = input.int_in_range(0..=250)?;
                for _ in 0..times {
                    let sort =
                        now.get(&(group, place)).and_then(|it| it.last()).map_or(0, |it| *it);
                    let sort = sort.max(step * 100) + 1;
                    let body = body(group, place, sort, filling);
                    let record = Record { index: step, sort, body: &body };
                    if history.append(id, room, record).expect("the disk is well").is_some() {
                        now.entry((group, place)).or_default().push(sort);
                    }
                }
            }
        }
    }
    kept.retain(|_, it| !it.is_empty());
    Ok(kept)
}

/// A message that says itself where it belongs.
fn body(group: u32, place: usize, sort: u64, filling: usize) -> Vec<u8> {
    let mut body = format!("{group}/{place}/{sort} ").into_bytes();
    body.resize(body.len() + filling, b'x');
    body
}

/// What can be read, all of it written once; `None`: something is damaged.
fn check(history: &History) -> Option<Sorts> {
    let mut found = Sorts::new();
    let mut is_whole = true;
    let groups: Vec<GroupId> = history.groups().collect();
    for group in groups {
        for (place, room) in ROOMS.iter().enumerate() {
            let _ = history.latest(group, room, 7);
            let _ = history.before(group, room, 500, 7);
            let _ = history.after(group, room, 500, 7);
            let Ok(stored) = history.range(group, room, 0..u64::MAX) else {
                is_whole = false;
                continue;
            };
            stored.iter().for_each(|it| is_ours(it, group.0, place));
            if !stored.is_empty() {
                found.insert((group.0, place), stored.iter().map(|it| it.sort).collect());
            }
        }
        let _ = history.catch_up(group, 0, u64::MAX, None, 1000);
    }
    is_whole.then_some(found)
}

fn is_ours(it: &Stored, group: u32, place: usize) {
    assert!(it.body.starts_with(&body(group, place, it.sort, 0)), "{:?}", it.body);
}

/// Whether any byte was changed.
fn damage(input: &mut Unstructured<'_>, disk: &SimDisk) -> Result<bool> {
    let mut is_damaged = false;
    let count = input.int_in_range(0..=3)?;
    for _ in 0..count {
        let names: Vec<String> =
            disk.list().unwrap().into_iter().filter(|it| it != "LOCK").collect();
        if names.is_empty() {
            break;
        }
        let name = input.choose(&names)?;
        let file = disk.open(name).unwrap();
        let len = file.len().unwrap();
        let at = input.int_in_range(0..=len.saturating_sub(1))?;
        match input.int_in_range(0..=4)? {
            0 => file.set_len(at).unwrap(),
            1 => {
                let bytes = input.arbitrary::<&[u8]>()?;
                file.write_at(at, &bytes[..bytes.len().min((len - at) as usize)]).unwrap();
            }
            2 => {
                let other = disk.read(input.choose(&names)?).unwrap();
                file.set_len(0).unwrap();
                file.write_at(0, &other).unwrap();
            }
            3 => disk.remove(name).unwrap(),
            _ => {
                disk.flip(name, at, input.int_in_range(1..=255)?);
            }
        }
        is_damaged = true;
    }
    Ok(is_damaged)
}

fn foreign_files(input: &mut Unstructured<'_>, disk: &SimDisk) -> Result<()> {
    for name in ["MANIFEST", "chunks-00000001", "chunks-00000002"] {
        let bytes = input.arbitrary::<&[u8]>()?;
        disk.create(name).unwrap().write_at(0, bytes).unwrap();
    }
    Ok(())
}
