use super::*;
use proptest::prelude::*;

fn entry_of(intake: &mut Intake) -> Option<(u64, Vec<Section>)> {
    intake.next_entry(|_| 7).and_then(read_entry)
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
fn what_nobody_took_who_was_offered_it_is_refused() {
    let mut outbox = Outbox::new(1, 1);
    let offer = |outbox: &mut Outbox| {
        outbox.rewind();
        outbox.next_section().and_then(|it| Intake::span_of(&it)).expect("something waits")
    };
    outbox.push(0, Bytes::from_static(b"x"), 0);
    outbox.push(1, Bytes::from_static(b"x"), 0);
    let to_one = offer(&mut outbox);
    outbox.push(2, Bytes::from_static(b"x"), 0);
    let to_another = offer(&mut outbox);
    assert_eq!((to_one, to_another), ((1, 3), (1, 4)));
    outbox.not_taken(to_another.0, to_another.1);
    let gone = outbox.give_up(1000, 900);
    assert_eq!((gone.unknown, gone.refused), (vec![0, 1], vec![2]), "one did not answer");
    assert_eq!(outbox.generation(), 2);

    outbox.push(3, Bytes::from_static(b"x"), 0);
    for _ in 0..2 {
        let (first, end) = offer(&mut outbox);
        outbox.not_taken(first, end);
    }
    let gone = outbox.give_up(1000, 900);
    assert_eq!((gone.unknown, gone.refused), (vec![], vec![3]));
    assert_eq!(outbox.generation(), 2, "there is nothing to fence off");
}

#[test]
fn who_was_offered_more_sections_than_are_remembered_may_have_taken_any() {
    let mut outbox = Outbox::new(1, 1);
    outbox.push(0, Bytes::from_static(b"x"), 0);
    for _ in 0..=OPEN_MAX {
        outbox.rewind();
        outbox.next_section();
    }
    assert!(outbox.open.len() <= OPEN_MAX);
    (0..=OPEN_MAX).for_each(|_| outbox.not_taken(1, 2));
    assert_eq!(outbox.give_up(1000, 900).refused, []);
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

#[test]
fn of_two_states_of_a_lane_the_later_one_stays_when_they_are_joined() {
    let seen = |lanes: &[(u64, (u64, u64))]| Seen { lanes: lanes.iter().copied().collect() };
    let mut ours = seen(&[(1, (1, 9)), (2, (3, 1)), (3, (1, 4))]);
    let theirs = seen(&[(1, (1, 7)), (2, (2, 8)), (3, (2, 1)), (4, (1, 1))]);
    let joined = seen(&[(1, (1, 9)), (2, (3, 1)), (3, (2, 1)), (4, (1, 1))]);
    ours.join(&theirs);
    assert_eq!(ours, joined);
    ours.join(&theirs);
    assert_eq!(ours, joined);
}

#[test]
fn a_stamp_is_drawn_for_all_commands_of_an_entry() {
    let mut intake = Intake::default();
    let mut outbox = outbox_of(vec![zeros(1); 300]);
    while let Some(section) = outbox.next_section() {
        assert_eq!(intake.take(section, &Seen::default()), Taken::Yes);
    }
    let mut drawn = 0;
    let entry = intake.next_entry(|commands| {
        drawn = commands;
        7
    });
    let (_, sections) = entry.and_then(read_entry).expect("two sections wait");
    assert_eq!((drawn, sections.len()), (300, 2));
}

fn outbox_of(commands: impl IntoIterator<Item = Bytes>) -> Outbox {
    let mut outbox = Outbox::new(1, 1);
    for (token, command) in (0..).zip(commands) {
        assert!(outbox.push(token, command, 0));
    }
    outbox
}

fn zeros(len: usize) -> Bytes {
    Bytes::from(vec![0; len])
}

/// The number of the first command, and how many there are.
fn extent(section: Option<Bytes>) -> (u64, usize) {
    let section = section.and_then(|mut it| Section::take(&mut it)).expect("a section");
    (section.first, section.commands.len())
}

#[test]
fn a_section_takes_what_fits_or_one_command_that_does_not() {
    let half = SECTION_BYTES_MAX / 2;
    let mut outbox = outbox_of([half, half, 1, SECTION_BYTES_MAX + 1, half, half + 1].map(zeros));
    let sections = [(); SECTIONS_IN_FLIGHT_MAX].map(|()| extent(outbox.next_section()));
    assert_eq!(sections, [(1, 2), (3, 1), (4, 1), (5, 1)]);
}

#[test]
fn so_many_sections_are_under_way_at_once_and_each_that_is_applied_makes_room() {
    let mut outbox = Outbox::new(1, 1);
    for token in 0..6 {
        outbox.push(token, zeros(1), 0);
        if token < 4 {
            assert_eq!(extent(outbox.next_section()), (token + 1, 1));
        }
    }
    assert_eq!(outbox.next_section(), None);
    assert_eq!(outbox.applied(1, 1, 1), [0]);
    assert_eq!(extent(outbox.next_section()), (5, 2));
    assert_eq!(outbox.next_section(), None);
    assert_eq!(outbox.applied(1, 2, 3), [1, 2, 3]);
    assert_eq!(outbox.next_section(), None, "all is offered");
    assert_eq!((outbox.len(), outbox.is_empty()), (2, false));
}

#[test]
fn a_lane_does_not_come_to_a_halt_however_long_it_lives() {
    let mut outbox = Outbox::new(1, 1);
    for token in 0..100 {
        outbox.push(token, zeros(1), 0);
        assert_eq!(extent(outbox.next_section()), (token + 1, 1));
        if token >= 2 {
            assert_eq!(outbox.applied(1, token - 1, 1), [token - 2]); // Two are always under way.
        }
    }
}

#[test]
fn what_is_applied_of_another_life_or_out_of_turn_is_not_ours() {
    let mut outbox = outbox_of([1, 1].map(zeros));
    outbox.next_section();
    assert_eq!(outbox.applied(2, 1, 1), [0; 0]);
    assert_eq!(outbox.applied(1, 2, 1), [0; 0]);
    assert_eq!(outbox.applied(1, 1, 2), [0, 1]);
    assert!(outbox.is_empty());
}

#[test]
fn commands_that_a_fetched_state_contains_happened_and_the_rest_goes_on_behind_them() {
    let mut outbox = outbox_of([1; 5].map(zeros));
    outbox.next_section();
    let seen = |generation, last| Seen { lanes: BTreeMap::from([(1, (generation, last))]) };
    assert_eq!(outbox.overtaken(&Seen::default()), [0; 0]);
    assert_eq!(outbox.overtaken(&seen(2, 3)), [0; 0], "of another life");
    assert_eq!(outbox.overtaken(&seen(1, 0)), [0; 0]);
    assert_eq!(outbox.overtaken(&seen(1, 3)), [0, 1, 2]);
    assert_eq!(outbox.overtaken(&seen(1, 2)), [0; 0], "an older one");
    outbox.rewind();
    assert_eq!(extent(outbox.next_section()), (4, 2));
}

#[test]
fn who_waits_too_long_is_refused_and_who_came_later_stays_in_the_same_lane() {
    let mut outbox = Outbox::new(1, 1);
    for (token, now_ms) in [(0, 100), (1, 101)] {
        outbox.push(token, zeros(1), now_ms);
    }
    assert_eq!(outbox.oldest_age_ms(1_000), Some(900));
    assert_eq!(outbox.give_up(1_000, 901), GivenUp::default());
    let gone = outbox.give_up(1_000, 900);
    assert_eq!((gone.refused, gone.unknown), (vec![0], vec![]));
    assert_eq!((outbox.generation(), extent(outbox.next_section())), (1, (1, 1)));
    outbox.push(2, zeros(1), 1_000);
    let gone = outbox.give_up(1_001, 900);
    assert_eq!((gone.refused, gone.unknown), (vec![], vec![1]));
    assert_eq!((outbox.generation(), extent(outbox.next_section())), (2, (1, 1)));
    assert_eq!(outbox.oldest_age_ms(0), Some(0), "a clock that is read late does not go back");
}

#[test]
fn what_waits_in_an_outbox_is_bounded_and_what_leaves_it_makes_room() {
    let quarter = zeros(OUTBOX_BYTES_MAX / 4);
    let mut outbox = outbox_of([(); 4].map(|()| quarter.clone()));
    assert!(!outbox.push(9, zeros(1), 0));
    outbox.next_section();
    outbox.applied(1, 1, 1);
    assert!(outbox.push(4, quarter.clone(), 0));
    assert!(!outbox.push(9, zeros(1), 0));
    outbox.give_up(0, 0);
    outbox.push(5, zeros(1), 0);
    outbox.give_up(0, 0);
    for token in 6..10 {
        assert!(outbox.push(token, quarter.clone(), 0), "nothing waits before it");
    }
    assert_eq!(outbox.len(), 4);
}

#[test]
fn what_waits_at_a_leader_is_bounded_over_all_lanes_and_each_entry_makes_room() {
    let (mut intake, seen) = (Intake::default(), Seen::default());
    let command = zeros((1 << 20) - SECTION_HEAD - 4);
    let offer = |intake: &mut Intake, origin| {
        let commands = vec![command.clone()];
        intake.take(Section { origin, generation: 1, first: 1, commands }.encode(), &seen)
    };
    for origin in 0..=32 {
        assert_eq!(offer(&mut intake, origin), Taken::Yes, "{origin}");
    }
    assert_eq!(offer(&mut intake, 33), Taken::No);
    assert!(intake.next_entry(|_| 1).is_some());
    assert_eq!(offer(&mut intake, 33), Taken::Yes);
    assert_eq!(offer(&mut intake, 34), Taken::No);
}

#[test]
fn an_entry_takes_the_sections_that_fit_or_one_that_does_not() {
    let (mut intake, seen) = (Intake::default(), Seen::default());
    let third = SECTION_BYTES_MAX / 4;
    for (origin, len) in [(1, 2 * third), (2, third), (3, third), (4, 1 << 20), (5, 1_000)] {
        let commands = vec![zeros(len - SECTION_HEAD - 4)];
        intake.take(Section { origin, generation: 1, first: 1, commands }.encode(), &seen);
    }
    let mut origins = || {
        let (_, sections) = entry_of(&mut intake)?;
        Some(sections.iter().map(|it| it.origin).collect::<Vec<_>>())
    };
    assert_eq!(origins(), Some(vec![1, 2, 3]));
    assert_eq!(origins(), Some(vec![4]));
    assert_eq!(origins(), Some(vec![5]));
    assert_eq!(origins(), None);
    assert_eq!(intake.origins().collect::<Vec<_>>(), [1, 2, 3, 4, 5].map(|it| (it, 1)));
    assert!(intake.is_empty());
}

#[test]
fn what_was_applied_is_dropped_a_gap_waits_and_a_new_life_ends_the_one_before() {
    let mut seen = Seen::default();
    let mut admit = |generation, first, commands: &'static [&'static str]| {
        let commands = commands.iter().map(|it| Bytes::from_static(it.as_bytes())).collect();
        let (first, new) = seen.admit(Section { origin: 1, generation, first, commands });
        (first, new.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect::<String>())
    };
    let nothing = || (0, String::new());
    assert_eq!(admit(1, 1, &["a", "b"]), (1, "ab".to_owned()));
    assert_eq!(admit(1, 2, &["b", "c"]), (3, "c".to_owned()));
    assert_eq!(admit(1, 1, &["a", "b", "c"]), nothing(), "applied");
    assert_eq!(admit(1, 5, &["e"]), nothing(), "a gap");
    assert_eq!(admit(2, 2, &["y"]), nothing(), "a gap at the beginning of a life");
    assert_eq!(admit(1, 4, &["d"]), nothing(), "the life before");
    assert_eq!(admit(2, 1, &["x"]), (1, "x".to_owned()));
    assert_eq!(admit(2, 2, &["y"]), (2, "y".to_owned()));
}

#[test]
fn a_leader_takes_a_lane_up_where_the_state_ends_and_a_new_life_from_its_beginning() {
    let seen = Seen { lanes: BTreeMap::from([(1, (5, 3))]) };
    let take = |intake: &mut Intake, generation, first| {
        let commands = vec![zeros(1), zeros(1)];
        intake.take(Section { origin: 1, generation, first, commands }.encode(), &seen)
    };
    let mut intake = Intake::default();
    assert_eq!(take(&mut intake, 5, 2), Taken::Yes, "applied already");
    assert!(intake.is_empty());
    assert_eq!(take(&mut intake, 5, 5), Taken::No, "a gap");
    assert_eq!(take(&mut intake, 5, 3), Taken::Yes, "half of it is new");
    assert!(!intake.is_empty());
    assert_eq!(take(&mut intake, 4, 5), Taken::No, "an earlier life");
    assert_eq!(take(&mut intake, 6, 2), Taken::No, "a gap at its beginning");
    assert_eq!(take(&mut intake, 6, 1), Taken::Yes);
    assert_eq!(take(&mut intake, 5, 5), Taken::No, "an earlier life by now");
    assert_eq!(take(&mut intake, 6, u64::MAX), Taken::No);
}

#[test]
fn bytes_that_are_not_quite_sections_are_none() {
    let section = Section { origin: 1, generation: 2, first: 3, commands: vec![zeros(2)] };
    let whole = section.encode();
    assert_eq!(whole.len(), SECTION_HEAD + 4 + 2);
    assert_eq!(Intake::lane_of(&whole), Some((1, 2)));
    assert_eq!(Section::take(&mut whole.clone()), Some(section));
    for len in 0..whole.len() {
        assert_eq!(Section::take(&mut whole.slice(..len)), None, "{len} bytes of it");
    }
    for (at, what) in [(24, "another count"), (28, "another length"), (32, "another command")] {
        let mut bytes = BytesMut::from(&whole[..]);
        bytes[at] += 1;
        bytes.put_u8(0);
        let taken = Section::take(&mut bytes.freeze());
        assert_eq!(taken, None, "{what}");
    }
    let head_alone = Section { origin: 1, generation: 2, first: 3, commands: vec![] }.encode();
    assert_eq!(Section::take(&mut head_alone.clone()).map(|it| it.commands.len()), Some(0));
}

#[test]
fn an_entry_begins_with_its_version_and_its_stamp() {
    let entry = Bytes::from_static(&[ENTRY_VERSION, 7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read_entry(entry.clone()), Some((7, vec![])));
    assert_eq!(read_entry(entry.slice(..8)), None);
    assert_eq!(read_entry(Bytes::from_static(&[2, 7, 0, 0, 0, 0, 0, 0, 0])), None);
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
        // Nobody disturbs any more: each round brings at least one section through.
        for _ in 0..=pushed / SECTION_COMMANDS_MAX as u64 {
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

#[test]
fn who_begins_again_from_a_state_that_knows_less_is_heard_and_nothing_older_is() {
    let (mut outbox, mut seen, mut intake) =
        (Outbox::new(1, 1), Seen::default(), Intake::default());
    for token in 0..3 {
        outbox.push(token, Bytes::from_static(b"x"), 0);
    }
    let older = outbox.next_section().expect("three wait");
    assert_eq!(outbox.applied(1, 1, 2), [0, 1], "in a log that does not count any more");
    let gone = outbox.begin_again(0);
    assert_eq!((gone.unknown, gone.refused), (vec![2], vec![]));

    outbox.push(3, Bytes::from_static(b"y"), 0);
    let section = outbox.next_section().expect("it waits");
    assert_eq!(intake.take(section, &seen), Taken::Yes);
    let (_, mut sections) = entry_of(&mut intake).expect("it was taken");
    assert_eq!(seen.admit(sections.remove(0)), (1, vec![Bytes::from_static(b"y")]));
    assert_eq!(intake.take(older, &seen), Taken::No);

    let before = outbox.generation();
    assert_eq!(outbox.applied(before, 1, 1), [3]);
    assert_eq!(outbox.begin_again(0), GivenUp::default());
    assert_eq!(outbox.generation(), before + 1, "what was applied may be unknown there");
}
