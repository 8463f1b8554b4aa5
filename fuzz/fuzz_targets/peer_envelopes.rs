//! What nodes say to each other: envelopes, Raft messages, parts of history, sections of lanes.
//!
//! What can be read can be written and read again, and nothing is allocated for what is not there.
//! Sections that a leader takes become an entry that every replica reads, and a repeat of it is empty.
#![no_main]

use bytes::Bytes;
use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use replica::engine::fuzzing::{envelope_again, history_again};
use replica::lane::{Intake, Section, Seen, Taken, read_entry};
use replica::strategy::raft_fuzzing::{change_again, conf_state_again, message_again};

type Again = fn(&[u8]) -> Option<Vec<u8>>;
const CODECS: [Again; 5] =
    [envelope_again, message_again, conf_state_again, change_again, history_again];

fuzz_target!(|bytes: &[u8]| {
    let [which, body @ ..] = bytes else { return };
    match CODECS.get(usize::from(*which)) {
        Some(again) => comes_back(*again, body),
        None => lanes(body),
    }
});

fn comes_back(again: Again, bytes: &[u8]) {
    let (read, peak) = peak_bytes_of(|| again(bytes));
    assert!(peak <= 64 * bytes.len() + 4096, "{peak} bytes for {} received", bytes.len());
    if let Some(once) = read {
        assert_eq!(again(&once).as_ref(), Some(&once));
    }
}

fn lanes(bytes: &[u8]) {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut seen = Seen::default();
    let _ = read_entry(rest.clone()).map(|(_, them)| {
        them.into_iter().for_each(|it| {
            seen.admit(it);
        })
    });

    let mut intake = Intake::default();
    let mut taken = Vec::new();
    loop {
        let before = rest.clone();
        let Some(section) = Section::take(&mut rest) else { break };
        let encoded = before.slice(..before.len() - rest.len());
        if intake.take(encoded, &seen) == Taken::Yes {
            taken.push(section);
        }
    }
    while let Some(entry) = intake.next_entry(|_| 7) {
        let (stamp, sections) = read_entry(entry).expect("an entry of ours can be read");
        assert_eq!(stamp, 7);
        for it in sections {
            assert!(taken.contains(&it));
            seen.admit(it.clone());
            assert!(seen.admit(it).1.is_empty(), "a repeat changes nothing");
        }
    }
}
