use super::*;
use proptest::prelude::*;

fn entry_of(intake: &mut Intake) -> Option<(u64, Vec<Section>)> {
    intake.next_entry(|| 7).and_then(read_entry)
}

#[test]
fn refused_is_what_was_never_offered_and_unknown_the_rest() {
    let mut outbox = Outbox::new(1, 1);
    for token in 0..300 {
        outbox.push(token, Bytes::from_static(b"x"), 0);
    }
    assert!(outbox.next_section().is_some());
    let gone = outbox.give_up(1000, 900);
    assert_eq!(gone.unknown, (0..256).collect::<Vec<_>>());
    assert_eq!(gone.refused, (256..300).collect::<Vec<_>>());
}

#[test]
fn what_was_given_up_cannot_be_applied_after_what_came_later() {
    let (mut outbox, mut intake, mut seen) =
        (Outbox::new(1, 1), Intake::default(), Seen::default());
    outbox.push(1, Bytes::from_static(b"old"), 0);
    let old = outbox.next_section().expect("one waits");
    outbox.give_up(1000, 900);
    outbox.push(2, Bytes::from_static(b"new"), 1000);
    let new = outbox.next_section().expect("one waits");
    assert_eq!(intake.take(new, &seen), Taken::Yes);
    let (_, sections) = entry_of(&mut intake).expect("one was taken");
    assert_eq!(seen.admit(sections[0].clone()).1.len(), 1);
    let late = Section::take(&mut old.clone()).expect("it is a section");
    assert_eq!(seen.admit(late), (0, vec![]));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_entry(bytes.into());
    }

    /// A leader that forgets, drops and gets things twice: each command is applied once, in order.
    #[test]
    fn each_command_is_applied_once_and_in_order(
        steps in prop::collection::vec((0u8..6, 1usize..400), 1..200),
    ) {
        let (mut outbox, mut intake, mut seen) = (Outbox::new(9, 1), Intake::default(), Seen::default());
        let mut pushed = 0u64;
        let mut applied = Vec::new();
        let mut tokens = Vec::new();
        let mut wire: VecDeque<Bytes> = VecDeque::new();
        let mut log: VecDeque<Section> = VecDeque::new();
        let mut apply = |log: &mut VecDeque<Section>, seen: &mut Seen, outbox: &mut Outbox, tokens: &mut Vec<u64>| {
            while let Some(section) = log.pop_front() {
                let generation = section.generation;
                let (first, commands) = seen.admit(section);
                tokens.extend(outbox.applied(generation, first, commands.len()));
                applied.extend(commands.iter().map(|it| u64::from_le_bytes(it[..].try_into().unwrap())));
            }
        };
        for (step, n) in steps {
            match step {
                0 => for _ in 0..n {
                    outbox.push(pushed, Bytes::copy_from_slice(&pushed.to_le_bytes()), 0);
                    pushed += 1;
                },
                1 => wire.extend(outbox.next_section()),
                2 => if let Some(section) = wire.pop_front() {
                    if n % 3 == 0 { wire.push_back(section.clone()); } // Twice.
                    if n % 5 != 0 { intake.take(section, &seen); } // Or lost.
                },
                3 => if let Some((_, sections)) = entry_of(&mut intake) { log.extend(sections); },
                4 => apply(&mut log, &mut seen, &mut outbox, &mut tokens),
                _ => { // Another leader: what it has not got in its log is gone.
                    apply(&mut log, &mut seen, &mut outbox, &mut tokens);
                    intake.reset();
                    outbox.rewind();
                }
            }
        }
        for _ in 0..100_000 {
            if outbox.is_empty() { break; }
            outbox.rewind();
            intake.reset();
            while let Some(section) = outbox.next_section() { intake.take(section, &seen); }
            while let Some((_, sections)) = entry_of(&mut intake) { log.extend(sections); }
            apply(&mut log, &mut seen, &mut outbox, &mut tokens);
        }
        prop_assert_eq!(&applied, &(0..pushed).collect::<Vec<_>>());
        prop_assert_eq!(&tokens, &applied);
    }
}
