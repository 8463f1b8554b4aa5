//! Whatever a peer sends, no step panics, nobody but this node makes it reign, and it sends a bounded number
//! of messages.

use super::super::{Bully, Input, Message, Options, Position, Reign, Sends, Standing};
use proptest::prelude::*;

const ME: u64 = 3;

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0u64..6,
        1 => (0u64..3).prop_map(|it| (1 << 48) - it),
        1 => (0u64..3).prop_map(|it| u64::MAX - it),
    ]
}

pub(super) fn message() -> impl Strategy<Value = Message> {
    let reign = (number(), number(), number()).prop_map(|(round, coordinator, life)| Reign {
        round,
        coordinator,
        life,
    });
    (0..6, number(), number(), number(), reign, any::<bool>()).prop_map(
        |(kind, round, epoch, index, reign, is_known)| match kind {
            0 => Message::Election { round },
            1 => Message::Answer {
                round,
                position: Position { epoch, index, ..Position::default() },
            },
            2 => Message::Nomination { round },
            3 => Message::Coordinator { reign },
            4 => Message::IamUp { round },
            _ => Message::View { round, reign: is_known.then_some(reign) },
        },
    )
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (0u64..6, message()).prop_map(|(from, message)| Input::Receive(from, message)),
        2 => (0u64..6, any::<bool>()).prop_map(|(peer, is_up)| Input::Link(peer, is_up)),
        2 => Just(Input::Tick),
        1 => prop::sample::subsequence((0u64..6).collect::<Vec<_>>(), 0..6).prop_shuffle().prop_map(Input::Members),
        1 => (number(), number()).prop_map(|(epoch, index)| Input::Position(Position { epoch, index, ..Position::default() })),
    ]
}

proptest! {
    #[test]
    fn no_step_panics(inputs in prop::collection::vec((0u64..300, input()), 1..80)) {
        let mut machine = Bully::new(ME, 1, Options::default());
        let mut now = 0;
        for (pause, input) in inputs {
            now += pause;
            let mut sends = Sends::new();
            machine.step(now, input, &mut sends);
            prop_assert!(sends.len() <= 2 * 6, "{sends:?}");
            prop_assert!(sends.iter().all(|it| it.0 != ME), "{sends:?}");
            match machine.standing() {
                Standing::Follows(reign) => prop_assert!(machine.is_above_me(reign.coordinator)),
                Standing::Coordinates { reign, .. } => prop_assert_eq!(reign.coordinator, ME),
                Standing::Outside | Standing::Electing => {}
            }
            prop_assert!(machine.gathered().count() <= 6);
        }
    }
}
