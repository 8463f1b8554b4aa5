//! Two short rounds with the program as it was built for the tests, where namespaces can be made.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn two_rounds_without_a_violation() {
    let Some(starling) = starling() else {
        eprintln!("skipped: starling is not built here; `cargo test --workspace` builds it");
        return;
    };
    let out = Command::new(env!("CARGO_BIN_EXE_torture"))
        .args(["--rounds", "2", "--nodes", "3", "--seed", "3"])
        .args(["--fault", "power-all", "--fault", "kill-leader", "--starling"])
        .arg(starling)
        .output()
        .expect("it was built");
    let (said, why) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if out.status.code() == Some(2) {
        eprintln!("skipped: {why}");
        return;
    }
    assert_eq!(said.lines().last(), Some("rounds=2 violations=0"), "{said}\n{why}");
    assert!(out.status.success(), "{said}\n{why}");
}

/// The binary of the same workspace and profile.
fn starling() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_torture")).with_file_name("starling");
    path.exists().then_some(path)
}
