//! How a violation is told: few lines, each with its time and place, and what was done around them.

use crate::evidence::{Claim, ClaimOutcome, Evidence, Kept, Outcome, Read, Release, Sent};
use crate::index::{Place, Where};
use std::fmt::Write;

/// A deed so long before what happened may still have caused it.
const BEFORE_MS: u64 = 3_000;
/// Clocks of different observers may differ by this.
const BEHIND_MS: u64 = 500;
/// More deeds than this are no short story; the last are told.
const DEEDS_MAX: usize = 8;
/// Of a body, as many characters are told.
const BODY_CHARS_MAX: usize = 60;

/// One violation, told.
pub(crate) struct Story {
    headline: String,
    lines: Vec<String>,
    /// When it happened, first and last, in the run's time.
    span_ms: Option<(u64, u64)>,
}

/// All violations of one invariant, of which the shortest in time is kept.
#[derive(Default)]
pub(crate) struct Stories {
    best: Option<(u64, Story)>,
    count: usize,
}

impl Stories {
    /// One more. `tell` is only called if it is the shortest so far.
    pub(crate) fn add(&mut self, length_ms: u64, tell: impl FnOnce() -> Story) {
        self.count += 1;
        if self.best.as_ref().is_none_or(|it| length_ms < it.0) {
            self.best = Some((length_ms, tell()));
        }
    }

    /// The shortest, with the number of all and the deeds around it.
    pub(crate) fn told(self, evidence: &Evidence) -> Option<String> {
        let (_, story) = self.best?;
        let mut told = story.headline;
        if self.count > 1 {
            let _ = write!(told, " ({} in all)", self.count); // Text takes everything.
        }
        for line in story.lines {
            told += "\n    ";
            told += &line;
        }
        let Some((from_ms, to_ms)) = story.span_ms else {
            return Some(told);
        };
        let around = from_ms.saturating_sub(BEFORE_MS)..=to_ms.saturating_add(BEHIND_MS);
        let deeds = evidence.deeds.iter().filter(|it| around.contains(&it.0));
        let deeds: Vec<_> = deeds.collect();
        if !deeds.is_empty() {
            told += "\n  done meanwhile:";
        }
        for (at_ms, deed) in &deeds[deeds.len().saturating_sub(DEEDS_MAX)..] {
            let _ = write!(told, "\n    {at_ms:>7} ms  {deed}"); // Text takes everything.
        }
        Some(told)
    }
}

impl Story {
    pub(crate) fn new(headline: impl Into<String>) -> Story {
        Story { headline: headline.into(), lines: Vec::new(), span_ms: None }
    }

    /// It reaches over this time too.
    pub(crate) fn at(mut self, from_ms: u64, to_ms: u64) -> Story {
        let (from, to) = self.span_ms.unwrap_or((from_ms, to_ms));
        self.span_ms = Some((from.min(from_ms), to.max(to_ms)));
        self
    }

    pub(crate) fn line(mut self, line: impl Into<String>) -> Story {
        self.lines.push(line.into());
        self
    }

    pub(crate) fn sent(self, it: &Sent) -> Story {
        let Sent { place, sender, number, node, sent_ms, answered_ms, .. } = it;
        let life = format!("{sender} {number} to {place} through {node}, sent at {sent_ms} ms");
        let how = match it.outcome {
            Outcome::Waiting => return self.at(*sent_ms, *sent_ms).line(life + ", never answered"),
            Outcome::Done => "acknowledged",
            Outcome::Refused => "refused",
            Outcome::Unknown => "answered as unknown",
        };
        let id = it.id.as_ref().map(|id| format!(" as {id}")).unwrap_or_default();
        let line = format!("{life}, {how}{id} at {answered_ms} ms");
        self.at(*sent_ms, *answered_ms.max(sent_ms)).line(line)
    }

    pub(crate) fn claim(self, it: &Claim) -> Story {
        let Claim { client, nick, begin_ms, end_ms, outcome } = it;
        let (how, end_ms) = match outcome {
            ClaimOutcome::Held => ("got it", *end_ms),
            ClaimOutcome::InUse => ("was told that it is in use", *end_ms),
            ClaimOutcome::Refused => ("was refused", *end_ms),
            ClaimOutcome::Unknown => {
                let line = format!("{client} asked for {nick} at {begin_ms} ms; unknown");
                return self.at(*begin_ms, *begin_ms).line(line);
            }
        };
        let line = format!("{client} asked for {nick} at {begin_ms} ms, {how} at {end_ms} ms");
        self.at(*begin_ms, end_ms).line(line)
    }

    pub(crate) fn release(self, it: &Release) -> Story {
        let Release { client, nick, begin_ms, end_ms } = it;
        let by = end_ms.map_or("any time later".to_owned(), |it| format!("by {it} ms"));
        let line = format!("{client} lets {nick} go, from {begin_ms} ms on, {by}");
        self.at(*begin_ms, end_ms.unwrap_or(*begin_ms)).line(line)
    }

    pub(crate) fn read(self, it: &Read) -> Story {
        let Read { reader, node, place, begin_ms, end_ms, items, .. } = it;
        let after = it.after.as_ref().map(|id| format!(" after {id}")).unwrap_or_default();
        let end = if it.is_whole { " to the end" } else { "" };
        let line = format!(
            "{reader} read {} records of {place}{after}{end} on {node}, {begin_ms} to {end_ms} ms",
            items.len()
        );
        self.at(*begin_ms, *end_ms).line(line)
    }

    /// A record with where it was seen.
    pub(crate) fn record(self, place: &Place<'_>, at: Where<'_>, record: &Kept) -> Story {
        let what = told(record);
        match at {
            Where::Final(node) => {
                let story = match place.span(record) {
                    Some((from_ms, to_ms)) => self.at(from_ms, to_ms),
                    None => self,
                };
                story.line(format!("{node} has at the end {what}"))
            }
            Where::Read(read) => self.read(read).line(format!("  in it {what}")),
            Where::Live(live, seen_ms) => {
                let (connection, node) = (&live.connection, &live.node);
                let line = format!("{connection} on {node} saw at {seen_ms} ms {what}");
                self.at(seen_ms, seen_ms).line(line)
            }
        }
    }
}

/// A record in a line.
fn told(it: &Kept) -> String {
    let name = it.name().map(|(sender, number)| format!("{sender} {number}, "));
    let body: String = it.body.chars().take(BODY_CHARS_MAX).collect();
    let body = if body.is_empty() { body } else { format!(", {body:?}") };
    format!("{}id {}, server-time {}{body}", name.unwrap_or_default(), it.id, it.at_ms)
}
