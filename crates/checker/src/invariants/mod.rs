//! What must hold: a file and a row each.

mod acknowledged;
mod answered;
mod delivered;
mod equal;
mod ghosts;
mod ids;
mod invented;
mod judged;
mod leaders;
mod missed;
mod monotonic_reads;
mod names;
mod once;
mod order;
mod own_writes;
mod parted;
mod real_time;
mod refused;
mod search;
mod server_time;
mod unchanged;

use crate::index::Index;
use crate::story::Stories;

/// A row of the table.
pub struct Invariant {
    /// In a word.
    pub name: &'static str,
    /// In a sentence.
    pub about: &'static str,
    /// Tells every breach.
    pub(crate) check: fn(&Index<'_>, &mut Stories),
}

/// All of them.
pub const ALL: &[Invariant] = &[
    judged::INVARIANT,
    acknowledged::INVARIANT,
    once::INVARIANT,
    order::INVARIANT,
    real_time::INVARIANT,
    refused::INVARIANT,
    invented::INVARIANT,
    answered::INVARIANT,
    ids::INVARIANT,
    equal::INVARIANT,
    unchanged::INVARIANT,
    delivered::INVARIANT,
    missed::INVARIANT,
    own_writes::INVARIANT,
    monotonic_reads::INVARIANT,
    names::INVARIANT,
    names::UNDECIDED,
    ghosts::INVARIANT,
    leaders::INVARIANT,
    server_time::INVARIANT,
];
