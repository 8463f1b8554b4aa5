//! A group that names its own primary: [`bully`] elects who coordinates, the coordinator makes
//! the views, and [`primary_backup`](crate::primary_backup) replicates under them.
//!
//! Promise: what is committed is on disk at every copy in the view, and no coordinator that can reach one
//! of them begins without it. It works down to one copy, so both sides of a cut go on: that is a fork. Each
//! side is a *line* of its own; when they meet, the copies of the lower coordinator's line are dropped and
//! fetched anew, and whoever runs this machine is told ([`Effects::is_reset`]), for what was committed only
//! there is gone from the group.
//!
//! Each [`Reign`] has one line. A coordinator begins from the freshest copy that it gathered, and says
//! which line that copy was of and how far it had come ([`Decided`]): a copy of the same line with
//! nothing committed beyond goes on from where it is, any other begins again. From the moment a member follows
//! a reign, copies of other lines tell it nothing and hear nothing from it, and it takes no offers until it is
//! of that reign's line: what it has said it has is all that it has acknowledged.
//!
//! Whoever coordinates need not be the primary. As in a group that the directory looks after, the primary alone
//! proposes who is in sync; the coordinator replaces a primary that it does not hear by beginning a new reign.

mod decide;
mod inputs;
mod obey;
mod status;
mod wire;

#[cfg(test)]
mod tests;

pub use inputs::{Effects, Input, Start, Write};
pub use wire::{Decided, Message};

use crate::bully::{self, Bully, PeerId, Position, Reign, Standing};
use crate::primary_backup::{self as copy, Log, PrimaryBackup, Propose};
use decide::Deciding;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// What can be set.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Of elections.
    pub bully: bully::Options,
    /// Of copies.
    pub copy: copy::Options,
}

/// One member of the group.
pub struct Coordinated {
    me: PeerId,
    options: Options,
    bully: Bully,
    copy: PrimaryBackup,
    /// Of which reign the copy here is; 0: of none yet.
    line: u64,
    members: Vec<PeerId>,
    up: BTreeSet<PeerId>,
    deciding: Option<Deciding>,
    /// Of the primary here, while this node coordinates itself.
    own_proposals: Vec<Propose>,
    /// What the present copy's write numbers are counted from.
    written_before: u64,
    /// What the copy wants, on its way to whoever runs this machine.
    wanted: copy::Effects,
}

/// Identifies the line of a reign.
fn line_of(reign: Reign) -> u64 {
    let numbers = [reign.round, reign.coordinator, reign.life].map(u64::to_le_bytes);
    xxh3_64(numbers.as_flattened()).max(1)
}

impl Coordinated {
    /// A member with what its disk held. `life` rises with each start of this node.
    ///
    /// # Errors
    /// The log and the state do not fit together; the words say how.
    pub fn new(
        me: PeerId,
        life: u64,
        options: Options,
        start: Start,
        log: &impl Log,
        effects: &mut Effects,
    ) -> Result<Coordinated, String> {
        let (applied, applied_epoch) = start.copy.applied;
        // A log that was dropped, and a state that was not replaced in time: it is still of its old line.
        let is_dropped = applied > 0 && log.epoch_of(applied) != Some(applied_epoch);
        let line = if is_dropped { start.state_line } else { start.line };
        let mut wanted = copy::Effects::default();
        let copy = PrimaryBackup::new(me, options.copy.clone(), start.copy, log, &mut wanted)?;
        let mut this = Coordinated {
            me,
            bully: Bully::new(me, life, options.bully.clone()),
            options,
            copy,
            line,
            members: Vec::new(),
            up: BTreeSet::new(),
            deciding: None,
            own_proposals: Vec::new(),
            written_before: 0,
            wanted,
        };
        if is_dropped {
            // Before the log joins the state again: it would else be taken for one of the newer line.
            let (epoch, commit) = (this.copy.epoch(), applied);
            effects.writes.push(Write::HardState { epoch, commit, line });
        }
        this.pass_on(effects);
        Ok(this)
    }

    /// Takes one input. `now_ms` is the node's monotonic clock.
    pub fn step(&mut self, now_ms: u64, input: Input, log: &impl Log, effects: &mut Effects) {
        // Whoever is answered in this step hears how far the copy is now.
        self.elect(now_ms, bully::Input::Position(self.position(log)), effects);
        match input {
            Input::Members(members) => {
                self.members.clone_from(&members);
                self.elect(now_ms, bully::Input::Members(members), effects);
            }
            Input::Link(peer, is_up) => {
                let _ = if is_up { self.up.insert(peer) } else { self.up.remove(&peer) };
                self.elect(now_ms, bully::Input::Link(peer, is_up), effects);
                self.copy(now_ms, copy::Input::Link(peer, is_up), log, effects);
            }
            Input::Tick => {
                self.elect(now_ms, bully::Input::Tick, effects);
                self.copy(now_ms, copy::Input::Tick, log, effects);
            }
            Input::Receive(from, message) => self.hear(now_ms, from, message, log, effects),
            Input::Synced(number) => {
                // What an earlier copy had written is of no interest any more.
                if let Some(number) = number.checked_sub(self.written_before) {
                    self.copy(now_ms, copy::Input::Synced(number), log, effects);
                }
            }
            Input::Copy(input) => self.copy(now_ms, input, log, effects),
        }
        self.coordinate(now_ms, log, effects);
    }

    /// Says what to send since the last time. All writes asked for so far can be read in the log.
    pub fn flush(&mut self, now_ms: u64, log: &impl Log, effects: &mut Effects) {
        if self.is_in_line() {
            self.copy.flush(now_ms, log, &mut self.wanted);
            self.pass_on(effects);
        }
    }

    fn hear(
        &mut self,
        now_ms: u64,
        from: PeerId,
        message: Message,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        match message {
            Message::Elect(message) => {
                self.elect(now_ms, bully::Input::Receive(from, message), effects);
                self.remind(now_ms, from, message, effects);
            }
            Message::Copy { line, message } if line == self.line && self.is_in_line() => {
                self.copy(now_ms, copy::Input::Receive(from, message), log, effects);
            }
            Message::Copy { .. } => {} // Of another reign than the one that is followed here.
            Message::Decided(it) => {
                let is_of_ours =
                    matches!(self.bully.standing(), Standing::Follows(reign) if reign == it.reign);
                if is_of_ours && it.reign.coordinator == from {
                    self.obey(now_ms, it, log, effects);
                }
            }
            Message::Propose { line, propose } => {
                self.judge(now_ms, from, line, propose, log, effects);
            }
        }
    }

    fn elect(&mut self, now_ms: u64, input: bully::Input, effects: &mut Effects) {
        let mut sends = bully::Sends::new();
        self.bully.step(now_ms, input, &mut sends);
        effects.sends.extend(sends.into_iter().map(|(to, it)| (to, Message::Elect(it))));
    }

    fn copy(&mut self, now_ms: u64, input: copy::Input, log: &impl Log, effects: &mut Effects) {
        self.copy.step(now_ms, input, log, &mut self.wanted);
        self.pass_on(effects);
    }

    /// What the copy wants is of its line.
    fn pass_on(&mut self, effects: &mut Effects) {
        let line = self.line;
        let wanted = std::mem::take(&mut self.wanted);
        let is_in_line = self.is_in_line();
        let sends = wanted.sends.into_iter().filter(|_| is_in_line);
        effects.sends.extend(sends.map(|(to, message)| (to, Message::Copy { line, message })));
        effects.writes.extend(wanted.writes.into_iter().map(|it| Write::of(it, line)));
        effects.commit = wanted.commit.or(effects.commit);
        effects.fetch = wanted.fetch.or(effects.fetch.take());
        effects.wants_state |= wanted.wants_state;
        self.send_proposals(wanted.proposes, effects);
    }

    fn position(&self, log: &impl Log) -> Position {
        let index = log.last();
        Position {
            epoch: log.epoch_of(index).unwrap_or(0),
            index,
            line: self.line,
            taken: self.copy.epoch(),
            is_told: self.copy.is_told(),
        }
    }

    /// Which reign this member takes part in.
    fn reign(&self) -> Option<Reign> {
        match self.bully.standing() {
            Standing::Follows(reign) | Standing::Coordinates { reign, .. } => Some(reign),
            Standing::Outside | Standing::Electing => None,
        }
    }

    /// The copy here is of the reign that this member takes part in.
    fn is_in_line(&self) -> bool {
        self.line != 0 && self.reign().is_some_and(|it| line_of(it) == self.line)
    }
}
