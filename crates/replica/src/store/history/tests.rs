//! The history against named situations.

use super::*;
use crate::store::disk::{Disk, RealDisk, SimDisk};

const G: GroupId = GroupId(3);

fn tiny() -> HistoryOptions {
    HistoryOptions { segment_bytes: 8192, live_percent_min: 50, collect_bytes_max: 2048 }
}

fn open(disk: Arc<dyn Disk>) -> (History, Option<Vec<u8>>) {
    History::open(disk, tiny()).unwrap()
}

fn add(history: &mut History, room: &str, indices: std::ops::RangeInclusive<u64>) {
    for index in indices {
        let body = format!("{room} {index} {}", "y".repeat(index as usize % 60));
        let record = Record { index, sort: index * 10, body: body.as_bytes() };
        history.append(G, room.as_bytes(), record).unwrap();
    }
}

fn indices(records: &[Stored]) -> Vec<u64> {
    records.iter().map(|it| it.index).collect()
}

fn to(end: u64) -> Vec<u64> {
    (1..=end).collect()
}

fn all(history: &History, room: &str) -> Vec<u64> {
    let found = history.range(G, room.as_bytes(), 0..u64::MAX).unwrap();
    for it in &found {
        assert!(it.body.starts_with(format!("{room} {} ", it.index).as_bytes()));
    }
    indices(&found)
}

#[test]
fn pages_are_found_by_place_in_time_in_chunks_and_tail() {
    let (mut history, _) = open(Arc::new(SimDisk::new()));
    add(&mut history, "#a", 1..=100);
    let room = b"#a".as_slice();
    assert_eq!(indices(&history.latest(G, room, 3).unwrap()), [98, 99, 100]);
    assert_eq!(indices(&history.latest(G, room, 1000).unwrap()), to(100));
    for sort in 0..1010 {
        let before = history.before(G, room, sort, 40).unwrap();
        let end = sort.saturating_sub(1) / 10;
        assert_eq!(
            indices(&before),
            (end.saturating_sub(40) + 1..=end.min(100)).collect::<Vec<_>>()
        );
        let after = history.after(G, room, sort, 40).unwrap();
        let start = sort / 10 + 1;
        assert_eq!(indices(&after), (start..=(start + 39).min(100)).collect::<Vec<_>>());
    }
    assert_eq!(history.count(G, room), 100);
    assert_eq!(history.latest(G, b"#none", 5).unwrap(), []);
    assert_eq!(history.rooms(G).map(|(key, _)| key.to_vec()).collect::<Vec<_>>(), [b"#a"]);
}

#[test]
fn what_a_checkpoint_covers_survives_and_the_rest_is_replayed() {
    let disk = SimDisk::new();
    let (mut history, blob) = open(Arc::new(disk.clone()));
    assert_eq!(blob, None);
    add(&mut history, "#a", 1..=70);
    history.checkpoint(b"applied 70").unwrap();
    add(&mut history, "#a", 71..=140);
    let (mut history, blob) = open(Arc::new(disk.crash(7)));
    assert_eq!(blob.as_deref(), Some(&b"applied 70"[..]));
    assert_eq!(all(&history, "#a"), to(70));
    add(&mut history, "#a", 60..=140);
    assert_eq!(all(&history, "#a"), to(140));
}

#[test]
fn a_real_directory_is_read_back_and_locked() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (mut history, _) = open(RealDisk::open(&dir).unwrap());
        let second = History::open(RealDisk::open(&dir).unwrap(), tiny());
        assert!(matches!(second, Err(HistoryOpenError::Locked)));
        for round in 0..50 {
            add(&mut history, "#a", round * 10 + 1..=round * 10 + 10);
            history.checkpoint(b"").unwrap();
        }
    }
    let (history, _) = open(RealDisk::open(&dir).unwrap());
    assert_eq!(all(&history, "#a"), to(500));
}

#[test]
fn short_chunks_are_merged_and_their_room_is_got_back() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    for round in 0..600 {
        add(&mut history, "#a", round + 1..=round + 1);
        history.checkpoint(b"").unwrap();
        if round % 70 == 69 {
            drop(history);
            history = open(Arc::new(disk.kill())).0;
        }
    }
    let room = &history.groups[&G][&b"#a"[..]];
    assert!(room.chunks.len() <= 600 / 32 + 32, "{} chunks", room.chunks.len());
    let bytes: u64 = history.files.segments.values().map(|it| it.len).sum();
    let live: u64 = history.files.segments.values().map(|it| it.live).sum();
    assert!(bytes < live * 2 + 3 * 8192, "{bytes} bytes for {live} in use");
    assert_eq!(all(&history, "#a"), to(600));
    let (history, _) = open(Arc::new(disk.crash(1)));
    assert_eq!(all(&history, "#a"), to(600));
}

#[test]
fn idle_tails_leave_memory_and_come_back_when_added_to() {
    let (mut history, _) = open(Arc::new(SimDisk::new()));
    add(&mut history, "#a", 1..=10);
    history.checkpoint(b"").unwrap();
    history.checkpoint(b"").unwrap();
    assert!(history.groups[&G][&b"#a"[..]].tail.is_none());
    assert_eq!(all(&history, "#a"), to(10));
    add(&mut history, "#a", 11..=40);
    assert_eq!(history.groups[&G][&b"#a"[..]].chunks.len(), 1);
    assert_eq!(all(&history, "#a"), to(40));
}

#[test]
fn dropped_rooms_and_groups_stay_gone_even_when_they_start_again() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    add(&mut history, "#a", 1..=100);
    add(&mut history, "#b", 1..=100);
    history.checkpoint(b"").unwrap();
    history.drop_room(G, b"#a").unwrap();
    add(&mut history, "#a", 101..=103);
    history.checkpoint(b"").unwrap();
    let (mut history, _) = open(Arc::new(disk.crash(1)));
    assert_eq!((all(&history, "#a"), all(&history, "#b")), (vec![101, 102, 103], to(100)));
    history.drop_group(G).unwrap();
    history.checkpoint(b"").unwrap();
    let (history, _) = open(Arc::new(disk.crash(1)));
    assert_eq!(history.groups().count(), 0);
}

#[test]
fn forgotten_messages_stay_forgotten_at_any_boundary() {
    for keep_from in [1, 5, 33, 40, 64, 65, 97, 100, 101] {
        let disk = SimDisk::new();
        let (mut history, _) = open(Arc::new(disk.clone()));
        add(&mut history, "#a", 1..=100);
        history.checkpoint(b"").unwrap();
        assert_eq!(history.forget_before(G, b"#a", keep_from * 10).unwrap(), keep_from - 1);
        assert_eq!(all(&history, "#a"), (keep_from..=100).collect::<Vec<_>>());
        history.checkpoint(b"").unwrap();
        let (mut history, _) = open(Arc::new(disk.crash(1)));
        assert_eq!(all(&history, "#a"), (keep_from..=100).collect::<Vec<_>>());
        assert_eq!(history.info(G, b"#a").unwrap().first_ordinal, keep_from - 1);
        add(&mut history, "#a", 101..=140);
        assert_eq!(all(&history, "#a"), (keep_from..=140).collect::<Vec<_>>());
    }
}

#[test]
fn a_lagging_replica_gets_exactly_what_it_lacks() {
    let (mut history, _) = open(Arc::new(SimDisk::new()));
    for index in 1..=300u64 {
        add(&mut history, ["#a", "#b", "#c"][index as usize % 3], index..=index);
    }
    for (after, upto) in [(0, 300), (120, 200), (299, 300), (300, 300), (0, 1)] {
        let (mut got, mut cursor) = (Vec::new(), None);
        loop {
            let piece = history.catch_up(G, after, upto, cursor.as_ref(), 500).unwrap();
            got.extend(piece.records.iter().map(|(room, it)| (room.to_vec(), it.index)));
            cursor = piece.next;
            if cursor.is_none() {
                break;
            }
        }
        assert!(got.is_sorted());
        let mut found: Vec<u64> = got.iter().map(|it| it.1).collect();
        found.sort_unstable();
        assert_eq!(found, (after + 1..=upto).collect::<Vec<_>>());
    }
}

#[test]
fn one_entry_may_bring_several_messages_and_is_replayed_once() {
    let (mut history, _) = open(Arc::new(SimDisk::new()));
    let record = |sort| Record { index: 5, sort, body: b"x" };
    assert_eq!(history.append(G, b"#a", record(1)).unwrap(), Some(0));
    assert_eq!(history.append(G, b"#a", record(2)).unwrap(), Some(1));
    assert_eq!(history.append(G, b"#a", record(1)).unwrap(), None);
    assert_eq!(history.append(G, b"#a", record(2)).unwrap(), None);
}

#[test]
fn the_index_of_a_long_history_stays_short() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    const RECORDS: u64 = 40_000;
    for first in (1..=RECORDS).step_by(100) {
        add(&mut history, "#a", first..=first + 99);
        history.checkpoint(b"").unwrap();
        if first % 9_100 == 1 {
            drop(history);
            history = open(Arc::new(disk.kill())).0;
        }
    }
    let entries = history.groups[&G][&b"#a"[..]].chunks.len() as u64;
    assert!(entries < RECORDS / 100, "{entries} entries"); // With short chunks it would be one in 32.
    assert_eq!(all(&history, "#a"), to(RECORDS));
}

#[test]
fn packed_chunks_are_found_moved_and_forgotten_like_others() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    const RECORDS: u64 = 2000; // 62 chunks, of which a block is packed.
    for first in (1..=RECORDS).step_by(20) {
        add(&mut history, "#a", first..=first + 19);
        add(&mut history, "#b", first * 2..=first * 2 + 39); // Two thirds of each file.
    }
    let places = |history: &History| {
        let chunks = &history.groups[&G][&b"#a"[..]].chunks;
        chunks.iter().map(|it| (it.segment, it.offset)).collect::<Vec<_>>()
    };
    let before = places(&history);
    history.drop_room(G, b"#b").unwrap();
    for _ in 0..200 {
        history.checkpoint(b"").unwrap();
    }
    let moved = before.iter().zip(places(&history)).filter(|&(&old, new)| old != new).count();
    assert!(moved > 32, "{moved} of {} chunks were moved", before.len());
    assert_eq!(all(&history, "#a"), to(RECORDS));
    for keep_from in (1..=RECORDS).step_by(173) {
        history.forget_before(G, b"#a", keep_from * 10).unwrap();
        let kept: Vec<u64> = (keep_from..=RECORDS).collect();
        assert_eq!(all(&history, "#a"), kept);
        let page = history.before(G, b"#a", (keep_from + 90) * 10, 40).unwrap();
        assert_eq!(indices(&page), kept[50.min(kept.len() - 40)..][..40]);
        history.checkpoint(b"").unwrap();
        history = open(Arc::new(disk.kill())).0;
        assert_eq!(all(&history, "#a"), kept);
    }
}

#[test]
fn a_flipped_byte_in_a_chunk_is_an_error_on_read_that_names_it() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    add(&mut history, "#a", 1..=32);
    history.checkpoint(b"").unwrap();
    disk.flip(&files::name(1), 500, 1);
    let read = history.latest(G, b"#a", 5);
    assert!(matches!(read, Err(HistoryError::Damaged { segment: 1, offset: 0 })));
    assert!(history.damage().is_some(), "whoever owns it can see that it is");
}

#[test]
fn a_failed_checkpoint_poisons_and_loses_nothing_of_the_one_before() {
    for operations in 0..6 {
        let disk = SimDisk::new();
        let (mut history, _) = open(Arc::new(disk.clone()));
        add(&mut history, "#a", 1..=40);
        history.checkpoint(b"one").unwrap();
        add(&mut history, "#a", 41..=80);
        disk.fail_after(operations, libc::ENOSPC, true);
        assert!(matches!(history.checkpoint(b"two"), Err(HistoryError::Io(_))));
        assert!(matches!(history.checkpoint(b"two"), Err(HistoryError::Poisoned)));
        let (history, blob) = open(Arc::new(disk.crash(operations)));
        let end = if blob.as_deref() == Some(b"one") { 40 } else { 80 };
        assert_eq!(all(&history, "#a"), to(end));
    }
}

#[test]
fn appends_go_on_while_a_checkpoint_syncs() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    add(&mut history, "#a", 1..=40);
    let job = history.begin_checkpoint(b"40").unwrap();
    assert!(matches!(history.begin_checkpoint(b"40"), Err(HistoryError::Busy)));
    add(&mut history, "#a", 41..=90);
    let done = std::thread::spawn(move || job.run()).join().unwrap();
    history.finish_checkpoint(done).unwrap();
    let (history, _) = open(Arc::new(disk.crash(1)));
    assert_eq!(all(&history, "#a"), to(40));
}

#[test]
fn a_manifest_found_after_a_kill_survives_the_power_loss_that_follows() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    add(&mut history, "#a", 1..=40);
    history.checkpoint(b"one").unwrap();
    add(&mut history, "#a", 41..=80);
    // Files synced, manifest written, synced and renamed; the sync of the directory fails.
    for operations in 0..8 {
        let disk = disk.fork();
        let (mut history, _) = open(Arc::new(disk.clone()));
        add(&mut history, "#a", 41..=80);
        disk.fail_after(operations, libc::EIO, true);
        let _ = history.checkpoint(b"two");
        let mut disk = disk.kill();
        let (_, found) = open(Arc::new(disk.clone()));
        for seed in 0..10 {
            disk = disk.crash(seed);
            assert_eq!(open(Arc::new(disk.clone())).1, found, "{operations} calls, seed {seed}");
        }
    }
}

#[test]
fn a_file_cut_short_or_missing_is_damage() {
    let disk = SimDisk::new();
    let (mut history, _) = open(Arc::new(disk.clone()));
    add(&mut history, "#a", 1..=40);
    history.checkpoint(b"").unwrap();
    let (cut, missing) = (disk.fork(), disk.fork());
    cut.open(&files::name(1)).unwrap().set_len(1000).unwrap();
    missing.remove(&files::name(1)).unwrap();
    for (disk, at) in [(cut, 1000), (missing, 0)] {
        let opened = History::open(Arc::new(disk), tiny()).map(drop);
        let named = |file: &str, offset| file == files::name(1) && offset == at;
        assert!(
            matches!(opened, Err(HistoryOpenError::Damaged { file, offset }) if named(&file, offset))
        );
    }
}
