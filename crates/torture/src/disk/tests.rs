//! The shim itself: a real process writes through it, is killed, and loses power.
//!
//! The process is this test program, started again with a script of what to do to its files.

use super::rollback::Keep;
use super::{Disk, EIO, FAIL_SYNCS, build_shim};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = "TORTURE_SHIM_SCRIPT";

/// What is left after `script` and a power loss: names with contents.
#[track_caller]
fn left(script: &str, keep: Keep) -> Vec<(String, Vec<u8>)> {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let disk = disk(dir.path());
    assert!(play(&disk, script), "{script}");
    disk.lose_power(keep).expect("the journal can be read");
    contents(disk.root())
}

fn disk(dir: &Path) -> Disk {
    let shim = build_shim(dir).expect("there is a C compiler");
    let root = dir.join("data");
    fs::create_dir(&root).expect("it is new");
    Disk::new(root, dir.join("disk"), shim).expect("a directory can be made")
}

/// Whether the process did all that the script says.
fn play(disk: &Disk, script: &str) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.args(["--exact", "disk::tests::plays_a_script"]).env(SCRIPT, script);
    command.current_dir(disk.root()).envs(disk.environment());
    command.output().expect("it can be started").status.success()
}

#[test]
fn plays_a_script() {
    let Ok(script) = std::env::var(SCRIPT) else {
        return; // Only when another test asks.
    };
    let root = std::env::var("LYING_DISK_ROOT").expect("it comes with the script");
    let path = |name: &str| Path::new(&root).join(name);
    let open = |name: &str| OpenOptions::new().write(true).open(path(name)).expect("it exists");
    for line in script.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["create", name] => drop(File::create_new(path(name)).expect("it is new")),
            ["write", name, at, text] => {
                let at = at.parse().expect("a number");
                open(name).write_all_at(text.as_bytes(), at).expect("it can be written");
            }
            ["fill", name, byte, count] => {
                let count = count.parse().expect("a number");
                let bytes = vec![byte.as_bytes()[0]; count];
                open(name).write_all(&bytes).expect("it can be written");
            }
            ["cut", name, length] => {
                open(name).set_len(length.parse().expect("a number")).expect("it can be cut");
            }
            ["sync", name] => open(name).sync_data().expect("it can be synced"),
            ["sync-dir"] => File::open(&root).and_then(|it| it.sync_all()).expect("it can be"),
            ["mkdir", name] => fs::create_dir(path(name)).expect("it is new"),
            ["rename", from, to] => fs::rename(path(from), path(to)).expect("it exists"),
            ["remove", name] => fs::remove_file(path(name)).expect("it exists"),
            _ => panic!("what is {line:?}?"),
        }
    }
}

fn contents(root: &Path) -> Vec<(String, Vec<u8>)> {
    let listed = fs::read_dir(root).expect("it is there").map(|it| it.expect("it can be listed"));
    let mut all: Vec<(String, Vec<u8>)> = listed
        .map(|it| {
            let name = it.file_name().into_string().expect("we chose the names");
            (name, fs::read(it.path()).unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

fn file(name: &str, text: &str) -> (String, Vec<u8>) {
    (name.to_owned(), text.as_bytes().to_vec())
}

#[test]
fn what_was_synced_stays_and_what_was_not_goes() {
    let script = "create a\nwrite a 0 first\nsync a\nsync-dir\nwrite a 0 FIR\nwrite a 5 second";
    assert_eq!(left(script, Keep::Nothing), [file("a", "first")]);
}

#[test]
fn a_later_sync_makes_all_before_it_safe() {
    let script = "create a\nwrite a 0 first\nwrite a 0 F\nwrite a 5 second\nsync a\nsync-dir";
    assert_eq!(left(script, Keep::Nothing), [file("a", "Firstsecond")]);
}

#[test]
fn a_name_that_was_not_synced_goes_even_if_the_bytes_were() {
    assert_eq!(left("create a\nwrite a 0 first\nsync a", Keep::Nothing), []);
    assert_eq!(left("create a\nsync-dir\nmkdir d", Keep::Nothing), [file("a", "")]);
}

#[test]
fn what_was_renamed_over_or_removed_comes_back() {
    let begin = "create a\nwrite a 0 old\nsync a\ncreate b\nwrite b 0 new\nsync b\nsync-dir";
    let both = [file("a", "old"), file("b", "new")];
    assert_eq!(left(&format!("{begin}\nrename b a"), Keep::Nothing), both);
    assert_eq!(left(&format!("{begin}\nremove a\nremove b"), Keep::Nothing), both);
    assert_eq!(
        left(&format!("{begin}\nrename b a\nsync-dir"), Keep::Nothing),
        both[..1].iter().map(|_| file("a", "new")).collect::<Vec<_>>()
    );
    assert_eq!(left(&format!("{begin}\nremove a\nsync-dir"), Keep::Nothing), both[1..]);
}

#[test]
fn what_was_cut_off_comes_back() {
    let script = "create a\nwrite a 0 longtext\nsync a\nsync-dir\ncut a 4";
    assert_eq!(left(script, Keep::Nothing), [file("a", "longtext")]);
    assert_eq!(left(&format!("{script}\nsync a"), Keep::Nothing), [file("a", "long")]);
}

#[test]
fn of_a_torn_write_some_sectors_stay() {
    let script = "create a\nfill a x 65536\nsync a\nsync-dir\nfill a y 65536";
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..3 {
        let all = left(script, Keep::Some(seed));
        let bytes = &all[0].1;
        assert_eq!(bytes.len(), 65_536);
        let sectors: Vec<&[u8]> = bytes.chunks(512).collect();
        assert!(sectors.iter().all(|it| it.iter().all(|byte| byte == &it[0])));
        let new = sectors.iter().filter(|it| it[0] == b'y').count();
        assert!((20..108).contains(&new), "{new} of 128");
        seen.insert(new);
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[test]
fn a_journal_forgets_what_is_safe_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let disk = disk(dir.path());
    assert!(play(&disk, "create a\nwrite a 0 first\nsync a\nsync-dir\nwrite a 0 FIR"));
    let size = || fs::metadata(dir.path().join("disk/journal")).expect("it is there").len();
    let before = size();
    disk.compact().expect("the journal can be read");
    assert!(0 < size() && size() < before / 2, "{} of {before}", size());
    assert!(play(&disk, "write a 5 second")); // Another life of the process.
    disk.lose_power(Keep::Nothing).expect("the journal can be read");
    assert_eq!(contents(disk.root()), [file("a", "first")]);
}

#[test]
fn a_disk_that_forgets_syncs_loses_everything() {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let mut disk = disk(dir.path());
    disk.forget_syncs().expect("it can be told");
    assert!(play(&disk, "create a\nwrite a 0 first\nsync a\nsync-dir"));
    disk.lose_power(Keep::Nothing).expect("the journal can be read");
    assert_eq!(contents(disk.root()), []);
}

#[test]
fn a_disk_fails_when_it_is_told_to() {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let disk = disk(dir.path());
    assert!(play(&disk, "create a\nwrite a 0 first\nsync a"));
    disk.fail(FAIL_SYNCS, EIO).expect("it can be told");
    assert!(!play(&disk, "write a 0 FIRST\nsync a"));
    disk.heal().expect("it can be told");
    assert!(play(&disk, "sync a"));
}
