//! The shared log on a damaged disk: opening answers, and never with an entry that was not written.
//!
//! The input is a story: what is submitted, whether the power fails, and which bytes rot, are cut off
//! or written anew; or, first, files that nobody of ours wrote. Without damage all that was synced is
//! there.
#![no_main]

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use replica::GroupId;
use replica::store::log::{Append, LogOptions, OpenError};
use replica::store::{Disk, Log, SimDisk};
use std::collections::BTreeMap;
use std::sync::Arc;

const OPTIONS: LogOptions = LogOptions {
    segment_bytes: 1024,
    batch_bytes_max: 512,
    cache_bytes: 128,
    segments_max: 3,
    inline: true,
};
const STEPS_MAX: usize = 60;
/// The segments read, twice over for the simulated disk's two copies, and the index.
const OPEN_BYTES_MAX: usize = 8 << 20;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let disk = SimDisk::new();
    if input.ratio(1, 4)? {
        foreign_files(input, &disk)?;
        let _ = open(&disk).map(|mut log| check(&mut log));
        return Ok(());
    }
    let mut log = open(&disk).expect("an empty disk");
    let lasts = write(input, &mut log)?;
    drop(log);
    let disk = if input.arbitrary()? { disk.crash(input.arbitrary()?) } else { disk.kill() };
    if !damage(input, &disk)? {
        let mut log = open(&disk).expect("nothing was damaged");
        for (group, last) in lasts {
            assert_eq!(log.last_index(GroupId(group)), last);
        }
        assert!(check(&mut log), "nothing was damaged");
        return Ok(());
    }
    if let Ok(mut log) = open(&disk) {
        check(&mut log);
        let next = log.last_index(GroupId(1)) + 1;
        if log.submit(vec![entry(1, next, 9, 0)], u64::MAX).is_ok() {
            while log.pump() {}
        }
        drop(log);
        // What was opened once can be opened again.
        let mut log = open(&disk.kill()).expect("opened and closed just now");
        assert_eq!(log.last_index(GroupId(1)), next);
        check(&mut log);
    }
    Ok(())
}

fn open(disk: &SimDisk) -> std::result::Result<Log, OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (opened, peak) = peak_bytes_of(|| Log::open(disk, OPTIONS, Box::new(|_| {})));
    assert!(peak <= OPEN_BYTES_MAX, "{peak} bytes to open");
    opened.map(|it| it.0)
}

/// Submits and syncs; the last index of each group that is left.
fn write(input: &mut Unstructured<'_>, log: &mut Log) -> Result<BTreeMap<u32, u64>> {
    for ticket in 1..=STEPS_MAX as u64 {
        if input.is_empty() {
            break;
        }
        let group = input.int_in_range(1..=2)?;
        let (first, last) = (log.first_index(GroupId(group)), log.last_index(GroupId(group)));
        let small: u64 = input.int_in_range(0..=7)?;
        let append = match input.int_in_range(0..=9)? {
            0 => Append::HardState { group: GroupId(group), term: small, vote: 1, commit: last },
            1 => Append::Meta { group: GroupId(group), body: Bytes::from(vec![7; small as usize]) },
            2 => {
                Append::Purge { group: GroupId(group), index: last.saturating_sub(small), term: 1 }
            }
            3 => Append::Purge { group: GroupId(group), index: last + small, term: small },
            4 if small == 0 => Append::Drop { group: GroupId(group) },
            5 => entry(group, (last + 1).saturating_sub(small).max(first), small, small),
            _ => entry(group, last + 1, small, input.int_in_range(0..=200)?),
        };
        log.submit(vec![append], ticket).expect("in order, and the disk is well");
        while log.pump() {}
    }
    Ok(log.groups().map(|it| (it.0, log.last_index(it))).collect())
}

/// An entry that says itself where it belongs.
fn entry(group: u32, index: u64, term: u64, filling: u64) -> Append {
    let mut body = format!("{group}/{index}/{term} ").into_bytes();
    body.resize(body.len() + filling as usize, b'x');
    Append::Entry {
        group: GroupId(group),
        index,
        term,
        kind: 3,
        body: body.into(),
        context: Bytes::new(),
    }
}

/// Whether every entry could be read; each that could is one that was written.
fn check(log: &mut Log) -> bool {
    let groups: Vec<GroupId> = log.groups().collect();
    let mut is_whole = true;
    for group in groups {
        for index in log.first_index(group)..=log.last_index(group) {
            let mut out = Vec::new();
            if log.entries(group, index, index + 1, usize::MAX, &mut out).is_err() {
                is_whole = false;
                continue;
            }
            let [it] = &out[..] else { panic!("one entry was asked for, not {}", out.len()) };
            let says = format!("{}/{index}/{} ", group.0, it.term);
            assert!(it.index == index && it.body.starts_with(says.as_bytes()), "not {says}");
        }
    }
    is_whole
}

/// Whether any byte was changed.
fn damage(input: &mut Unstructured<'_>, disk: &SimDisk) -> Result<bool> {
    let names: Vec<String> =
        disk.list().unwrap().into_iter().filter(|it| it.starts_with("segment-")).collect();
    let mut is_damaged = false;
    let count = input.int_in_range(0..=3)?;
    for _ in 0..count {
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
                let zeros = input.int_in_range(0..=(len - at))?;
                file.write_at(at, &vec![0; zeros as usize]).unwrap();
            }
            // Without its newest file a log is a shorter one that nothing gives away.
            3 if Some(name) != names.last() => disk.remove(name).unwrap(),
            _ => {
                disk.flip(name, at, input.int_in_range(1..=255)?);
            }
        }
        is_damaged = true;
        if !disk.list().unwrap().contains(name) {
            break;
        }
    }
    Ok(is_damaged)
}

fn foreign_files(input: &mut Unstructured<'_>, disk: &SimDisk) -> Result<()> {
    let count = input.int_in_range(1..=3)?;
    for number in 0..count {
        let bytes = input.arbitrary::<&[u8]>()?;
        let name = match input.int_in_range(0..=5)? {
            0 => "spare-1".to_owned(),
            1 => format!("segment-{:x}", u64::from(input.arbitrary::<u16>()?) << 48),
            _ => format!("segment-{:016x}", 1 + number),
        };
        if let Ok(file) = disk.create(&name) {
            file.write_at(0, bytes).unwrap();
        }
    }
    Ok(())
}
