//! What gossip replicas say to each other, and what a state says that it contains.
//!
//! What can be read can be written and read again, and nothing is allocated for what is not there. Whatever a
//! replica is told, by whomever: it delivers of each origin one entry after the other, it writes
//! what it delivers, and what it says can be read.
#![no_main]

use bytes::Bytes;
use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use replica::strategy::gossip_fuzzing::memory_again;
use replica_proto::gossip::{Effects, Entry, Input, Limits, Log, Machine, Message, Start};
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    match bytes {
        [0, body @ ..] => comes_back(memory_again, body),
        [1, body @ ..] => comes_back(message_again, body),
        [2, body @ ..] => story(body),
        _ => {}
    }
});

fn message_again(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Message::decode(&Bytes::copy_from_slice(bytes))?.encode().to_vec())
}

fn comes_back(again: fn(&[u8]) -> Option<Vec<u8>>, bytes: &[u8]) {
    let (read, peak) = peak_bytes_of(|| again(bytes));
    assert!(peak <= 128 * bytes.len() + 4096, "{peak} bytes for {} received", bytes.len());
    if let Some(once) = read {
        assert_eq!(again(&once).as_ref(), Some(&once));
    }
}

#[derive(Default)]
struct Disk(BTreeMap<(u64, u64), Entry>);

impl Log for Disk {
    fn read(&self, origin: u64, after: u64, upto: u64, bytes_max: usize, out: &mut Vec<Entry>) {
        let mut bytes = 0;
        for index in after.saturating_add(1)..=upto {
            let Some(entry) = self.0.get(&(origin, index)) else { return };
            bytes += entry.data.len();
            if bytes > bytes_max && index > after + 1 {
                return;
            }
            out.push(entry.clone());
        }
    }
}

/// Frames of two peers, own entries, and time: a byte that says which, one for the length.
fn story(mut bytes: &[u8]) {
    let (mut disk, mut effects) = (Disk::default(), Effects::default());
    let limits = Limits { waiting_entries_max: 8, waiting_bytes_max: 1 << 10, ..Limits::default() };
    let mut machine = Machine::new(1, limits, 7, (0, 0), &Start::default(), &disk, &mut effects);
    let (mut now_ms, mut written) = (0, 0);
    let mut delivered: BTreeMap<u64, u64> = BTreeMap::new();
    let mut inputs = vec![Input::Members(vec![1, 2, 3])];
    inputs.extend([2, 3].map(|peer| Input::Link { peer, is_up: true }));
    loop {
        for input in std::mem::take(&mut inputs) {
            machine.step(now_ms, now_ms, input, &disk, &mut effects);
        }
        for entry in effects.appends.drain(..) {
            written += 1;
            let was_there = disk.0.insert((entry.origin, entry.index), entry);
            assert!(was_there.is_none(), "an entry is written once");
        }
        for entry in effects.delivers.drain(..) {
            let last = delivered.entry(entry.origin).or_default();
            assert_eq!(entry.index, *last + 1, "one after the other");
            assert!(disk.0.contains_key(&(entry.origin, entry.index)));
            *last = entry.index;
        }
        for (to, message) in effects.sends.drain(..) {
            assert!(to != 1 && Message::decode(&message).is_some());
        }
        let [what, len, rest @ ..] = bytes else { return };
        let (body, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        bytes = rest;
        now_ms += 20;
        let data = Bytes::copy_from_slice(body);
        inputs.push(match what % 6 {
            0 | 1 => Input::Received { from: 2, message: data },
            2 => Input::Received { from: 3, message: data },
            3 => Input::Stamped { hlc: now_ms << 16, data },
            4 => Input::Synced(written),
            _ => Input::Tick,
        });
    }
}
