//! The demo as a person uses it: real processes, commands on its input, real clients.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use support::client::{Client, SOON};
use support::{alone, wait_for};

const ROOM: &str = "#starling";
const READY_MAX: Duration = Duration::from_secs(60);

struct Demo {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
}

impl Demo {
    fn start(nodes: usize) -> Demo {
        let mut child = Command::new(env!("CARGO_BIN_EXE_starling"))
            .args(["demo", "--nodes", &nodes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (to, output) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                eprintln!("demo: {line}");
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        Demo { input: child.stdin.take(), output, child }
    }

    fn say(&mut self, command: &str) {
        let input = self.input.as_mut().expect("it has not been closed");
        writeln!(input, "{command}").expect("the demo runs");
    }

    #[track_caller]
    fn wait(&self, limit: Duration, is_it: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) if is_it(&line) => return line,
                Ok(_) => {}
                Err(why) => panic!("the demo did not say it: {why}"),
            }
        }
    }

    #[track_caller]
    fn node(&self, number: usize) -> Node {
        let begins = format!("node {number}  ");
        Node::parse(&self.wait(READY_MAX, |it| it.starts_with(&begins)))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It has ended already if the test went well.
        let _ = self.child.wait();
    }
}

/// What the demo says of a node.
struct Node {
    irc: SocketAddr,
    process: String,
    log: PathBuf,
}

impl Node {
    fn parse(line: &str) -> Node {
        let field = |name: &str| {
            let mut fields = line.split("  ").filter_map(|it| it.split_once(' '));
            let found = fields.find(|(it, _)| *it == name);
            found.unwrap_or_else(|| panic!("no {name} in {line:?}")).1.to_owned()
        };
        Node {
            irc: field("irc").parse().expect("an address"),
            process: field("process"),
            log: PathBuf::from(field("log")),
        }
    }
}

/// The process runs, and is one of ours: numbers are used again.
fn runs(process: &str) -> bool {
    let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command).contains("starling")
}

fn client(node: &Node, nick: &str) -> Client {
    let mut client = Client::register(node.irc, nick, SOON).expect("it is let in");
    client.join(ROOM, SOON).expect("the room is open");
    client
}

#[test]
fn people_on_different_nodes_chat_on_while_a_node_dies_and_comes_back() {
    let _alone = alone();
    let mut demo = Demo::start(3);
    demo.wait(READY_MAX, |it| it.starts_with("Ready."));
    let nodes = [demo.node(1), demo.node(2), demo.node(3)];
    demo.wait(SOON, |it| it.contains(&format!("irssi -c 127.0.0.1 -p {} ", nodes[0].irc.port())));
    demo.wait(SOON, |it| it.contains(&format!("@127.0.0.1:{}/#starling", nodes[2].irc.port())));
    let dir: &Path = nodes[0].log.parent().expect("logs are in a directory");
    assert!(dir.is_dir());

    let [mut alice, mut bob, mut carol] =
        [(0, "alice"), (1, "bob"), (2, "carol")].map(|(node, nick)| client(&nodes[node], nick));
    alice.send(&format!("PRIVMSG {ROOM} :hello")).expect("her node lives");
    let ids = [&mut alice, &mut bob, &mut carol]
        .map(|it| it.hear("hello").tag("msgid").map(str::to_owned));
    assert!(ids[0].is_some() && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");

    demo.say("k 1");
    demo.wait(SOON, |it| it.starts_with("node 1 (process ") && it.contains("is killed"));
    assert!(!runs(&nodes[0].process));
    bob.send(&format!("PRIVMSG {ROOM} :still here")).expect("his node lives");
    carol.hear("still here");

    demo.say("r 1");
    demo.wait(READY_MAX, |it| it == "node 1 is back and has caught up");
    let mut dave = client(&nodes[0], "dave");
    carol.send(&format!("PRIVMSG {ROOM} :welcome back")).expect("her node lives");
    dave.hear("welcome back");
    let history = dave.history(ROOM).expect("it can be read");
    let said: Vec<&str> =
        history.iter().filter(|it| it.is("PRIVMSG")).map(|it| it.param(1)).collect();
    assert_eq!(said, ["hello", "still here", "welcome back"]);

    demo.say("status");
    let revived = demo.node(1);
    demo.wait(SOON, |it| it.starts_with("directory  raft"));
    demo.say("nonsense");
    demo.wait(SOON, |it| it == "\"nonsense\" is not one of");
    demo.say("q");
    demo.wait(SOON, |it| it.starts_with("Asked to quit"));
    let ended = wait_for("the demo to end", SOON, || demo.child.try_wait().expect("our own child"));
    assert!(ended.success(), "{ended}");
    for process in [&revived.process, &nodes[1].process, &nodes[2].process] {
        assert!(!runs(process), "process {process} is left");
    }
    assert!(!dir.exists(), "{} is left", dir.display());
}

#[test]
fn nodes_do_not_outlive_a_demo_that_is_killed() {
    let _alone = alone();
    let mut demo = Demo::start(1);
    demo.wait(READY_MAX, |it| it.starts_with("Ready."));
    let node = demo.node(1);
    assert!(runs(&node.process));
    demo.child.kill().expect("our own child can be killed");
    wait_for("the node to end", SOON, || (!runs(&node.process)).then_some(()));
    let dir = node.log.parent().expect("logs are in a directory");
    std::fs::remove_dir_all(dir).expect("nobody else was left to remove it");
}

#[test]
fn the_end_of_the_input_ends_the_demo() {
    let _alone = alone();
    let mut demo = Demo::start(1);
    demo.wait(READY_MAX, |it| it.starts_with("Ready."));
    let node = demo.node(1);
    demo.input = None;
    let ended = wait_for("the demo to end", SOON, || demo.child.try_wait().expect("our own child"));
    assert!(ended.success(), "{ended}");
    assert!(!runs(&node.process));
}
