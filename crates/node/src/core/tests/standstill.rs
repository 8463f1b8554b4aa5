//! A node that stood still, and was declared dead meanwhile or not.

use super::*;
use chat::directory::{DirectoryCommand, MemberState};

impl Alone {
    /// The directory, wherever it is led, takes this node for dead.
    fn is_declared_dead(&mut self) {
        self.core
            .propose(&DirectoryCommand::MarkMember { id: NodeId(7), state: MemberState::Down });
        self.commit();
    }

    fn stands_still(&mut self, ms: u64) {
        self.wait(ms);
        self.core.tick();
        self.commit();
    }
}

#[test]
fn who_was_declared_dead_while_it_stood_still_sends_its_clients_away_and_begins_anew() {
    let mut it = Alone::with(&["alice", "bob"]);
    it.stands_still(5_000);
    it.is_declared_dead();
    assert!(!it.core.is_fresh);
    it.become_ready();
    let mut ended: Vec<String> = it.said().into_iter().filter(|it| it.contains(" ended")).collect();
    ended.sort();
    let reason = "This server was cut off from the network; please reconnect";
    assert_eq!(ended, [format!("alice ended: {reason}"), format!("bob ended: {reason}")]);

    // Nothing of them is left: the names are free.
    it.ask(3, 1, register("alice"));
    it.commit();
    assert_eq!(it.answers(), ["3.1 registered alice"]);
}

#[test]
fn who_was_declared_dead_and_ran_all_the_time_keeps_its_clients() {
    let mut it = Alone::with(&["alice"]);
    it.is_declared_dead();
    it.become_ready();
    assert_eq!(it.said().into_iter().filter(|it| it.contains(" ended")).count(), 0);
}

#[test]
fn who_stood_still_and_was_not_missed_keeps_its_clients() {
    let mut it = Alone::with(&["alice"]);
    it.stands_still(1_500);
    for _ in 0..80 {
        it.do_round();
    }
    it.is_declared_dead(); // Much later: that has another reason.
    it.become_ready();
    assert_eq!(it.said().into_iter().filter(|it| it.contains(" ended")).count(), 0);
}
