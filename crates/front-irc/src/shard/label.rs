//! labeled-response: the whole answer of a labelled command is collected, then sent as one line,
//! one batch, or ACK. <https://ircv3.net/specs/extensions/labeled-response>

use super::{Capture, Shard};
use crate::conn::Labelled;
use crate::turn::Turn;
use irc_proto::{Cap, LineWriter, Tags};
use node::door::NUMBER_MAX;

/// Longest label (the specification's).
const LABEL_BYTES_MAX: usize = 64;

impl Shard {
    /// The label of a line, if the client has labels.
    pub(super) fn label_of(&self, slot: u32, tags: Tags<'_>) -> Option<Box<str>> {
        if tags.is_empty() || !self.outs.caps(slot).has(Cap::LabeledResponse) {
            return None;
        }
        let label = tags.get("label")?;
        (!label.is_empty() && label.len() <= LABEL_BYTES_MAX).then(|| label.into())
    }

    /// Runs something whose answer carries the label.
    pub(super) fn run_labelled(
        &mut self,
        slot: u32,
        label: Option<Box<str>>,
        run: impl FnOnce(&mut Turn<'_>),
    ) {
        let Some(label) = label else {
            run(&mut Turn { shard: self, slot });
            return;
        };
        self.next_label = self.next_label.wrapping_add(1);
        let number = self.next_label;
        let is_numbered = self.outs.caps(slot).has(Cap::Resume);
        self.capture = Capture {
            is_on: true,
            label: Some(number),
            number: number_of(&label).filter(|_| is_numbered).unwrap_or_default(),
            ..std::mem::take(&mut self.capture)
        };
        run(&mut Turn { shard: self, slot });
        let mut capture = std::mem::take(&mut self.capture);
        if capture.asked == 0 {
            self.finish_label(slot, &label, &capture.lines);
            capture.lines.clear();
            self.capture.lines = capture.lines; // Kept for the next.
            return;
        }
        let waiting = capture.asked;
        let lines = capture.lines;
        // Bounded by the requests a connection may wait for.
        self.conn_mut(slot).extra().labels.push(Labelled { number, label, waiting, lines });
    }

    /// Runs something that belongs to the answer of a labelled command asked before. `is_answer`:
    /// one of its requests is done with this.
    pub(super) fn run_under_label(
        &mut self,
        slot: u32,
        number: Option<u32>,
        is_answer: bool,
        run: impl FnOnce(&mut Turn<'_>),
    ) {
        let labels = self.conn_mut(slot).extra.as_mut().map(|it| &mut it.labels);
        let found = number.and_then(|number| {
            labels.and_then(|them| them.iter_mut().find(|it| it.number == number))
        });
        let Some(labelled) = found else {
            run(&mut Turn { shard: self, slot });
            return;
        };
        let lines = std::mem::take(&mut labelled.lines);
        self.capture = Capture { is_on: true, lines, label: number, number: 0, asked: 0 };
        run(&mut Turn { shard: self, slot });
        let capture = std::mem::take(&mut self.capture);
        let labels = &mut self.conn_mut(slot).extra().labels;
        let Some(place) = labels.iter().position(|it| Some(it.number) == number) else {
            return;
        };
        labels[place].lines = capture.lines;
        labels[place].waiting += capture.asked;
        labels[place].waiting -= usize::from(is_answer);
        if labels[place].waiting == 0 {
            let done = labels.swap_remove(place);
            self.finish_label(slot, &done.label, &done.lines);
        }
    }

    fn finish_label(&mut self, slot: u32, label: &str, lines: &[u8]) {
        if self.conn(slot).is_closing {
            return;
        }
        let server = self.context.info.name.clone();
        let count = lines.split_inclusive(|it| *it == b'\n').count();
        if count == 0 {
            let out = self.outs.buffer(slot);
            LineWriter::new(out).tag("label", label).source(&server).verb("ACK").finish();
            return;
        }
        if count == 1 || is_one_batch(lines) || !self.outs.caps(slot).has(Cap::Batch) {
            let out = self.outs.buffer(slot);
            for (place, line) in lines.split_inclusive(|it| *it == b'\n').enumerate() {
                match place {
                    0 => push_with_tag(out, "label", label, line),
                    _ => out.extend_from_slice(line),
                }
            }
            return;
        }
        let reference = self.batch_reference();
        let out = self.outs.buffer(slot);
        LineWriter::new(out)
            .tag("label", label)
            .source(&server)
            .verb("BATCH")
            .param(&format!("+{reference}"))
            .param("labeled-response")
            .finish();
        let mut is_inside = false; // Lines of an inner batch name that one.
        for line in lines.split_inclusive(|it| *it == b'\n') {
            let is_member = is_inside && has_batch_tag(line);
            match is_member {
                true => out.extend_from_slice(line),
                false => push_with_tag(out, "batch", &reference, line),
            }
            is_inside |= has_batch_verb(line);
        }
        LineWriter::new(out).source(&server).verb("BATCH").param(&format!("-{reference}")).finish();
    }
}

/// What a client that has `starling/resume` numbers a command by.
pub(crate) fn number_of(text: &str) -> Option<u64> {
    text.parse().ok().filter(|it| (1..NUMBER_MAX).contains(it))
}

/// Appends a line with one tag more.
fn push_with_tag(out: &mut Vec<u8>, key: &str, value: &str, line: &[u8]) {
    out.push(b'@');
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    irc_proto::tags::escape(value, out);
    match line.strip_prefix(b"@") {
        Some(rest) => {
            out.push(b';');
            out.extend_from_slice(rest);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
}

fn is_one_batch(lines: &[u8]) -> bool {
    let mut lines = lines.split_inclusive(|it| *it == b'\n');
    let (first, last) = (lines.next().unwrap_or_default(), lines.next_back().unwrap_or_default());
    let mut middle = lines;
    has_batch_verb(first) && has_batch_verb(last) && middle.all(|it| !has_batch_verb(it))
}

fn has_batch_verb(line: &[u8]) -> bool {
    let mut words = line.split(|it| *it == b' ');
    words.find(|it| !it.starts_with(b"@") && !it.starts_with(b":")).is_some_and(|it| it == b"BATCH")
}

fn has_batch_tag(line: &[u8]) -> bool {
    let tags = line.split(|it| *it == b' ').next().unwrap_or_default();
    tags.strip_prefix(b"@")
        .is_some_and(|it| it.split(|it| *it == b';').any(|it| it.starts_with(b"batch=")))
}
