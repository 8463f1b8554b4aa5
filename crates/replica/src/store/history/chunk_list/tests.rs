//! The list against a plain `Vec<Chunk>`, and what it costs.

use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

impl ChunkList {
    fn heap_bytes(&self) -> usize {
        self.blocks.iter().map(|it| it.len()).sum::<usize>()
            + self.blocks.capacity() * size_of::<Box<[u8]>>()
            + self.plain.capacity() * size_of::<Chunk>()
    }
}

/// Usual values and those at the ends of the type, in any order.
fn any_chunk(rng: &mut SmallRng, first_ordinal: u64) -> Chunk {
    let mut wide = || match rng.random_range(0..6) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << 63,
        3 => rng.random(),
        _ => rng.random_range(0..1000),
    };
    let (first_sort, last_index, other) = (wide(), wide(), wide());
    let (segment, offset, len) = (other as u32, (other >> 32) as u32, wide() as u32);
    Chunk { first_ordinal, first_sort, last_index, segment, offset, len }
}

/// Adds to both; ordinals go up, as those of a room do, up to the last one there is.
fn push(list: &mut ChunkList, model: &mut Vec<Chunk>, rng: &mut SmallRng, count: usize) {
    for _ in 0..count {
        let step = if rng.random_bool(0.02) { rng.random_range(1..1 << 60) } else { 512 };
        let newest = model
            .last()
            .map_or(Some(rng.random_range(0..3)), |it| it.first_ordinal.checked_add(step));
        let it = any_chunk(rng, newest.unwrap_or(u64::MAX));
        if model.last().is_none_or(|last| last.first_ordinal < it.first_ordinal) {
            list.push(it);
            model.push(it);
        }
    }
}

fn compare(list: &ChunkList, model: &[Chunk], n: usize) {
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    assert!(list.iter().eq(model.iter().copied()));
    assert!(list.iter().rev().eq(model.iter().rev().copied()));
    for at in [0, 1, n, model.len() / 2, model.len().saturating_sub(1), model.len(), usize::MAX - n]
    {
        assert_eq!(list.get(at), model.get(at).copied());
        assert!(list.iter_from(at).eq(model.iter().skip(at).copied()));
        let ordinal = model.get(at).map_or(at as u64, |it| it.first_ordinal);
        for ordinal in [ordinal.saturating_sub(1), ordinal, ordinal.saturating_add(1)] {
            let found = model.iter().position(|it| it.first_ordinal == ordinal);
            assert_eq!(list.find(ordinal), found.map(|at| (at, model[at])));
            let is_before = |it: &Chunk| it.first_ordinal < ordinal;
            assert_eq!(list.partition_point(is_before), model.partition_point(is_before));
        }
    }
    assert!(list.plain.len() < BLOCK + PLAIN_MIN);
    assert!(list.plain.capacity() <= BLOCK + PLAIN_MIN);
}

proptest! {
    #[test]
    fn it_answers_as_a_vec_does(
        seed in any::<u64>(),
        steps in prop::collection::vec((0u8..10, 0usize..150), 1..40),
    ) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut list, mut model) = (ChunkList::default(), Vec::new());
        for (step, n) in steps {
            match step {
                0..4 => push(&mut list, &mut model, &mut rng, n),
                4 => {
                    let gone: Vec<Chunk> = model.drain(..n.min(model.len())).collect();
                    prop_assert_eq!(list.take_front(n), gone);
                }
                5 => { // A few at the end, as when short chunks are merged.
                    let at = model.len().saturating_sub(n % 12);
                    prop_assert_eq!(list.take_from(at), model.split_off(at));
                }
                6 => {
                    let at = model.len().saturating_sub(n);
                    prop_assert_eq!(list.take_from(at), model.split_off(at));
                }
                _ => for _ in 0..(n % 5).min(model.len()) {
                    let at = rng.random_range(0..model.len());
                    model[at] = any_chunk(&mut rng, model[at].first_ordinal);
                    list.replace(at, model[at]);
                },
            }
            compare(&list, &model, n);
        }
    }
}

/// What a room gets that writes 125 messages a second beside 200 others, in files of 64 MiB.
fn busy_room(chunks: u64) -> ChunkList {
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut list, mut place) = (ChunkList::default(), 0u64);
    let (mut first_sort, mut last_index) = (1_700_000_000_000 << 16, 1);
    for n in 0..chunks {
        first_sort += (rng.random_range(3_900..4_300) << 16) + rng.random_range(0..50);
        last_index += rng.random_range(300..900);
        place += rng.random_range(6 << 20..18 << 20);
        let (segment, offset) = ((place >> 26) as u32, (place % (1 << 26)) as u32);
        let len = rng.random_range(59_000..61_000);
        list.push(Chunk { first_ordinal: n * 512, first_sort, last_index, segment, offset, len });
    }
    list
}

#[test]
fn a_chunk_of_a_long_history_costs_eighteen_bytes_at_most() {
    for chunks in [1, 10, 100, 365, 73_000] {
        let bytes = busy_room(chunks).heap_bytes();
        // Beside the rows, what the newest take that are not packed.
        assert!(bytes as u64 <= 18 * chunks + 1600, "{bytes} bytes for {chunks} chunks");
    }
    assert!(busy_room(1).heap_bytes() <= PLAIN_STEP * size_of::<Chunk>());
}
