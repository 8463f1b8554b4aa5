//! Whatever a peer sends, no step panics: numbers near the end of their type included.

use super::super::{
    Append, Effects, Entry, Input, Log, Message, Options, PrimaryBackup, Start, View, Write,
};
use super::disk::MemoryLog;
use bytes::Bytes;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0u64..6,
        1 => (0u64..3).prop_map(|it| (1 << 62) - it),
        1 => (0u64..3).prop_map(|it| u64::MAX - it),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let entry = number().prop_map(|epoch| Entry { epoch, data: Bytes::from_static(b"x") });
    let entries = prop::collection::vec(entry, 0..4);
    let head = (number(), number(), number(), number(), number());
    let append = (head, entries).prop_map(|(head, entries)| {
        let (epoch, prev_index, prev_epoch, commit, stamp) = head;
        Message::Append(Append { epoch, prev_index, prev_epoch, commit, stamp, entries })
    });
    let others = (0..4, number(), number(), number(), number()).prop_map(
        |(kind, epoch, a, b, c)| match kind {
            0 => Message::Ack { epoch, matched: a, stamp: b },
            1 => Message::Reject { epoch, prev_index: a, hint_index: b, hint_epoch: c },
            2 => Message::Stale { epoch },
            _ => Message::State { epoch, index: a, index_epoch: b },
        },
    );
    prop_oneof![append, others]
}

fn view() -> impl Strategy<Value = View> {
    let ids = || prop::collection::vec(1u64..5, 0..4);
    (number(), 1u64..5, ids(), ids()).prop_map(|(epoch, primary, in_sync, replicas)| View {
        epoch,
        primary,
        in_sync,
        replicas,
    })
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (1u64..5, message()).prop_map(|(from, message)| Input::Receive(from, message)),
        2 => view().prop_map(Input::View),
        1 => Just(Input::Tick),
        2 => number().prop_map(Input::Synced),
        1 => (1u64..5, any::<bool>()).prop_map(|(peer, is_up)| Input::Link(peer, is_up)),
        1 => number().prop_map(Input::PeerFetches),
        1 => number().prop_map(Input::Provide),
        1 => message().prop_map(Input::Fetched),
        1 => Just(Input::FetchFailed),
        1 => Just(Input::StepDown),
    ]
}

proptest! {
    #[test]
    fn no_step_panics(inputs in prop::collection::vec((0u64..300, input()), 1..60)) {
        let mut log = MemoryLog::default();
        let mut effects = Effects::default();
        let start = Start::default();
        let made = PrimaryBackup::new(1, Options::default(), start, &log, &mut effects);
        let mut machine = made.expect("an empty log and no state fit together");
        let mut now = 0;
        for (pause, input) in inputs {
            now += pause;
            let mut effects = Effects::default();
            machine.step(now, input, &log, &mut effects);
            if now % 3 == 0 {
                machine.offer(Bytes::from_static(b"offered"), &mut effects);
            }
            effects.writes.iter().for_each(|it: &Write| log.write(it));
            machine.flush(now, &log, &mut effects);
            if let Some(commit) = effects.commit {
                prop_assert!(commit <= log.last(), "what is not here is not committed here");
                let mut effects = Effects::default();
                let epoch = log.epoch_of(commit).expect("it is in the log");
                machine.step(now, Input::Applied(commit, epoch), &log, &mut effects);
                effects.writes.iter().for_each(|it: &Write| log.write(it));
            }
            prop_assert_eq!(machine.status().commit.min(log.last()), machine.status().commit);
        }
    }
}
