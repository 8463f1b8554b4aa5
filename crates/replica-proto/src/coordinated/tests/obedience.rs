//! Which reigns a copy goes on in, and for which it begins again.

use super::super::{Coordinated, Decided, Effects, Input, Message, Options, Start};
use crate::bully::{self, Reign};
use crate::primary_backup::{self as copy, Entry, Log, View};

/// Entries up to 5, of epoch 3; all of them are in the state.
struct Five;

impl Log for Five {
    fn last(&self) -> u64 {
        5
    }

    fn purged(&self) -> (u64, u64) {
        (5, 3)
    }

    fn epoch_of(&self, index: u64) -> Option<u64> {
        (index == 5).then_some(3)
    }

    fn entries(&self, after: u64, upto: u64, _: usize) -> Option<Vec<Entry>> {
        (after == 5 && upto == 5).then(Vec::new)
    }
}

/// Whether a copy of line 7 that has committed entry 5, of epoch 3, goes on in a reign that began from this.
fn goes_on(parent: u64, base: (u64, u64), epoch: u64) -> bool {
    let start = Start {
        copy: copy::Start { epoch: 3, commit: 5, applied: (5, 3) },
        line: 7,
        state_line: 7,
    };
    let mut effects = Effects::default();
    let machine = Coordinated::new(1, 1, Options::default(), start, &Five, &mut effects);
    let mut machine = machine.expect("they fit together");
    let reign = Reign { round: 9, coordinator: 2, life: 1 };
    let view = View { epoch, primary: 2, in_sync: vec![2], replicas: vec![2, 1] };
    let decided = Decided { reign, parent, base, view };
    let inputs = [
        Input::Members(vec![1, 2]),
        Input::Link(2, true),
        Input::Receive(2, Message::Elect(bully::Message::Coordinator { reign })),
        Input::Receive(2, Message::Decided(decided)),
    ];
    for input in inputs {
        machine.step(0, input, &Five, &mut effects);
    }
    assert_ne!(machine.line(), 7, "it is of the new reign's line");
    !effects.is_reset
}

#[test]
fn a_copy_goes_on_only_in_a_reign_that_began_from_all_that_it_has_committed() {
    assert!(goes_on(7, (3, 5), 4) && goes_on(7, (4, 6), 5));
    assert!(!goes_on(8, (3, 5), 4), "from another line");
    assert!(!goes_on(7, (3, 4), 4), "from fewer entries");
    assert!(!goes_on(7, (2, 9), 4), "from entries of an older epoch");
    assert!(!goes_on(7, (3, 5), 3), "under an epoch that was taken here");
}
