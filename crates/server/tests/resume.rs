//! Real processes: a session goes on on another node when its own is killed, and nobody sees it leave.

mod support;

use std::io;
use support::alone;
use support::client::{Client, Line, SOON};
use support::cluster::Cluster;

const ROOM: &str = "#harbour";

/// Somebody with a session that outlives connections.
struct Traveller {
    client: Client,
    token: String,
    number: u64,
}

impl Traveller {
    fn begin(cluster: &Cluster, index: usize, nick: &str) -> Traveller {
        let mut client =
            Client::register(cluster.irc(index), nick, SOON).expect("a node takes people in");
        client.send("CAP REQ :starling/resume").expect("it is connected");
        let token = token(&mut client).expect("the session is kept");
        client.join(ROOM, SOON).expect("the room is open");
        Traveller { client, token, number: 0 }
    }

    /// Sends the next message, and does not wait for it.
    fn say(&mut self) {
        self.number += 1;
        let number = self.number;
        let _ = self.client.send(&format!("@label={number} PRIVMSG {ROOM} :{number}")); // A dead node is found out later.
    }

    fn wait_until_said(&mut self, number: u64) {
        let label = number.to_string();
        let is_it = |it: &Line| it.tag("label") == Some(&label);
        self.client.wait(SOON, is_it).expect("what is said is answered");
    }

    /// Goes on on another node; what was not answered is sent again.
    fn goes_on(&mut self, cluster: &Cluster, index: usize, unanswered_from: u64) -> io::Result<()> {
        let mut client = Client::connect(cluster.irc(index))?;
        client.negotiate("traveller")?;
        client.send("CAP REQ :starling/resume")?;
        let repeated = unanswered_from..=self.number;
        self.number += 1;
        client.send(&format!("RESUME {} {}", self.token, self.number))?;
        self.token = token(&mut client)?;
        client.wait(SOON, |it| it.is("RESUME") && it.param(0) == "ATTACHED")?;
        self.client = client;
        for number in repeated {
            self.client.send(&format!("@label={number} PRIVMSG {ROOM} :{number}"))?;
        }
        Ok(())
    }
}

fn token(client: &mut Client) -> io::Result<String> {
    let told = client.wait(SOON, |it| it.is("RESUME") && it.param(0) == "TOKEN")?;
    Ok(told.param(1).to_owned())
}

#[test]
fn a_session_goes_on_when_its_node_is_killed_and_what_it_repeats_is_said_once() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut witness = cluster.client(2, "witness");
    witness.join(ROOM, SOON).expect("the room is open");
    let mut alice = Traveller::begin(&cluster, 0, "alice");
    witness.wait(SOON, |it| it.is("JOIN")).expect("she is seen coming");
    for _ in 0..5 {
        alice.say();
    }
    alice.wait_until_said(5);
    for _ in 0..5 {
        alice.say();
    }
    cluster.kill9(0);
    // She heard of the first five only: all others may have been said or not.
    alice.goes_on(&cluster, 1, 4).expect("another node goes on with her session");
    alice.wait_until_said(10);
    alice.say();
    alice.wait_until_said(12);

    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some("12") {
        let line =
            witness.wait(SOON, |it| !it.is("PING")).expect("everything that she said is heard");
        assert!(!line.is("QUIT") && !line.is("JOIN") && !line.is("PART"), "{line:?}");
        if line.is("PRIVMSG") {
            heard.push(line.param(1).to_owned());
        }
    }
    // She used up one number by coming back.
    let numbers: Vec<String> = (1..=10).chain([12]).map(|it| it.to_string()).collect();
    assert_eq!(heard, numbers);

    cluster.restart(0);
    cluster.wait_ready();
    alice.goes_on(&cluster, 0, 13).expect("the node that came back goes on with it, too");
    alice.say();
    alice.wait_until_said(14);
    witness.hear("14");
}

#[test]
fn a_node_that_comes_back_at_once_does_not_end_what_can_go_on() {
    let _alone = alone();
    let mut cluster = Cluster::start(1);
    let mut alice = Traveller::begin(&cluster, 0, "alice");
    alice.say();
    alice.wait_until_said(1);
    cluster.kill9(0);
    cluster.restart(0);
    cluster.wait_ready();
    alice.goes_on(&cluster, 0, 1).expect("the node goes on with it after its restart");
    alice.say();
    alice.wait_until_said(3);
    let said: Vec<String> = alice
        .client
        .history(ROOM)
        .expect("there is a history")
        .iter()
        .filter(|it| it.is("PRIVMSG"))
        .map(|it| it.param(1).to_owned())
        .collect();
    assert_eq!(said, ["1", "3"]);
}
