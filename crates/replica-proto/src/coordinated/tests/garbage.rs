//! Whatever a peer sends, no step panics: numbers near the end of their type included.

use super::super::{Coordinated, Decided, Effects, Input, Message, Options, Start, Write};
use super::disk::{MemoryLog, write_log};
use crate::bully::{self, Position, Reign};
use crate::primary_backup::{self as copy, Append, Entry, Log, Propose, View};
use bytes::Bytes;
use proptest::prelude::*;

const ME: u64 = 2;

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0u64..6,
        1 => (0u64..3).prop_map(|it| (1 << 48) - it),
        1 => (0u64..3).prop_map(|it| (1 << 62) - it),
        1 => (0u64..3).prop_map(|it| u64::MAX - it),
    ]
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

fn copied() -> impl Strategy<Value = copy::Message> {
    let entry = number().prop_map(|epoch| Entry { epoch, data: Bytes::from_static(b"x") });
    let entries = prop::collection::vec(entry, 0..4);
    (0..5, prop::array::uniform5(number()), entries).prop_map(|(kind, [a, b, c, d, e], entries)| {
        match kind {
            0 => copy::Message::Ack { epoch: a, matched: b, stamp: c },
            1 => copy::Message::Reject { epoch: a, prev_index: b, hint_index: c, hint_epoch: d },
            2 => copy::Message::Stale { epoch: a },
            3 => copy::Message::State { epoch: a, index: b, index_epoch: c },
            _ => copy::Message::Append(Append {
                epoch: a,
                prev_index: b,
                prev_epoch: c,
                commit: d,
                stamp: e,
                entries,
            }),
        }
    })
}

fn elected() -> impl Strategy<Value = bully::Message> {
    (0..6, prop::array::uniform5(number()), 1u64..5).prop_map(|(kind, [a, b, c, d, e], by)| {
        let reign = Reign { round: a, coordinator: by, life: b };
        match kind {
            0 => bully::Message::Election { round: a },
            1 => bully::Message::Nomination { round: a },
            2 => bully::Message::IamUp { round: a },
            3 => bully::Message::View { round: a, reign: Some(reign) },
            4 => bully::Message::Coordinator { reign },
            _ => {
                let is_told = e == 0;
                let position = Position { epoch: b, index: c, line: d, taken: e, is_told };
                bully::Message::Answer { round: a, position }
            }
        }
    })
}

fn message() -> impl Strategy<Value = Message> {
    // Of the line that this node is of more often than not.
    let line = || prop_oneof![3 => Just(None), 1 => number().prop_map(Some)];
    let reign = (number(), 1u64..5, number());
    prop_oneof![
        3 => elected().prop_map(Message::Elect),
        4 => (line(), copied()).prop_map(|(line, message)| Message::Copy { line: line.unwrap_or(0), message }),
        3 => (reign, number(), number(), number(), view()).prop_map(|((round, coordinator, life), parent, a, b, view)| {
            let reign = Reign { round, coordinator, life };
            Message::Decided(Decided { reign, parent, base: (a, b), view })
        }),
        1 => (line(), number(), view()).prop_map(|(line, on_epoch, view)| Message::Propose {
            line: line.unwrap_or(0),
            propose: Propose { on_epoch, view },
        }),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (1u64..5, message()).prop_map(|(from, message)| Input::Receive(from, message)),
        2 => (1u64..5, any::<bool>()).prop_map(|(peer, is_up)| Input::Link(peer, is_up)),
        2 => Just(Input::Tick),
        1 => Just(Input::Members(vec![1, 2, 3, 4])),
        2 => number().prop_map(Input::Synced),
        1 => number().prop_map(|it| Input::Copy(copy::Input::Provide(it))),
        1 => copied().prop_map(|it| Input::Copy(copy::Input::Fetched(it))),
        1 => Just(Input::Copy(copy::Input::StepDown)),
    ]
}

/// What peers say in a line is about the line that this node has, if any.
fn in_our_line(machine: &Coordinated, input: Input) -> Input {
    let ours = machine.line();
    match input {
        Input::Receive(from, Message::Copy { line: 0, message }) => {
            Input::Receive(from, Message::Copy { line: ours, message })
        }
        Input::Receive(from, Message::Propose { line: 0, propose }) => {
            Input::Receive(from, Message::Propose { line: ours, propose })
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn no_step_panics(inputs in prop::collection::vec((0u64..300, input()), 1..80), is_founder in any::<bool>()) {
        let mut log = MemoryLog::default();
        let mut effects = Effects::default();
        let applied = if is_founder { (1, 1) } else { (0, 0) };
        let start = Start { copy: copy::Start { applied, ..Default::default() }, ..Start::default() };
        let made = Coordinated::new(ME, 1, Options::default(), start, &log, &mut effects);
        let mut machine = made.expect("an empty log and a state fit together");
        effects.writes.iter().for_each(|it: &Write| write_log(&mut log, it));
        let mut now = 0;
        for (pause, input) in inputs {
            now += pause;
            let mut effects = Effects::default();
            let input = in_our_line(&machine, input);
            machine.step(now, input, &log, &mut effects);
            if now % 3 == 0 {
                machine.offer(Bytes::from_static(b"offered"), &mut effects);
            }
            effects.writes.iter().for_each(|it| write_log(&mut log, it));
            machine.flush(now, &log, &mut effects);
            if let Some(commit) = effects.commit {
                prop_assert!(commit <= log.last(), "what is not here is not committed here");
                let epoch = log.epoch_of(commit).expect("it is in the log");
                let mut effects = Effects::default();
                let applied = Input::Copy(copy::Input::Applied(commit, epoch));
                machine.step(now, applied, &log, &mut effects);
                effects.writes.iter().for_each(|it| write_log(&mut log, it));
            }
        }
    }
}
