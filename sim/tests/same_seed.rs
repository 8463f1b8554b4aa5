//! The same seed is the same run, whatever ran before it.

use std::process::Command;

/// The lines that tell each seed's trace.
fn traces(seeds: &[&str]) -> Vec<String> {
    let run = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(seeds)
        .arg("--trace")
        .output()
        .expect("the program runs");
    let said = String::from_utf8(run.stdout).expect("it writes text");
    let traces = said.lines().filter(|it| it.contains(" trace "));
    traces.map(str::to_owned).collect()
}

#[test]
fn the_same_seed_is_the_same_run() {
    let all = traces(&["--seeds", "0..15"]); // As many as there are scenarios.
    assert_eq!(all.len(), 15);
    assert_eq!(all, traces(&["--seeds", "0..15"]));
    assert_eq!(all[3..4], traces(&["--seeds", "3..4"]));
}

#[test]
fn other_seeds_are_other_runs() {
    let hash = |line: &String| line.split(" trace ").nth(1).map(str::to_owned);
    let all = traces(&["--seeds", "0..2", "--scenario", "leader-cut-off"]);
    assert_ne!(hash(&all[0]), hash(&all[1]));
}
