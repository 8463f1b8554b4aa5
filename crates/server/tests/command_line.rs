//! The command line from outside: what scripts and people see.

use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs the program in an empty directory, with nothing of ours in the environment but `variables`.
fn starling(arguments: &[&str], variables: &[(&str, &str)], dir: &TempDir) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|it| it.starts_with("STARLING_")) {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().copied()).current_dir(dir.path());
    command.output().expect("the program was built")
}

fn dir() -> TempDir {
    TempDir::new().expect("a directory can be made")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("we print UTF-8")
}

/// `serve` and `check-config` refuse alike, before anything is started or made.
#[track_caller]
fn refused(file: &str, variables: &[(&str, &str)], expected: &str) {
    for command in ["serve", "check-config"] {
        let dir = dir();
        fs::write(dir.path().join("starling.toml"), file).expect("it can be written");
        let output = starling(&[command, "--config", "starling.toml"], variables, &dir);
        assert_eq!(text(&output.stderr), expected);
        assert_eq!(text(&output.stdout), "");
        assert_eq!(output.status.code(), Some(2));
        let files = fs::read_dir(dir.path()).expect("it is ours").count();
        assert_eq!(files, 1, "something was made all the same");
    }
}

#[test]
fn an_unknown_key_stops_the_start() {
    refused(
        "[limits]\nnick_lenght = 9\n",
        &[],
        "starling.toml:2: unknown key `limits.nick_lenght`; did you mean `limits.nick_length`?\n",
    );
}

#[test]
fn every_mistake_has_a_line() {
    refused(
        "[limits]\nnick_length = 900\n\n[cluster]\ndirectory = \"bully\"\n",
        &[("STARLING_NODE__NAM", "x"), ("STARLING_CLUSTER__ADDRESS", "0.0.0.0:7100")],
        "starling.toml:2: `limits.nick_length` is 900; it takes a whole number from 1 to 64\n\
         starling.toml:5: `cluster.directory = \"bully\"` is not in this version yet; it has \"raft\"\n\
         STARLING_CLUSTER__ADDRESS: `cluster.address` is \"0.0.0.0:7100\"; it takes HOST:PORT as peers reach it, for example \"10.0.0.1:7100\"\n\
         STARLING_NODE__NAM: unknown key `node.nam`; did you mean STARLING_NODE__NAME?\n",
    );
}

#[test]
fn a_file_that_is_not_there_stops_the_start() {
    let output = starling(&["serve", "--config", "nowhere.toml"], &[], &dir());
    let expected =
        "cannot read the configuration nowhere.toml: No such file or directory (os error 2)\n";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_usable_configuration_is_shown_with_its_warnings_and_without_its_secrets() {
    let dir = dir();
    let file = "[[operator]]\nname = \"admin\"\npassword = \"hunter2\"\n";
    fs::write(dir.path().join("it.toml"), file).expect("it can be written");
    let variables = [("STARLING_NODE__NAME", "n1.example")];
    let output = starling(&["check-config", "--config", "it.toml"], &variables, &dir);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    assert!(shown.contains("name = \"n1.example\"") && !shown.contains("hunter2"), "{shown}");
    let expected = "warning: the password of operator \"admin\" is plain text; put an argon2 hash into the configuration\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn logs_that_cannot_be_chosen_stop_the_start() {
    let output = starling(&["serve"], &[("RUST_LOG", "starling=loud")], &dir());
    assert!(text(&output.stderr).starts_with("RUST_LOG: "), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn no_answer_to_status_says_what_to_do() {
    // Port 9 (discard) has nobody behind it on any machine that tests run on.
    let output = starling(&["status", "--node", "127.0.0.1:9"], &[], &dir());
    let said = text(&output.stderr);
    assert!(said.contains("127.0.0.1:9") && said.contains("--config FILE"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_failure() {
    for arguments in
        [&["serv"][..], &["demo", "--nodes", "0"], &["status", "--config", "a", "--node", "b:1"]]
    {
        assert_eq!(starling(arguments, &[], &dir()).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn every_command_explains_itself_with_an_example_and_its_exit_codes() {
    for command in ["serve", "demo", "status", "check-config"] {
        let output = starling(&[command, "--help"], &[], &dir());
        let help = text(&output.stdout);
        assert!(
            help.contains("Example") && help.contains(&format!("  starling {command}")),
            "{help}"
        );
        assert!(help.contains("Exit codes: ") || help.contains("Exit codes:\n"), "{help}");
        assert!(help.lines().all(|it| it.chars().count() <= 100), "{help}");
        assert_eq!(output.status.code(), Some(0));
    }
    let version = text(&starling(&["--version"], &[], &dir()).stdout);
    assert_eq!(version, format!("starling {}\n", env!("CARGO_PKG_VERSION")));
}
