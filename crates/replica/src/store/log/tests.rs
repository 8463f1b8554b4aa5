//! The log against named troubles.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::store::disk::{RealDisk, SimDisk};

type Synced = Receiver<Result<u64, LogError>>;

fn tiny(inline: bool) -> LogOptions {
    LogOptions {
        segment_bytes: 4096,
        batch_bytes_max: 2048,
        cache_bytes: 256,
        segments_max: 3,
        inline,
    }
}

fn open(disk: Arc<dyn Disk>, options: LogOptions) -> Result<(Log, Recovered, Synced), OpenError> {
    let (tell, synced) = channel();
    let on_synced = Box::new(move |it| {
        let _ = tell.send(it);
    });
    Log::open(disk, options, on_synced).map(|(log, recovered)| (log, recovered, synced))
}

fn entry(group: u32, index: u64, term: u64) -> Append {
    let body = Bytes::from(format!("{group}/{index}/{term} {}", "x".repeat(index as usize % 90)));
    Append::Entry { group: GroupId(group), index, term, kind: 3, body, context: Bytes::new() }
}

fn body(log: &Log, group: u32, index: u64) -> String {
    let mut out = Vec::new();
    log.entries(GroupId(group), index, index + 1, usize::MAX, &mut out).unwrap();
    String::from_utf8(out[0].body.to_vec()).unwrap()
}

/// Submits entry by entry, one batch each.
fn fill(log: &mut Log, group: u32, indices: std::ops::Range<u64>, term: u64) {
    for index in indices {
        log.submit(vec![entry(group, index, term)], index).unwrap();
        while log.pump() {}
    }
}

#[test]
fn a_submitted_entry_is_read_back_before_and_after_the_sync() {
    let (mut log, recovered, synced) = open(Arc::new(SimDisk::new()), tiny(true)).unwrap();
    assert!(recovered.groups.is_empty());
    log.submit(vec![entry(1, 1, 5), entry(1, 2, 5), entry(2, 1, 7)], 10).unwrap();
    assert_eq!(body(&log, 1, 2), "1/2/5 xx");
    assert!(log.pending_bytes() > 0 && synced.try_recv().is_err());
    assert!(log.pump());
    assert_eq!(synced.try_recv().unwrap(), Ok(10));
    assert_eq!(log.pending_bytes(), 0);
    assert_eq!((log.term(GroupId(2), 1).unwrap(), log.last_index(GroupId(1))), (7, 2));
    assert!(matches!(
        log.entries(GroupId(1), 1, 4, 10, &mut vec![]),
        Err(ReadError::Unavailable { index: 3, last: 2 })
    ));
}

#[test]
fn many_submits_share_one_sync_and_report_the_highest_ticket_once() {
    let disk = SimDisk::new();
    let (mut log, _, synced) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    for index in 1..=8 {
        log.submit(vec![entry(1, index, 1)], index).unwrap();
    }
    let before = disk.syncs();
    assert!(log.pump());
    assert_eq!((disk.syncs() - before, synced.try_iter().count()), (1, 1));
    log.submit(vec![], 99).unwrap();
    assert!(log.pump());
    assert_eq!(synced.try_recv().unwrap(), Ok(99));
}

#[test]
fn everything_is_there_after_reopening_a_real_directory() {
    let dir = tempfile::tempdir().unwrap();
    let hard = Append::HardState { group: GroupId(1), term: 4, vote: 2, commit: 9 };
    let meta = Append::Meta { group: GroupId(1), body: Bytes::from_static(b"conf") };
    {
        let (mut log, _, synced) = open(RealDisk::open(&dir).unwrap(), tiny(false)).unwrap();
        for index in 1..=200 {
            log.submit(vec![entry(1, index, 4), entry(7, index, 2)], index).unwrap();
        }
        log.submit(vec![hard, meta], 201).unwrap();
        log.submit(vec![Append::Purge { group: GroupId(1), index: 150, term: 4 }], 202).unwrap();
        while synced.recv_timeout(Duration::from_secs(10)).unwrap() != Ok(202) {}
    }
    let (log, recovered, _) = open(RealDisk::open(&dir).unwrap(), tiny(false)).unwrap();
    let it = &recovered.groups[&GroupId(1)];
    assert_eq!((it.purged, it.first_index, it.last_index), ((150, 4), 151, 200));
    assert_eq!(it.hard_state, Some(HardState { term: 4, vote: 2, commit: 9 }));
    assert_eq!(it.meta.as_deref(), Some(&b"conf"[..]));
    assert_eq!(recovered.torn, None);
    for index in 151..=200 {
        assert!(body(&log, 1, index).starts_with(&format!("1/{index}/4 ")));
    }
    assert!(body(&log, 7, 1).starts_with("7/1/2 "));
}

#[test]
fn a_directory_has_one_log_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let held = open(RealDisk::open(&dir).unwrap(), tiny(true)).unwrap();
    let second = open(RealDisk::open(&dir).unwrap(), tiny(true));
    assert!(matches!(second, Err(OpenError::Locked)));
    drop(held);
    open(RealDisk::open(&dir).unwrap(), tiny(true)).unwrap();
}

#[test]
fn an_overwritten_suffix_stays_overwritten() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..20, 1);
    fill(&mut log, 1, 10..12, 2);
    assert_eq!((log.last_index(GroupId(1)), log.term(GroupId(1), 10).unwrap()), (11, 2));
    let (log, _, _) = open(Arc::new(disk.crash(1)), tiny(true)).unwrap();
    assert_eq!(log.last_index(GroupId(1)), 11);
    assert_eq!((log.term(GroupId(1), 9).unwrap(), log.term(GroupId(1), 10).unwrap()), (1, 2));
    assert!(body(&log, 1, 11).starts_with("1/11/2"));
}

#[test]
fn a_purge_beyond_the_end_or_with_another_term_empties_the_group() {
    for (index, term) in [(50, 9), (5, 9)] {
        let disk = SimDisk::new();
        let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
        fill(&mut log, 1, 1..20, 1);
        log.submit(vec![Append::Purge { group: GroupId(1), index, term }], 20).unwrap();
        assert_eq!((log.first_index(GroupId(1)), log.last_index(GroupId(1))), (index + 1, index));
        log.submit(vec![entry(1, index + 1, 9)], 21).unwrap();
        while log.pump() {}
        let (log, recovered, _) = open(Arc::new(disk.crash(1)), tiny(true)).unwrap();
        assert_eq!(recovered.groups[&GroupId(1)].purged, (index, term));
        assert_eq!(log.last_index(GroupId(1)), index + 1);
        assert_eq!(log.term(GroupId(1), index).unwrap(), 9);
        assert!(matches!(log.term(GroupId(1), index - 1), Err(ReadError::Purged { .. })));
    }
}

#[test]
fn a_dropped_group_does_not_come_back() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..5, 1);
    log.submit(vec![Append::Drop { group: GroupId(1) }], 20).unwrap();
    fill(&mut log, 2, 1..200, 1);
    let (log, recovered, _) = open(Arc::new(disk.crash(1)), tiny(true)).unwrap();
    assert!(!recovered.groups.contains_key(&GroupId(1)));
    assert_eq!(log.last_index(GroupId(2)), 199);
}

#[test]
fn purged_segments_are_recycled_and_what_heads_carry_survives() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    let state = Append::HardState { group: GroupId(9), term: 3, vote: 1, commit: 7 };
    log.submit(vec![state], 0).unwrap();
    for index in 1..2000 {
        fill(&mut log, 1, index..index + 1, 1);
        let purge = Append::Purge { group: GroupId(1), index: index.saturating_sub(20), term: 1 };
        log.submit(vec![purge], index).unwrap();
    }
    while log.pump() {}
    assert!(log.segments() <= 4, "{} segments", log.segments());
    assert!(disk.list().unwrap().len() <= 8);
    drop(log);
    let (log, recovered, _) = open(Arc::new(disk.crash(3)), tiny(true)).unwrap();
    assert_eq!(recovered.groups[&GroupId(9)].hard_state.unwrap().commit, 7);
    assert_eq!(recovered.groups[&GroupId(1)].purged, (1979, 1));
    assert!(body(&log, 1, 1999).starts_with("1/1999/1"));
}

#[test]
fn a_group_that_never_purges_does_not_pin_segments() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 7, 1..9, 1);
    for index in 1..2000 {
        fill(&mut log, 1, index..index + 1, 1);
        let purge = Append::Purge { group: GroupId(1), index: index.saturating_sub(20), term: 1 };
        log.submit(vec![purge], index).unwrap();
    }
    while log.pump() {}
    assert!(log.segments() <= 6, "{} segments", log.segments());
    for index in 1..9 {
        assert!(body(&log, 7, index).starts_with(&format!("7/{index}/1")));
    }
    drop(log);
    let (log, _, _) = open(Arc::new(disk.crash(3)), tiny(true)).unwrap();
    for index in 1..9 {
        assert!(body(&log, 7, index).starts_with(&format!("7/{index}/1")));
    }
}

#[test]
fn a_torn_batch_is_dropped_whole_reported_and_wiped() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..6, 1);
    let many = (6..12).map(|index| entry(1, index, 1)).collect();
    log.submit(many, 6).unwrap();
    log.pump();
    let name = segment::name(1);
    let before = disk.read(&name).unwrap();
    let end = before.iter().rposition(|&it| it != 0).unwrap() as u64;
    drop(log);
    let disk = disk.kill();
    assert!(disk.flip(&name, end, 1));
    let (mut log, recovered, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    assert_eq!((recovered.torn.unwrap().batch, log.last_index(GroupId(1))), (6, 5));
    let at = recovered.torn.unwrap().offset as usize;
    assert!(disk.read(&name).unwrap()[at..].iter().all(|&it| it == 0));
    fill(&mut log, 1, 6..8, 2);
    drop(log);
    let (log, recovered, _) = open(Arc::new(disk.crash(1)), tiny(true)).unwrap();
    assert_eq!((recovered.torn, log.last_index(GroupId(1))), (None, 7));
}

#[test]
fn a_flipped_byte_before_a_valid_batch_is_damage() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..30, 1);
    drop(log);
    let disk = disk.kill();
    let used = disk.read(&segment::name(1)).unwrap().iter().rposition(|&it| it != 0).unwrap();
    for offset in (0..used as u64 / 2).step_by(7) {
        disk.flip(&segment::name(1), offset, 0x10);
        match open(Arc::new(disk.clone()), tiny(true)) {
            Err(OpenError::Damaged { segment: 1, .. }) => {}
            other => panic!("offset {offset}: {:?}", other.map(|it| it.1)),
        }
        disk.flip(&segment::name(1), offset, 0x10);
    }
    open(Arc::new(disk), tiny(true)).unwrap();
}

#[test]
fn a_byte_flipped_while_running_is_an_error_on_read() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..30, 1);
    disk.flip(&segment::name(1), 100, 0x10);
    let mut out = Vec::new();
    let read = log.entries(GroupId(1), 1, 30, usize::MAX, &mut out);
    assert!(matches!(read, Err(ReadError::Damaged { segment: 1, .. })), "{read:?}");
}

#[test]
fn after_a_failed_write_or_sync_nothing_is_accepted() {
    for operations in [0, 1] {
        for errno in [libc::ENOSPC, libc::EIO] {
            let disk = SimDisk::new();
            let (mut log, _, synced) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
            fill(&mut log, 1, 1..3, 1);
            synced.try_iter().for_each(drop);
            disk.fail_after(operations, errno, false);
            log.submit(vec![entry(1, 3, 1)], 3).unwrap();
            log.pump();
            assert!(matches!(synced.try_recv().unwrap(), Err(LogError::Poisoned { .. })));
            let again = log.submit(vec![entry(1, 4, 1)], 4);
            assert!(matches!(again, Err(LogError::Poisoned { .. })));
            assert!(!log.pump());
            let (log, _, _) = open(Arc::new(disk.crash(5)), tiny(true)).unwrap();
            assert!((2..=3).contains(&log.last_index(GroupId(1))));
        }
    }
}

#[test]
fn what_is_too_large_is_refused_without_harm_and_a_gap_poisons() {
    let (mut log, _, _) = open(Arc::new(SimDisk::new()), tiny(true)).unwrap();
    let body = Bytes::from(vec![0; 4096]);
    let large = Append::Entry {
        group: GroupId(1),
        index: 1,
        term: 1,
        kind: 0,
        body,
        context: Bytes::new(),
    };
    assert!(matches!(log.submit(vec![large], 1), Err(LogError::TooLarge { .. })));
    log.submit(vec![entry(1, 1, 1)], 2).unwrap();
    let gap = log.submit(vec![entry(1, 3, 1)], 3);
    assert!(matches!(gap, Err(LogError::OutOfOrder { index: 3, end: 2, .. })));
    assert!(matches!(log.submit(vec![], 4), Err(LogError::Poisoned { .. })));
}

#[test]
fn a_submit_larger_than_a_batch_is_split_and_reported_when_whole() {
    let disk = SimDisk::new();
    let (mut log, _, synced) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    log.submit((1..100).map(|index| entry(1, index, 1)).collect(), 1).unwrap();
    log.submit(vec![entry(2, 1, 1)], 2).unwrap();
    while log.pump() {}
    assert_eq!(synced.try_iter().last(), Some(Ok(2)));
    let (log, _, _) = open(Arc::new(disk.crash(5)), tiny(true)).unwrap();
    assert_eq!((log.last_index(GroupId(1)), log.last_index(GroupId(2))), (99, 1));
}

#[test]
fn a_missing_segment_is_damage() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..200, 1);
    drop(log);
    let disk = disk.kill();
    disk.remove(&segment::name(2)).unwrap();
    let opened = open(Arc::new(disk), tiny(true));
    assert!(matches!(opened, Err(OpenError::Damaged { segment: 2, .. })));
}

#[test]
fn a_full_disk_at_open_is_an_error_and_leaves_nothing_half_done() {
    let disk = SimDisk::new();
    disk.fail_after(1, libc::ENOSPC, true);
    let opened = open(Arc::new(disk.clone()), tiny(true));
    assert!(matches!(&opened, Err(OpenError::Io(it)) if it.kind() == io::ErrorKind::StorageFull));
    drop(opened);
    disk.heal();
    open(Arc::new(disk), tiny(true)).unwrap();
}

#[test]
fn what_recovery_found_in_the_page_cache_is_made_durable_before_it_counts() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..3, 1);
    disk.fail_after(1, libc::EIO, false); // The write of the next batch passes, its sync does not.
    log.submit(vec![entry(1, 3, 1)], 3).unwrap();
    log.pump();
    drop(log);
    let mut disk = disk.kill();
    for seed in 0..20 {
        let (log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
        assert_eq!(log.last_index(GroupId(1)), 3, "lost in power loss {seed}");
        drop(log);
        disk = disk.crash(seed);
    }
}

#[test]
fn a_bad_end_of_a_segment_is_damage_once_the_next_was_begun() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    let mut index = 1;
    while log.segments() < 2 {
        fill(&mut log, 1, index..index + 1, 1);
        index += 1;
    }
    drop(log);
    let disk = disk.kill();
    // The only batch of the second segment is cut off: by itself that would be a torn tail.
    disk.flip(&segment::name(2), 20, 1);
    assert!(open(Arc::new(disk.fork()), tiny(true)).unwrap().1.torn.is_some());
    let last = disk.read(&segment::name(1)).unwrap().iter().rposition(|&it| it != 0).unwrap();
    disk.flip(&segment::name(1), last as u64, 1);
    let opened = open(Arc::new(disk), tiny(true)).map(drop);
    assert!(matches!(opened, Err(OpenError::Damaged { segment: 1, .. })));
}

#[test]
fn a_log_begun_anew_does_not_meet_what_its_spares_held_before() {
    let disk = SimDisk::new();
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    let mut index = 0;
    while !disk.list().unwrap().iter().any(|it| it.starts_with("spare-")) {
        index += 1;
        fill(&mut log, 1, index..index + 1, 1);
        log.submit(vec![Append::Purge { group: GroupId(1), index, term: 1 }], index).unwrap();
        while log.pump() {}
    }
    // The spare was segment 1. The segments are lost; the new log's first is segment 1 too.
    drop(log);
    let disk = disk.kill();
    for name in disk.list().unwrap().iter().filter(|it| it.starts_with("segment-")) {
        disk.remove(name).unwrap();
    }
    let (mut log, _, _) = open(Arc::new(disk.clone()), tiny(true)).unwrap();
    fill(&mut log, 1, 1..2, 2);
    drop(log);
    let (log, _, _) = open(Arc::new(disk.kill()), tiny(true)).unwrap();
    assert_eq!(log.last_index(GroupId(1)), 1);
}
