//! A replica that is elsewhere now.

use super::super::*;
use crate::store::disk::SimDisk;
use crate::store::history::HistoryOptions;
use crate::store::log::LogOptions;
use crate::strategy::raft::Start;
use std::sync::Arc;

const G: GroupId = GroupId(3);

fn engine() -> Engine {
    let options = LogOptions { segment_bytes: 1 << 16, inline: true, ..LogOptions::default() };
    let (log, _) = Log::open(Arc::new(SimDisk::new()), options, Box::new(|_| {})).unwrap();
    let (history, _) = History::open(Arc::new(SimDisk::new()), HistoryOptions::default()).unwrap();
    Engine::new(1, 1, Rc::new(RefCell::new(log)), Rc::new(RefCell::new(history)))
}

#[test]
fn who_gives_a_replica_up_follows_from_what_it_has_applied() {
    let mut engine = engine();
    let at = StateAt { index: 7, term: 2, ..StateAt::default() };
    engine.add_replica(G, Start::default(), at).unwrap();
    engine.drop_replica(G);
    engine.observe(G, &[2, 3]);
    engine.link(2, true);
    engine.set_now(10_000);
    engine.tick();
    // From 0 it would be given a state, and clients here would miss the messages up to that.
    let asks =
        |it: &(PeerId, Envelope)| matches!(it, (2, Envelope::Observe { group: G, after: 7 }));
    assert!(engine.sends.iter().any(asks), "{} sent", engine.sends.len());
}
