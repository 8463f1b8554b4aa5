//! One verb, one file.
//!
//! A verb of one room gets the room as it stands and answers what happened or why not; the ids, the
//! index and "no such room" are not its business. `forget` and `expire` touch many rooms; `adopt`, `lives`
//! and `gone` are between groups, about a room that was or will be here; `close`, `tail` and `open` end an
//! era of gossip.

mod say;

mod join;
mod part;

mod invite;
mod kick;
mod modes;
mod topic;

mod access;
mod claim;
mod release;

mod expire;
mod forget;

mod adopt;
mod fence;
mod gone;
mod lives;

mod close;
mod open;
mod tail;

pub(super) use access::access;
pub(super) use adopt::adopt;
pub(super) use claim::claim;
pub(super) use close::close;
pub(super) use expire::expire;
pub(super) use fence::fence;
pub(super) use forget::forget;
pub(super) use gone::gone;
pub(super) use invite::invite;
pub(super) use join::join;
pub(super) use kick::kick;
pub(super) use lives::lives;
pub(super) use modes::modes;
pub(super) use open::open;
pub(super) use part::part;
pub(super) use release::release;
pub(super) use say::say;
pub(super) use tail::tail;
pub(super) use topic::topic;
