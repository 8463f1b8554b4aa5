//! Real processes: an account is the same on every node, whichever of them lives.

mod support;

use irc_proto::sasl::chunks;
use std::io;
use support::client::{Client, SOON};
use support::cluster::Cluster;
use support::{alone, wait_for};

const PASSWORD: &str = "correct-horse-battery";

/// Somebody who has said NICK and USER, and has yet to end the negotiation.
fn arriving(cluster: &Cluster, index: usize, nick: &str) -> io::Result<Client> {
    let mut client = Client::connect(cluster.irc(index))?;
    client.send("CAP REQ :sasl account-notify standard-replies")?;
    client.send(&format!("NICK {nick}"))?;
    client.send(&format!("USER {nick} 0 * :{nick}"))?;
    client.wait(SOON, |it| it.is("CAP"))?;
    Ok(client)
}

/// The numeric that a login by SASL PLAIN ends with.
fn log_in(client: &mut Client, account: &str, password: &str) -> io::Result<String> {
    client.send("AUTHENTICATE PLAIN")?;
    client.wait(SOON, |it| it.is("AUTHENTICATE"))?;
    for chunk in chunks(format!("\0{account}\0{password}").as_bytes()) {
        client.send(&format!("AUTHENTICATE {chunk}"))?;
    }
    let ends = ["903", "904"];
    Ok(client.wait(SOON, |it| ends.contains(&it.verb.as_str()))?.verb)
}

/// Who is logged in and registered as `nick` on that node; `None`: not yet.
fn member(cluster: &Cluster, index: usize, account: &str, nick: &str) -> Option<Client> {
    let mut client = arriving(cluster, index, nick).ok()?;
    if log_in(&mut client, account, PASSWORD).ok()? != "903" {
        return None;
    }
    client.send("CAP END").ok()?;
    client.wait(SOON, |it| it.is("001") || it.is("433")).ok().filter(|it| it.is("001"))?;
    Some(client)
}

/// What REGISTER came to: `SUCCESS`, or the code of FAIL.
fn register(client: &mut Client, account: &str) -> io::Result<String> {
    client.send(&format!("REGISTER {account} * :{PASSWORD}"))?;
    let answer = client.wait(SOON, |it| it.is("REGISTER") || it.is("FAIL"))?;
    Ok(answer.param(usize::from(answer.is("FAIL"))).to_owned())
}

#[test]
fn an_account_made_on_one_node_is_everywhere_also_when_that_node_dies_and_when_it_is_dropped() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut first = arriving(&cluster, 0, "alice").expect("it listens");
    assert_eq!(register(&mut first, "alice").expect("an answer"), "SUCCESS");
    first.send("CAP END").expect("it is connected");
    first.wait(SOON, |it| it.is("001")).expect("she is let in");
    let others: Vec<Client> = [1, 2]
        .map(|it| {
            wait_for("a login elsewhere", SOON, || {
                member(&cluster, it, "alice", &format!("al{it}"))
            })
        })
        .into();
    let mut stranger = arriving(&cluster, 1, "alicia").expect("it listens");
    assert_eq!(log_in(&mut stranger, "alice", "wrong horse battery").expect("an answer"), "904");

    // The node that took the registration dies; her nick is hers on the others.
    cluster.kill9(0);
    drop(first);
    let mut again =
        wait_for("a login after a death", 3 * SOON, || member(&cluster, 1, "alice", "al0"));
    again.send("NS SESSIONS").expect("it is connected");
    again.wait(SOON, |it| it.param(1).contains("sessions are logged in")).expect("an answer");
    cluster.restart(0);
    cluster.wait_ready();
    let back =
        wait_for("a login after a restart", 3 * SOON, || member(&cluster, 0, "alice", "back"));

    // Dropped while somebody is logged in on each of the three: all are told, and it is gone everywhere.
    again.send(&format!("NS DROP {PASSWORD}")).expect("it is connected");
    for mut client in others.into_iter().chain([again, back]) {
        client.wait(SOON, |it| it.is("901")).expect("they are logged out");
    }
    for index in 0..3 {
        let mut late = arriving(&cluster, index, "late").expect("it listens");
        assert_eq!(log_in(&mut late, "alice", PASSWORD).expect("an answer"), "904");
        let taken = register(&mut late, "alice").expect("an answer");
        assert_eq!(taken, "ACCOUNT_EXISTS", "the name is nobody's for ever");
    }
}

#[test]
fn of_two_who_register_one_name_on_two_nodes_at_once_one_wins() {
    let _alone = alone();
    let cluster = Cluster::start(3);
    for name in ["alice", "bob", "carol"] {
        let [mut one, mut other] = [0, 1].map(|it| {
            let mut client = arriving(&cluster, it, &format!("guest{it}")).expect("it listens");
            client.send(&format!("REGISTER {name} * :{PASSWORD}")).expect("it is connected");
            client
        });
        let mut answers = [&mut one, &mut other].map(|it| {
            let answer = it.wait(SOON, |it| it.is("REGISTER") || it.is("FAIL")).expect("an answer");
            answer.param(usize::from(answer.is("FAIL"))).to_owned()
        });
        answers.sort();
        assert_eq!(answers, ["ACCOUNT_EXISTS", "SUCCESS"]);
    }
}

#[test]
fn a_guesser_is_slowed_on_nodes_that_they_have_not_tried_yet() {
    let _alone = alone();
    let cluster = Cluster::start_with(3, "flood_protection = true\n");
    let mut alice = arriving(&cluster, 0, "alice").expect("it listens");
    assert_eq!(register(&mut alice, "alice").expect("an answer"), "SUCCESS");
    let guess = |index: usize| {
        let mut client = arriving(&cluster, index, "eve").expect("it listens");
        client.send("AUTHENTICATE PLAIN").expect("it is connected");
        client.wait(SOON, |it| it.is("AUTHENTICATE")).expect("it goes on");
        let chunks = chunks(b"\0alice\0wrong-horse-battery");
        client.send(&format!("AUTHENTICATE {}", chunks[0])).expect("it is connected");
        client.wait(SOON, |it| it.is("904")).expect("it is wrong").param(1).to_owned()
    };
    wait_for("the first node to slow them", 3 * SOON, || {
        guess(0).contains("too many").then_some(())
    });
    let told = guess(1);
    let elsewhere = || guess(1).contains("too many").then_some(());
    if !told.contains("too many") {
        wait_for("the others to hear of it", SOON, elsewhere);
    }
}

#[test]
fn a_registered_room_knows_its_owner_after_all_nodes_were_restarted() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut alice = arriving(&cluster, 0, "alice").expect("it listens");
    assert_eq!(register(&mut alice, "alice").expect("an answer"), "SUCCESS");
    alice.send("CAP END").expect("it is connected");
    alice.wait(SOON, |it| it.is("001")).expect("she is let in");
    alice.join("#rust", SOON).expect("a new room");
    alice.send("CS REGISTER #rust").expect("it is connected");
    alice.wait(SOON, |it| it.param(1) == "That is done.").expect("she is its operator");
    for index in 0..3 {
        cluster.kill9(index);
    }
    for index in 0..3 {
        cluster.restart(index);
    }
    cluster.wait_ready();
    let mut bob = cluster.client(1, "bob");
    bob.join("#rust", SOON).expect("the room is open");
    let mut alice = wait_for("a login", 3 * SOON, || member(&cluster, 2, "alice", "al"));
    alice.send("JOIN #rust").expect("it is connected");
    let promoted = |it: &support::client::Line| it.is("MODE") && it.param(1) == "+o";
    let seen = bob.wait(SOON, promoted).expect("bob sees who has the power");
    assert_eq!((seen.source.as_str(), seen.param(2)), ("ChanServ!ChanServ@services", "al"));
}
