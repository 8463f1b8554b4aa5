//! When a replica's entries go to the log.

use super::*;
use crate::store::SimDisk;
use crate::store::log::LogOptions;
use machine::{Entry, Message};
use std::sync::Arc;

const ME: PeerId = 1;
const PEER: PeerId = 2;

struct Replica {
    strategy: Box<dyn Strategy>,
    ticket: u64,
}

impl Replica {
    fn new() -> Replica {
        let options = LogOptions { inline: true, ..LogOptions::default() };
        let opened = Log::open(Arc::new(SimDisk::new()), options, Box::new(|_| ()));
        let log = Rc::new(RefCell::new(opened.expect("an empty disk").0));
        let begun = begin(GroupId(3), ME, log, Start::default());
        let mut strategy = begun.expect("an empty log");
        strategy.want(&[ME, PEER]);
        strategy.link(PEER, true);
        Replica { strategy, ticket: 0 }
    }

    fn hear(&mut self, index: u64, bytes: usize) {
        let data = Bytes::from(vec![0; bytes]);
        let push = vec![Entry { origin: PEER, index, hlc: index, data }];
        self.strategy.receive(PEER, Message { push, ..Message::default() }.encode());
    }

    /// How many entries are handed out, and how many go to the log.
    fn settle(&mut self) -> (usize, usize) {
        self.ticket += 1;
        let mut effects = Effects::default();
        self.strategy.settle(self.ticket, &mut effects);
        (effects.committed.len(), effects.appends.len())
    }
}

#[test]
fn what_others_wrote_is_handed_out_at_once_and_written_with_the_next_tick() {
    let mut replica = Replica::new();
    replica.hear(1, 9);
    assert_eq!(replica.settle(), (1, 0));
    replica.hear(2, 9);
    assert_eq!(replica.settle(), (1, 0));
    replica.strategy.tick();
    assert_eq!(replica.settle(), (0, 2));
    replica.hear(3, 9);
    assert_eq!(replica.settle(), (1, 0), "until the next one");
}

#[test]
fn what_is_written_here_waits_for_nothing_and_takes_along_what_waits() {
    let mut replica = Replica::new();
    replica.hear(1, 9);
    assert_eq!(replica.settle(), (1, 0));
    assert!(replica.strategy.offer(Bytes::from_static(b"own"), 1));
    assert_eq!(replica.settle(), (0, 2));
    replica.strategy.synced(replica.ticket);
    assert_eq!(replica.settle(), (1, 0), "it is on disk");
}

#[test]
fn much_of_what_others_wrote_does_not_wait() {
    let mut replica = Replica::new();
    for index in 1..=4 {
        replica.hear(index, LATER_BYTES_MAX / 4);
        let written = if index == 4 { 4 } else { 0 };
        assert_eq!(replica.settle(), (1, written));
    }
}
